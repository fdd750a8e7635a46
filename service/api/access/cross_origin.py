"""Cross-origin requests (CORS): which pages of other origins may read the answers.

Two layers, because each must stand where it belongs. The outer one puts its headers on every
answer, so that a page can read refusals as well; the inner one answers preflight requests,
which then carry an id and the headers of safety like any other answer. No cookies are read
here, so credentials are never allowed: a page sends its key in a header.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ANY: Final = "*"

_METHODS: Final = "GET, HEAD, POST"
_REQUEST_HEADERS: Final = (
    "Accept, Authorization, Content-Type, If-None-Match, "
    "Traceparent, Tracestate, X-API-Key, X-Request-ID"
)
_ANSWER_HEADERS: Final = (
    "Content-Disposition, Convolution-Plan, ETag, Link, Retry-After, Server-Timing, "
    "WWW-Authenticate, X-Request-ID"
)
# As long as any browser remembers a preflight's answer.
_PREFLIGHT_SECONDS: Final = 7200


def parse_origins(text: str) -> frozenset[str]:
    """The origins in a text with commas between them, or ``*`` for every one."""
    return frozenset(filter(None, (each.strip() for each in text.split(","))))


class CrossOriginMiddleware:
    """Outside the limits: says on every answer whether the asking page may read it."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        origin = Headers(scope=scope).get("origin")

        async def send_allowed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._allow(MutableHeaders(scope=message), origin)
            await send(message)

        await self._app(scope, receive, send_allowed)

    def _allow(self, headers: MutableHeaders, origin: str | None) -> None:
        if ANY in self._origins:
            headers["Access-Control-Allow-Origin"] = ANY
        else:
            headers.add_vary_header("Origin")
            if origin not in self._origins:
                return
            headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = _ANSWER_HEADERS


class PreflightMiddleware:
    """Inside the limits, outside the keys: answers a browser's question before its request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "http" and _is_preflight(scope):
            await _preflight_answer()(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_preflight(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    asks = "origin" in headers and "access-control-request-method" in headers
    return scope["method"] == "OPTIONS" and asks


def _preflight_answer() -> Response:
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _REQUEST_HEADERS,
            "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
        },
    )
