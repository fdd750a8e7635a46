"""HTTP/1.1 connections as uvicorn serves them, with bounds on what a client may do to them.

The parser collects a head for as long as one arrives, and the server waits for a body for as
long as the client holds on. Here the bytes are counted and the client's turns are timed. What
is refused is answered by the application, as every request is, and its connection closed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, ClassVar, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.api.edge.client_connections import ClientConnections
from service.api.edge.connection_limits import ConnectionLimits, Turn
from service.api.edge.delivery import DeliveryWatch
from service.api.edge.exchange import Exchange
from service.api.edge.message_head import head_fault
from service.api.edge.message_meter import MessageMeter
from service.api.edge.parsers import UnreadableParser, body_parser, framing_of
from service.errors import (
    MalformedRequest,
    QueueFull,
    RequestTimeout,
    ServiceError,
    ShuttingDown,
    TooManyRequests,
)

# Requests that may wait on one connection for the answers before theirs.
_MAX_PIPELINED: Final = 64


def guarded_protocol(limits: ConnectionLimits) -> type[asyncio.Protocol]:
    """The protocol with these limits, for ``uvicorn.run(http=...)``."""

    class Protocol(GuardedProtocol):
        _limits = limits
        _clients = ClientConnections(limits.max_connections_per_client, limits.trusted_networks)

    return Protocol


class GuardedProtocol(HttpToolsProtocol):
    """One connection, with a deadline for each of its client's turns."""

    _limits: ClassVar[ConnectionLimits]
    _clients: ClassVar[ClientConnections]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limits = self._limits
        self._meter = MessageMeter(
            limits.max_request_line_bytes, limits.max_header_bytes, limits.max_header_count
        )
        self._exchange: Exchange | None = None
        self._unanswered: deque[Exchange] = deque()
        self._in_head = False
        self._ending = False
        self._turn = Turn.WAIT
        self._deadline: asyncio.TimerHandle | None = None
        self._delivery: DeliveryWatch

    # Events of the connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, unless there are too many connections."""
        super().connection_made(transport)
        self._delivery = DeliveryWatch(self.loop, transport, self._limits.write_timeout_seconds)
        try:
            self._enter()
        except ServiceError as error:
            self._ending = True
            self._refuse(error)
        self._take_turns()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the requests in work that nobody waits for them, and forget the deadlines."""
        super().connection_lost(exc)
        if self.client is not None:
            self._clients.leave(self.client[0])
        for exchange in self._unanswered:
            exchange.abandon()
        self._delivery.stop()
        if self._deadline is not None:
            self._deadline.cancel()

    def data_received(self, data: bytes) -> None:
        """Parse what came; refuse what can't be."""
        self._in_head |= self._turn is Turn.BEGIN
        try:
            self._parse(data)
        except ServiceError as error:
            self._refuse(error)
        except httptools.HttpParserError as error:
            # Where one of the callbacks below raised, it is the context.
            cause = error.__context__
            if not isinstance(cause, ServiceError):
                cause = MalformedRequest("this is not well-formed HTTP/1.1")
            self._refuse(cause)
        self._take_turns()

    def resume_writing(self) -> None:
        """Go on: the client took what there was."""
        super().resume_writing()
        self._delivery.note()

    def shutdown(self) -> None:
        """Finish what is being answered, refuse what is still being read."""
        self._ending = True
        self._end_turn(_shutting_down())
        super().shutdown()

    # Events of the parser

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True
        self._meter.begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target came."""
        super().on_url(url)
        line = b"%b %b HTTP/1.1\r\n" % (self.parser.get_method(), self.url)
        self._meter.request_line(len(line))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header came, or a trailer, which is no header and left away."""
        if self._in_head:
            super().on_header(name, value)
            self._meter.header(name, value)

    def on_headers_complete(self) -> None:
        """Hand the request to the application, unless its head is at fault."""
        self._in_head = False
        version = self.parser.get_http_version()
        fault = head_fault(self.parser.get_method().decode(), self.url, version, self.headers)
        if fault is not None:
            raise fault
        if len(self.pipeline) >= _MAX_PIPELINED:
            raise TooManyRequests(
                f"at most {_MAX_PIPELINED} requests may wait on one connection for their answers"
            )
        self.expect_100_continue &= version != "1.0"
        self._begin_exchange()

    def on_body(self, body: bytes) -> None:
        """A piece of the body came."""
        super().on_body(body)
        self._meter.yielded()

    # Events of the application

    def on_response_complete(self) -> None:
        """Let the client take its next turn."""
        self._unanswered.popleft()
        super().on_response_complete()
        self._unset_keepalive_if_required()
        self._delivery.note()
        self._take_turns()

    # What is made of them

    def _enter(self) -> None:
        """Be counted; ``TooManyRequests`` or ``QueueFull`` where there are too many already."""
        within = self.client is None or self._clients.enter(self.client[0])
        if len(self.connections) > self._limits.max_connections:
            raise QueueFull("as many connections as allowed are open")
        if not within:
            raise TooManyRequests(
                f"at most {self._limits.max_connections_per_client} connections may be open from "
                "one address"
            )

    def _parse(self, data: bytes) -> None:
        rest = data
        while rest:
            try:
                self.parser.feed_data(rest)
                break
            except httptools.HttpParserUpgrade as upgrade:
                rest = rest[upgrade.args[0] :]
                self._stay()
        self._meter.fed(len(data))

    def _stay(self) -> None:
        """Go on with HTTP/1.1, whatever the request asked to be upgraded to."""
        framing = framing_of(self.headers)
        if framing:
            self.cycle.more_body = True
            self.cycle.keep_alive = False
            self.parser = body_parser(framing, self)
        else:
            self.parser = httptools.HttpRequestParser(self)

    def _begin_exchange(self, refusal: ServiceError | None = None) -> None:
        exchange = Exchange(self.config.loaded_app, refusal)
        self.app = exchange
        super().on_headers_complete()
        exchange.begin(self.cycle)
        self._exchange = exchange
        self._unanswered.append(exchange)

    def _refuse(self, error: ServiceError) -> None:
        """Answer the request that is being read with ``error``, and read no more."""
        if isinstance(self.parser, UnreadableParser):
            return
        self._read_no_more()
        if self._unanswered and self.cycle.more_body:
            self._unanswered[-1].refuse(error)
        else:
            self.on_message_begin()
            self.url = b"/"
            self._begin_exchange(error)

    def _read_no_more(self) -> None:
        self.parser = UnreadableParser()  # type: ignore[assignment]

    def _whose_turn(self) -> Turn:
        if self._exchange is not None and self._exchange.lingers:
            return Turn.LEAVE
        if isinstance(self.parser, UnreadableParser):
            return Turn.WAIT
        if self._unanswered:
            # While others wait before it, the last request's body is not waited for.
            first = not self.pipeline
            return Turn.SEND_BODY if first and self.cycle.more_body else Turn.WAIT
        return Turn.SEND_HEAD if self._in_head else Turn.BEGIN

    def _take_turns(self) -> None:
        """See whose turn it is now, and start the clock."""
        turn = Turn.WAIT if self.transport.is_closing() else self._whose_turn()
        if turn is self._turn:
            return
        self._turn = turn
        if self._deadline is not None:
            self._deadline.cancel()
        seconds = self._limits.seconds(turn)
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, self._run_out_of_time, seconds)
        if turn is Turn.LEAVE:
            self._stop_answering()
        if self._ending:
            self._end_turn(_shutting_down())

    def _run_out_of_time(self, seconds: float) -> None:
        self._end_turn(RequestTimeout(f"the request did not arrive within {seconds:g} seconds"))

    def _end_turn(self, error: ServiceError) -> None:
        match self._turn:
            case Turn.SEND_HEAD | Turn.SEND_BODY:
                self._refuse(error)
                self._take_turns()
            case Turn.BEGIN | Turn.LEAVE:
                self.transport.close()

    def _stop_answering(self) -> None:
        """Say that nothing follows, and let what still comes fall (RFC 9112, section 9.6).

        Closed at once, a connection with bytes that nobody read is reset, and its client may
        never see the answer.
        """
        self._read_no_more()
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()


def _shutting_down() -> ShuttingDown:
    return ShuttingDown("the service shut down before the request had arrived")
