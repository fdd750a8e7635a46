"""The outermost layer, plain ASGI: request ids, bytes of bodies, headers that every answer has."""

from __future__ import annotations

import re
import uuid
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.edge.body_budget import SMALL_BODY_BYTES, BodyBudget, BudgetShare
from service.api.problems import problem_response
from service.errors import BodyTooLarge, InternalError, ServiceError

# The key of a request's state under which the server's side leaves why it is refused.
REFUSAL: Final = "refusal"

# What may come back in a header and stand in a log line as it is.
_SOUND_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}\Z")

_CONTENT_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"

# More than the largest int64 has.
_LENGTH_DIGITS: Final = 20


class LimitsMiddleware:
    """Gives each request its id, counts its body as it arrives, completes every answer."""

    def __init__(
        self, app: ASGIApp, max_body_bytes: int, max_buffered_bytes: int = 512 << 20
    ) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._budget = BodyBudget(max_buffered_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        identity = _request_id(headers.get("x-request-id"))
        state = scope.setdefault("state", {})
        state["request_id"] = identity
        with self._budget.share() as share:
            answer = _Answer(send, identity, share)
            try:
                self._refuse_early(state.get(REFUSAL), headers, share)
                await self._app(_as_get(scope), self._counting(receive, share), answer.send)
            except ServiceError as error:
                if answer.started:
                    raise
                await problem_response(error, identity)(scope, receive, answer.send)
            except Exception:
                if not answer.started:
                    await problem_response(_fault(), identity)(scope, receive, answer.send)
                raise  # for the server's log

    def _refuse_early(
        self, refusal: ServiceError | None, headers: Headers, share: BudgetShare
    ) -> None:
        """Raise what is wrong with a request before its body is read."""
        if refusal is not None:
            raise refusal
        declared = _declared_length(headers)
        if declared > self._max_body_bytes:
            raise self._too_large()
        share.check(declared)

    def _counting(self, receive: Receive, share: BudgetShare) -> Receive:
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                size = len(message.get("body", b""))
                received += size
                if received > self._max_body_bytes:
                    raise self._too_large()
                share.take(size)
            return message

        return receive_counted

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"a body may have at most {self._max_body_bytes} bytes")


class _Answer:
    """Passes an answer on, with the headers that every one has."""

    def __init__(self, send: Send, identity: str, share: BudgetShare) -> None:
        self._send = send
        self._identity = identity
        self._share = share
        self.started = False

    async def send(self, message: Message) -> None:
        """Send one message; returns when most of what went before is on its way."""
        if message["type"] == "http.response.start":
            self.started = True
            _complete(MutableHeaders(scope=message), self._identity, message["status"])
        elif body := message.get("body", b""):
            self._share.hold(len(body))
            if len(body) > SMALL_BODY_BYTES and not message.get("more_body", False):
                # A server lets go of a body before it is sent, but waits before another
                # message: so the bytes of a large one count for as long as they are there.
                await self._send({**message, "more_body": True})
                message = {"type": "http.response.body", "body": b""}
        await self._send(message)


def _fault() -> InternalError:
    return InternalError("something went wrong here; it has been logged with this request's id")


def _request_id(offered: str | None) -> str:
    if offered is not None and _SOUND_REQUEST_ID.match(offered):
        return offered
    return str(uuid.uuid4())


def _declared_length(headers: Headers) -> int:
    """The length of the body as declared; 0 where it is not, or in no sound way."""
    length = headers.get("content-length", "").lstrip("0")
    if not (length.isascii() and length.isdigit()):
        return 0
    # Python reads no number of thousands of digits; these are enough to be over any limit.
    return int(length[:_LENGTH_DIGITS])


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
