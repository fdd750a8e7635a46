"""The outermost layer, plain ASGI: request ids, the byte limit, headers that every answer has."""

from __future__ import annotations

import re
import uuid
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import problem_response
from service.errors import BodyTooLarge, InternalError

# What may come back in a header and stand in a log line as it is.
_SOUND_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}\Z")

_CONTENT_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"

_FAULT: Final = InternalError(
    "something went wrong here; it has been logged with this request's id"
)


class LimitsMiddleware:
    """Gives each request its id, counts its body as it arrives, completes every answer."""

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        identity = _request_id(headers.get("x-request-id"))
        scope.setdefault("state", {})["request_id"] = identity

        started = False

        async def send_completed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _complete(MutableHeaders(scope=message), identity, message["status"])
            await send(message)

        if _declares_more_than(self._max_body_bytes, headers):
            await problem_response(self._too_large(), identity)(scope, receive, send_completed)
            return
        try:
            await self._app(_as_get(scope), self._counting(receive), send_completed)
        except Exception:
            if not started:
                await problem_response(_FAULT, identity)(scope, receive, send_completed)
            raise  # for the server's log

    def _counting(self, receive: Receive) -> Receive:
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self._max_body_bytes:
                    raise self._too_large()
            return message

        return receive_counted

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"a body may have at most {self._max_body_bytes} bytes")


def _request_id(offered: str | None) -> str:
    if offered is not None and _SOUND_REQUEST_ID.match(offered):
        return offered
    return str(uuid.uuid4())


def _declares_more_than(limit: int, headers: Headers) -> bool:
    length = headers.get("content-length", "").lstrip("0")
    if not (length.isascii() and length.isdigit()):
        return False
    # Compared by the count of digits first: Python reads no number of thousands of them.
    return len(length) > len(str(limit)) or int(length) > limit


def _as_get(scope: Scope) -> Scope:
    """A HEAD request is answered as a GET; the server leaves the body away (RFC 9110, 9.3.2)."""
    return {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope


def _complete(headers: MutableHeaders, identity: str, status: int) -> None:
    headers["X-Request-ID"] = identity
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Content-Security-Policy", _CONTENT_POLICY)
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if status == 413:
        # What is left of the body is not waited for.
        headers["Connection"] = "close"
