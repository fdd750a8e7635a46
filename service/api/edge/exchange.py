"""One request and its answer, as the application that the server calls for them."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from service.api.edge.joined_writes import JoinedWrites
from service.api.edge.limits import REFUSAL
from service.errors import ServiceError


class Exchange:
    """Passes one request to the application; can be refused as long as it is being read.

    A connection whose request was not read to its end can carry no other: it is told to be
    closed, and closed by whoever made the exchange, which ``lingers`` when answered.
    """

    # What the server makes for each request; it follows once the head is read.
    _cycle: RequestResponseCycle
    _writes: JoinedWrites

    def __init__(self, app: ASGIApp, refusal: ServiceError | None = None) -> None:
        self._app = app
        self._refusal = refusal
        self.lingers = False

    def begin(self, cycle: RequestResponseCycle) -> None:
        """Take over what the server made for this request."""
        self._cycle = cycle
        self._writes = JoinedWrites(cycle.transport)
        cycle.transport = self._writes  # type: ignore[assignment]

    def refuse(self, refusal: ServiceError) -> None:
        """End the reading of the body with this error."""
        self._refusal = refusal
        self._cycle.message_event.set()

    def abandon(self) -> None:
        """Tell the application that the client has gone."""
        self._cycle.disconnected = True
        self._cycle.message_event.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request as ASGI."""
        if self._refusal is not None:
            scope["state"][REFUSAL] = self._refusal

        async def receive_unless_refused() -> Message:
            message = await receive()
            if self._refusal is not None and message["type"] == "http.request":
                raise self._refusal
            return message

        async def send_and_linger(message: Message) -> None:
            if self._cycle.more_body:
                # The server closes after the last message where it may not keep the
                # connection, too abruptly for a client that is still sending.
                self.lingers = _is_last(message)
                self._cycle.keep_alive = self.lingers
            if message["type"] == "http.response.start":
                self._writes.hold()
                await send(message)
            else:
                await send(message)
                # There may have been no body to write.
                self._writes.release()

        await self._app(scope, receive_unless_refused, send_and_linger)


def _is_last(message: Message) -> bool:
    return message["type"] == "http.response.body" and not message.get("more_body", False)
