"""The layer that asks for a key, and counts the requests that each key has running."""

from __future__ import annotations

import hmac
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.access.keys import ApiKey, digest_of
from service.api.problems import problem_response
from service.errors import ServiceError, TooManyRequests, Unauthorized

_BEARER: Final = re.compile(r"bearer +(\S+)\Z", re.IGNORECASE)

# What explains the service and tells probes how it is. Everything else needs a key, be there
# such a path or not: /metrics, too, unless it has a port of its own.
_OPEN_PATHS: Final = frozenset({"/", "/docs", "/openapi.json", "/healthz", "/readyz", "/version"})
_OPEN_FOLDERS: Final = ("/docs/", "/playground/", "/problems/")


class AccessMiddleware:
    """Lets those in who show a known key, and so many of their requests at a time.

    With no keys everybody is let in. ``key_concurrency`` of 0 sets no limit. The id of the key
    is noted in the request's state as ``key_id``. Belongs inside the limits middleware, which
    completes its answers.
    """

    def __init__(self, app: ASGIApp, keys: Sequence[ApiKey], key_concurrency: int) -> None:
        self._app = app
        self._keys = keys
        self._key_concurrency = key_concurrency
        self._running: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http" or not self._keys or is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        try:
            key_id = state["key_id"] = self._identify(Headers(scope=scope))
            self._enter(key_id)
        except ServiceError as error:
            await _refusal(error, state.get("request_id", "none"))(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._leave(key_id)

    def _identify(self, headers: Headers) -> str:
        """The id of the key that the request shows; Unauthorized where it shows none."""
        shown = _shown_key(headers)
        if shown is None:
            raise Unauthorized(
                "a key is needed here, as Authorization: Bearer KEY or as X-API-Key: KEY"
            )
        digest = digest_of(shown)
        # All are compared, each in constant time: the time tells nothing of any.
        found = [key.id for key in self._keys if hmac.compare_digest(key.sha256, digest)]
        if not found:
            raise Unauthorized("the key that was sent is none of those known here")
        return found[0]

    def _enter(self, key_id: str) -> None:
        if 0 < self._key_concurrency <= self._running[key_id]:
            raise TooManyRequests(
                f"a key may have {self._key_concurrency} requests running at once"
            )
        self._running[key_id] += 1

    def _leave(self, key_id: str) -> None:
        self._running[key_id] -= 1


def is_open(path: str) -> bool:
    """Whether a path is answered without a key, whatever keys there are."""
    return path in _OPEN_PATHS or path.startswith(_OPEN_FOLDERS)


def _shown_key(headers: Headers) -> str | None:
    # Another scheme, such as a proxy's Basic, leaves the other header to speak.
    bearer = _BEARER.match(headers.get("authorization", ""))
    return bearer[1] if bearer else headers.get("x-api-key")


def _refusal(error: ServiceError, request_id: str) -> Response:
    response = problem_response(error, request_id)
    # The body, which may be large, is not waited for.
    response.headers["Connection"] = "close"
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = 'Bearer realm="convolution"'
    return response
