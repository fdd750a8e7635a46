"""Who may ask: API keys, and how many requests each may have running.

A key is a long random text, of which only the SHA-256 is known here; a slow hash would protect
short passwords, and cost each request tens of milliseconds. ``python -m service.api.access ID``
makes a key and prints it with the entry for ``CONVOLUTION_API_KEYS``; of one that there is
already, ``printf %s KEY | sha256sum`` tells the hash.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.problems import problem_response
from service.errors import ServiceError, TooManyRequests, Unauthorized

_ENTRY: Final = re.compile(r"(?P<id>[A-Za-z0-9._-]{1,64}):(?P<sha256>[0-9a-f]{64})")
_BEARER: Final = re.compile(r"bearer +(\S+)\Z", re.IGNORECASE)

# What explains the service and tells probes how it is. Everything else needs a key, be there
# such a path or not: /metrics, too, unless it has a port of its own.
_OPEN_PATHS: Final = frozenset({"/", "/docs", "/openapi.json", "/healthz", "/readyz", "/version"})
_OPEN_FOLDERS: Final = ("/docs/", "/problems/")


@dataclass(frozen=True)
class ApiKey:
    """A key by its name, which may stand in a log, and its hash."""

    id: str
    sha256: bytes


def parse_keys(text: str) -> tuple[ApiKey, ...]:
    """The keys of ``id:sha256`` entries, the hash in hexadecimal, with commas between them.

    An id may have several entries, so that a new key can be handed out before the old one is
    withdrawn. Raises ValueError where an entry is none.
    """
    keys = []
    for entry in filter(None, (each.strip() for each in text.split(","))):
        found = _ENTRY.fullmatch(entry)
        if found is None:
            raise ValueError("a key is given as its id, a colon, and its SHA-256 in 64 hex digits")
        keys.append(ApiKey(found["id"], bytes.fromhex(found["sha256"])))
    return tuple(keys)


def key_hash(key: str) -> str:
    """The SHA-256 of a key in hexadecimal, as an entry has it."""
    return hashlib.sha256(key.encode("latin-1")).hexdigest()


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
        digest = hashlib.sha256(shown.encode("latin-1")).digest()
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


def main(arguments: Sequence[str]) -> int:
    """Make a key and print it with its entry; 2 where no sound id is given."""
    key = secrets.token_urlsafe(32)
    if len(arguments) != 1 or not _ENTRY.fullmatch(f"{arguments[0]}:{key_hash(key)}"):
        sys.stderr.write(
            "usage: python -m service.api.access ID\n"
            "The id names the key in the log: up to 64 letters, digits, dots, - and _.\n"
        )
        return 2
    sys.stdout.write(
        f"key, for the caller:           {key}\n"
        f"entry of CONVOLUTION_API_KEYS: {arguments[0]}:{key_hash(key)}\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
