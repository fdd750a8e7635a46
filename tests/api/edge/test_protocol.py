"""Connections to a real server of a small application, in this process."""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass
from random import Random

import orjson
import pytest
import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import PlainTextResponse, Response

from service.api import problems
from service.api.edge.client_connections import parse_networks
from service.api.edge.connection_limits import ConnectionLimits
from service.api.edge.limits import LimitsMiddleware
from service.api.edge.protocol import guarded_protocol

PATIENCE = 20
MAX_BODY = 100_000
HOST = b"Host: here\r\n"
GET = b"GET /path HTTP/1.1\r\n" + HOST
POST = b"POST /length HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
SHORT = {"header_timeout_seconds": 1, "body_timeout_seconds": 1, "idle_timeout_seconds": 1}


class Application:
    """What is served, with a gate before ``/gated`` and a note of who went away there."""

    def __init__(self):
        self.gate = asyncio.Event()
        self.entered = asyncio.Event()
        self.left = asyncio.Event()
        self.limits = None

    def asgi(self):
        app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

        @app.get("/path")
        @app.options("/path")
        async def path(request: Request) -> Response:
            return PlainTextResponse(request.headers.get("x-mark", "none"))

        @app.post("/length")
        async def length(request: Request) -> int:
            return len(await request.body())

        @app.post("/headers")
        async def headers(request: Request) -> list[str]:
            await request.body()
            return request.headers.keys()

        @app.post("/unread")
        async def unread() -> str:
            return "as you like"

        @app.get("/large")
        async def large(size: int) -> Response:
            return Response(b"x" * size)

        @app.api_route("/gated", methods=["GET", "POST"])
        async def gated(request: Request) -> str:
            await request.body()
            self.entered.set()
            gone = asyncio.ensure_future(request.receive())
            opened = asyncio.ensure_future(self.gate.wait())
            await asyncio.wait({gone, opened}, return_when=asyncio.FIRST_COMPLETED)
            if not opened.done():
                opened.cancel()
                self.left.set()
            gone.cancel()
            return "open"

        problems.install(app)
        app.add_middleware(LimitsMiddleware, max_body_bytes=MAX_BODY)
        return app


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self):
        return orjson.loads(self.body)["type"].removeprefix("/problems/")


class Client:
    """One connection."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, *, with_body: bool = True) -> Answer:
        head = (await self.soon(self.reader.readuntil(b"\r\n\r\n"))).decode().split("\r\n")
        pairs = [line.partition(": ") for line in head[1:] if line]
        headers = {name.lower(): value for name, _, value in pairs}
        assert len(headers) == len(pairs), "a header came twice"
        size = int(headers.get("content-length", 0)) if with_body else 0
        body = await self.soon(self.reader.readexactly(size))
        return Answer(int(head[0].split()[1]), headers, body)

    async def rest(self) -> bytes:
        """Everything until the connection ends, by an end or a reset."""
        with contextlib.suppress(ConnectionResetError):
            return await self.soon(self.reader.read())
        return b""

    async def trickle(self, data: bytes, pause: float = 0.05) -> None:
        """Send byte by byte, for as long as the other side takes any."""
        with contextlib.suppress(ConnectionError):
            for byte in data:
                await self.send(bytes([byte]))
                await asyncio.sleep(pause)

    @staticmethod
    async def soon(awaitable):
        return await asyncio.wait_for(awaitable, PATIENCE)


class Serving:
    """A running server and the clients that it has been given."""

    def __init__(self, server, application):
        self.server, self.application = server, application
        self.writers = []
        self.ending = None

    def end(self) -> asyncio.Task[None]:
        """Begin to shut the server down; what is returned is done when it is."""
        if self.ending is None:
            self.ending = asyncio.create_task(self.server.shutdown())
        return self.ending

    async def connect(self, source: str = "127.0.0.1") -> Client:
        port = self.server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
        self.writers.append(writer)
        return Client(reader, writer)

    async def until_connected(self, count: int) -> None:
        """Wait until the server has so many connections."""
        async with asyncio.timeout(PATIENCE):
            while len(self.server.server_state.connections) != count:  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # the server has no event for it

    async def ask(self, data: bytes) -> Answer:
        client = await self.connect()
        await client.send(data)
        return await client.answer()

    async def assert_serves(self) -> None:
        answer = await self.ask(GET + b"X-Mark: yes\r\n\r\n")
        assert (answer.status, answer.body) == (200, b"yes")


@contextlib.asynccontextmanager
async def serving(**limits):
    application = Application()
    config = uvicorn.Config(
        application.asgi(),
        port=0,
        http=guarded_protocol(ConnectionLimits(**limits)),
        ws="none",
        lifespan="off",
        # The server's own, in whose place the protocol's deadlines stand.
        timeout_keep_alive=0,
        log_config=None,
        access_log=False,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    served = Serving(server, application)
    try:
        yield served
    finally:
        application.gate.set()
        for writer in served.writers:
            writer.transport.abort()
        await asyncio.wait_for(served.end(), PATIENCE)


def assert_refused(answer, status, problem):
    assert (answer.status, answer.problem) == (status, problem), answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-request-id"] == orjson.loads(answer.body)["request_id"]
    assert answer.headers["x-content-type-options"] == "nosniff"


MALFORMED = {
    "no Host": b"GET /path HTTP/1.1\r\n\r\n",
    "two Hosts": GET + HOST + b"\r\n",
    "an empty Host": b"GET /path HTTP/1.1\r\nHost:\r\n\r\n",
    "a Host that is none": b"GET /path HTTP/1.1\r\nHost: a b\r\n\r\n",
    "two Hosts in HTTP/1.0": b"GET /path HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
    "both framings, length first": POST
    + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both framings, coding first": POST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "the same length twice": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a list of lengths": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "a signed length": POST + b"Content-Length: +3\r\n\r\nabc",
    "a negative length": POST + b"Content-Length: -3\r\n\r\nabc",
    "an empty length": POST + b"Content-Length:\r\n\r\nabc",
    "a hexadecimal length": POST + b"Content-Length: 0x3\r\n\r\nabc",
    "a length past 64 bits": POST + b"Content-Length: 99999999999999999999\r\n\r\nabc",
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a coding before chunked": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a coding after chunked": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked twice": POST
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "identity and chunked": POST
    + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a coding with a vertical tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a coding with a space before the colon": POST
    + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a coding in HTTP/1.0": b"POST /length HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a folded line": GET + b"X-Mark: a\r\n b\r\n\r\n",
    "a space before the first header": b"GET /path HTTP/1.1\r\n " + HOST + b"\r\n",
    "a space before the colon": GET + b"X-Mark : a\r\n\r\n",
    "a header without a colon": GET + b"X-Mark\r\n\r\n",
    "a header without a name": GET + b": a\r\n\r\n",
    "NUL in a value": GET + b"X-Mark: a\0b\r\n\r\n",
    "NUL in a name": GET + b"X\0Mark: a\r\n\r\n",
    "NUL in the target": b"GET /pa\0th HTTP/1.1\r\n" + HOST + b"\r\n",
    "a bare CR in a value": GET + b"X-Mark: a\rb\r\n\r\n",
    "bare LF": b"GET /path HTTP/1.1\nHost: here\n\n",
    "a control character": GET + b"X-Mark: a\x1bb\r\n\r\n",
    "a fragment": b"GET /path#part HTTP/1.1\r\n" + HOST + b"\r\n",
    "no slash": b"GET path HTTP/1.1\r\n" + HOST + b"\r\n",
    "an absolute target without a path": b"GET http://here HTTP/1.1\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /path\r\n\r\n",
    "HTTP/0.9 by name": b"GET /path HTTP/0.9\r\n" + HOST + b"\r\n",
    "HTTP/2.0 by name": b"GET /path HTTP/2.0\r\n" + HOST + b"\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a hello of TLS": bytes.fromhex("16030102000100 01fc0303") + bytes(500),
    "an unknown method": b"STEAL /path HTTP/1.1\r\n" + HOST + b"\r\n",
    "no HTTP at all": b"\xff\xfe\0\0nonsense\r\n\r\n",
    "a chunk size past 64 bits": CHUNKED + b"FFFFFFFFFFFFFFFFF\r\nx",
    "a negative chunk size": CHUNKED + b"-1\r\nx",
    "a chunk that is longer than it says": CHUNKED + b"1\r\nxy\r\n0\r\n\r\n",
    "a chunk size that is none": CHUNKED + b"zz\r\nxy\r\n0\r\n\r\n",
    "a chunk size ended by LF": CHUNKED + b"1\nx\r\n0\r\n\r\n",
    "an extension with LF": CHUNKED + b"1;a\nb\r\nx\r\n0\r\n\r\n",
}

# What follows would be served, if the connection were still listened to.
SMUGGLED = GET + b"X-Mark: smuggled\r\n\r\n"


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
async def test_what_is_malformed_is_answered_400_and_nothing_after_it_is_served(data):
    async with serving() as server:
        client = await server.connect()
        await client.send(data + SMUGGLED)
        assert_refused(await client.answer(), 400, "malformed-request")
        assert await client.rest() == b""
        await server.assert_serves()


@pytest.mark.parametrize("name", ["no Host", "two lengths", "a coding before chunked", "bare LF"])
async def test_what_is_malformed_is_refused_however_it_is_cut(name):
    data = MALFORMED[name]
    async with serving() as server:
        for place in range(1, len(data), 7):
            client = await server.connect()
            await client.send(data[:place])
            await asyncio.sleep(0)
            await client.send(data[place:])
            assert_refused(await client.answer(), 400, "malformed-request")


SOUND = {
    "absolute-form": b"GET http://there/path HTTP/1.1\r\n" + HOST,
    "no Host in HTTP/1.0": b"GET /path HTTP/1.0\r\n",
    "a port": b"GET /path HTTP/1.1\r\nHost: here:8000\r\n",
    "an IPv6 address": b"GET /path HTTP/1.1\r\nHost: [::1]:8000\r\n",
    "a line break before": b"\r\n" + GET,
    "a tab and obs-text": GET + b"X-Other: a\t\xe9\r\n",
    "an upgrade to a websocket": GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "an upgrade to HTTP/2": GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n",
}


@pytest.mark.parametrize("data", SOUND.values(), ids=SOUND.keys())
async def test_what_is_sound_is_served(data):
    async with serving() as server:
        answer = await server.ask(data + b"X-Mark: yes\r\n\r\n")
        assert (answer.status, answer.body) == (200, b"yes")


async def test_requests_after_an_upgrade_that_was_not_made_are_served():
    async with serving() as server:
        client = await server.connect()
        upgrade = GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
        await client.send(upgrade + b"X-Mark: first\r\n\r\n" + GET + b"X-Mark: next\r\n\r\n")
        assert (await client.answer()).body == b"first"
        assert (await client.answer()).body == b"next"
        await client.send(GET + b"X-Mark: later\r\n\r\n")
        assert (await client.answer()).body == b"later"


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 3\r\n\r\nabc",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
    ],
)
async def test_a_body_is_read_although_an_upgrade_was_asked_for_and_nothing_after_it(body):
    upgrade = POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + body
    async with serving() as server:
        for place in range(len(POST), len(upgrade) + 1, 5):
            client = await server.connect()
            await client.send(upgrade[:place])
            await asyncio.sleep(0.001)
            await client.send(upgrade[place:] + SMUGGLED + CHUNKED + b"3\r\nxyz\r\n0\r\n\r\n")
            answer = await client.answer()
            assert (answer.body, answer.headers["connection"]) == (b"3", "close")
            assert await client.rest() == b""


async def test_a_body_after_an_upgrade_that_breaks_off_in_nonsense_is_refused():
    async with serving() as server:
        upgrade = CHUNKED[:-2] + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
        assert_refused(await server.ask(upgrade + b"zz\r\n"), 400, "malformed-request")


async def test_connect_is_not_taken():
    async with serving() as server:
        answer = await server.ask(b"CONNECT there:443 HTTP/1.1\r\nHost: there:443\r\n\r\n")
        assert_refused(answer, 405, "method-not-allowed")


@pytest.mark.parametrize(("excess", "status"), [(0, 200), (1, 414)])
async def test_the_request_line_is_bounded(excess, status):
    async with serving(max_request_line_bytes=1000) as server:
        line = b"GET /path? HTTP/1.1\r\n"
        padding = b"x" * (1000 - len(line) + excess)
        answer = await server.ask(line.replace(b"?", b"?" + padding) + HOST + b"\r\n")
        assert answer.status == status
        if status == 414:
            assert_refused(answer, 414, "uri-too-long")


@pytest.mark.parametrize(("count", "status"), [(100, 200), (101, 431)])
async def test_the_headers_are_counted(count, status):
    async with serving(max_header_count=100) as server:
        answer = await server.ask(GET + b"X-Other: 1\r\n" * (count - 1) + b"\r\n")
        assert answer.status == status


@pytest.mark.parametrize(("excess", "status"), [(0, 200), (1, 431)])
async def test_the_bytes_of_the_headers_are_counted(excess, status):
    async with serving(max_header_bytes=5000) as server:
        value = b"x" * (5000 - len(HOST) - len(b"X: \r\n") + excess)
        answer = await server.ask(GET + b"X: " + value + b"\r\n\r\n")
        assert answer.status == status


ENDLESS = {
    "a target": (b"GET /", b"x", 414, "uri-too-long"),
    "a header's name": (GET, b"x", 431, "headers-too-large"),
    "a header's value": (GET + b"X: ", b"x", 431, "headers-too-large"),
    "headers": (GET, b"X: y\r\n", 431, "headers-too-large"),
    "line breaks": (b"", b"\r\n", 431, "headers-too-large"),
    "a chunk's extension": (CHUNKED + b"1;", b"x", 431, "headers-too-large"),
    "a trailer": (CHUNKED + b"1\r\nx\r\n0\r\nX: ", b"y", 431, "headers-too-large"),
    "trailers": (CHUNKED + b"0\r\n", b"X: y\r\n", 431, "headers-too-large"),
    "a chunk's leading zeros": (CHUNKED, b"0", 431, "headers-too-large"),
    "a body": (CHUNKED, b"1\r\nx\r\n", 413, "body-too-large"),
    "a chunk": (CHUNKED + b"FFFFFFFFFFFFFFF\r\n", b"x", 413, "body-too-large"),
}


@pytest.mark.parametrize("case", ENDLESS.values(), ids=ENDLESS.keys())
async def test_what_never_ends_is_cut_off(case):
    head, more, status, problem = case
    async with serving() as server:
        client = await server.connect()
        await client.send(head)
        sending = asyncio.create_task(_endlessly(client, more * (20_000 // len(more))))
        assert_refused(await client.answer(), status, problem)
        await client.rest()
        sending.cancel()
        await server.assert_serves()


async def _endlessly(client, data):
    with contextlib.suppress(ConnectionError):
        while True:
            await client.send(data)


async def test_a_trailer_is_no_header():
    async with serving() as server:
        request = CHUNKED.replace(b"/length", b"/headers") + b"1\r\nx\r\n0\r\nX-Late: 1\r\n\r\n"
        answer = await server.ask(request)
        assert orjson.loads(answer.body) == ["host", "transfer-encoding"]


async def test_a_client_that_says_nothing_is_left():
    async with serving(**SHORT) as server:
        client = await server.connect()
        assert await client.rest() == b""


async def test_a_client_that_says_no_more_is_left_and_until_then_its_connection_is_kept():
    async with serving(**SHORT) as server:
        client = await server.connect()
        for _ in range(3):
            await client.send(GET + b"\r\n")
            assert (await client.answer()).status == 200
        assert await client.rest() == b""


@pytest.mark.parametrize(
    ("begin", "more"), [(b"G", b""), (b"\r\n", b"\r\n"), (GET + b"X-Slow: ", b"x"), (GET, b"")]
)
async def test_a_head_that_comes_too_slowly_is_answered_408_while_others_are_served(begin, more):
    async with serving(**SHORT) as server:
        client = await server.connect()
        await client.send(begin)
        trickling = asyncio.create_task(client.trickle(more * 1000))
        await server.assert_serves()
        assert_refused(await client.answer(), 408, "request-timeout")
        await client.rest()
        trickling.cancel()


@pytest.mark.parametrize("head", [POST + b"Content-Length: 1000\r\n\r\n", CHUNKED + b"FF\r\n"])
async def test_a_body_that_is_sent_byte_by_byte_is_cut_at_its_deadline(head):
    async with serving(**SHORT) as server:
        client = await server.connect()
        await client.send(head)
        trickling = asyncio.create_task(client.trickle(b"x" * 1000))
        await server.assert_serves()
        assert_refused(await client.answer(), 408, "request-timeout")
        await client.rest()
        trickling.cancel()


async def test_a_request_in_work_has_no_deadline_of_the_connection():
    async with serving(**SHORT) as server:
        client = await server.connect()
        await client.send(b"GET /gated HTTP/1.1\r\n" + HOST + b"\r\n")
        await asyncio.sleep(1.5)
        server.application.gate.set()
        assert (await client.answer()).body == b'"open"'
        await client.send(GET + b"\r\n")
        assert (await client.answer()).status == 200


async def test_a_body_that_waits_behind_another_request_has_its_deadline_from_its_turn():
    async with serving(**SHORT) as server:
        client = await server.connect()
        await client.send(b"GET /gated HTTP/1.1\r\n" + HOST + b"\r\n")
        await client.send(POST + b"Content-Length: 6\r\n\r\nabc")
        await asyncio.sleep(1.5)
        server.application.gate.set()
        assert (await client.answer()).status == 200
        await client.send(b"def")
        assert (await client.answer()).body == b"6"


async def test_a_client_that_leaves_is_noticed_even_behind_what_it_sent_ahead():
    async with serving() as server:
        client = await server.connect()
        await client.send(b"GET /gated HTTP/1.1\r\n" + HOST + b"\r\n" + GET + b"\r\n" + b"junk\r\n")
        await client.soon(server.application.entered.wait())
        client.writer.close()
        await client.soon(server.application.left.wait())


async def test_pipelined_requests_are_answered_in_their_order():
    async with serving() as server:
        client = await server.connect()
        requests = [GET + b"X-Mark: %d\r\n\r\n" % number for number in range(50)]
        await client.send(b"".join(requests))
        assert [int((await client.answer()).body) for _ in requests] == list(range(50))


async def test_more_pipelined_requests_than_may_wait_are_refused_in_their_turn():
    async with serving() as server:
        client = await server.connect()
        await client.send((GET + b"X-Mark: yes\r\n\r\n") * 1000)
        answers = [await client.answer()]
        while answers[-1].status == 200:
            answers.append(await client.answer())
        assert_refused(answers[-1], 429, "too-many-requests")
        assert 64 <= len(answers) < 1000
        assert await client.rest() == b""


async def test_the_refusal_of_what_follows_waits_for_the_answer_before():
    async with serving() as server:
        client = await server.connect()
        await client.send(b"GET /gated HTTP/1.1\r\n" + HOST + b"\r\n")
        await client.soon(server.application.entered.wait())
        await client.send(b"junk\r\n\r\n")
        await asyncio.sleep(0.05)
        server.application.gate.set()
        assert (await client.answer()).body == b'"open"'
        assert_refused(await client.answer(), 400, "malformed-request")


async def test_a_body_that_breaks_off_in_nonsense_ends_its_request_and_no_other():
    async with serving() as server:
        client = await server.connect()
        await client.send(CHUNKED + b"3\r\nabc\r\n")
        await asyncio.sleep(0.05)
        await client.send(b"nonsense\r\n")
        assert_refused(await client.answer(), 400, "malformed-request")


async def test_a_client_that_waits_to_be_asked_is_not_asked_for_a_body_that_is_too_large():
    async with serving() as server:
        expecting = POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n"
        assert_refused(await server.ask(expecting % (MAX_BODY + 1)), 413, "body-too-large")
        client = await server.connect()
        await client.send(expecting % 3)
        assert (await client.answer()).status == 100
        await client.send(b"abc")
        assert (await client.answer()).body == b"3"


async def test_http_1_0_is_not_asked_for_a_body():
    async with serving() as server:
        request = (
            POST.replace(b"1.1", b"1.0") + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        )
        answer = await server.ask(request + b"abc")
        assert (answer.status, answer.body) == (200, b"3")


async def test_a_client_that_is_still_sending_reads_why_it_is_refused():
    async with serving() as server:
        client = await server.connect()
        await client.send(POST + b"Content-Length: 50000000\r\n\r\n")
        sending = asyncio.create_task(client.send(b"x" * 50_000_000))
        await asyncio.sleep(0.1)
        assert_refused(await client.answer(), 413, "body-too-large")
        assert await client.rest() == b""
        sending.cancel()


async def test_a_refused_client_that_stays_is_left_in_the_end():
    async with serving(**SHORT) as server:
        client = await server.connect()
        await client.send(POST + b"Content-Length: 50000000\r\n\r\n")
        assert_refused(await client.answer(), 413, "body-too-large")
        with pytest.raises(ConnectionError):
            await client.soon(_until_refused(client))


async def _until_refused(client):
    while True:
        await client.send(b"x")
        await asyncio.sleep(0.02)


async def test_a_body_that_nobody_reads_ends_the_connection_after_the_answer():
    async with serving() as server:
        client = await server.connect()
        await client.send(POST.replace(b"/length", b"/unread") + b"Content-Length: 1000\r\n\r\n")
        answer = await client.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert await client.rest() == b""


async def test_a_body_that_came_whole_and_nobody_read_does_not_end_the_connection():
    async with serving() as server:
        client = await server.connect()
        await client.send(POST.replace(b"/length", b"/unread") + b"Content-Length: 3\r\n\r\nabc")
        assert (await client.answer()).status == 200
        await client.send(GET + b"\r\n")
        assert (await client.answer()).status == 200


async def test_a_client_that_takes_nothing_of_its_answer_is_cut_off():
    async with serving(write_timeout_seconds=0.2) as server:
        client = await server.connect()
        client.writer.transport.pause_reading()
        await client.send(b"GET /large?size=50000000 HTTP/1.1\r\n" + HOST + b"\r\n")
        await server.until_connected(1)
        await server.until_connected(0)
        await server.assert_serves()


async def test_a_client_that_takes_its_answer_late_gets_it_whole():
    async with serving() as server:
        client = await server.connect()
        client.writer.transport.pause_reading()
        await client.send(b"GET /large?size=20000000 HTTP/1.1\r\n" + HOST + b"\r\n")
        await asyncio.sleep(0.2)
        client.writer.transport.resume_reading()
        answer = await client.answer()
        assert (answer.status, len(answer.body)) == (200, 20_000_000)
        await client.send(GET + b"\r\n")
        assert (await client.answer()).status == 200


async def test_the_answer_to_head_is_the_head_alone_and_the_connection_goes_on():
    async with serving() as server:
        client = await server.connect()
        for _ in range(2):
            await client.send(b"HEAD /large?size=70000 HTTP/1.1\r\n" + HOST + b"\r\n")
            answer = await client.answer(with_body=False)
            assert (answer.status, answer.headers["content-length"]) == (200, "70000")
        await client.send(b"HEAD /large?size=3 HTTP/1.0\r\n\r\n")
        assert (await client.answer(with_body=False)).status == 200
        assert await client.rest() == b""


async def test_more_connections_than_allowed_are_told_so_and_those_there_are_kept():
    async with serving(max_connections=2) as server:
        clients = [await server.connect() for _ in range(2)]
        for client in clients:
            await client.send(GET + b"\r\n")
            assert (await client.answer()).status == 200
        third = await server.connect()
        answer = await third.answer()
        assert_refused(answer, 503, "queue-full")
        assert int(answer.headers["retry-after"]) > 0
        assert await third.rest() == b""
        clients.pop().writer.close()
        await server.until_connected(1)
        await server.assert_serves()


async def test_one_client_with_more_connections_than_allowed_leaves_room_for_others():
    async with serving(max_connections_per_client=2) as server:
        clients = [await server.connect() for _ in range(2)]
        third = await server.connect()
        answer = await third.answer()
        assert_refused(answer, 429, "too-many-requests")
        assert int(answer.headers["retry-after"]) > 0
        assert await third.rest() == b""
        another = await server.connect("127.0.0.2")
        await another.send(GET + b"\r\n")
        assert (await another.answer()).status == 200
        third.writer.close()
        clients.pop().writer.close()
        await server.until_connected(2)
        await server.assert_serves()


async def test_a_trusted_proxy_has_as_many_connections_as_it_likes():
    networks = parse_networks("127.0.0.0/8")
    async with serving(max_connections_per_client=1, trusted_networks=networks) as server:
        for client in [await server.connect() for _ in range(5)]:
            await client.send(GET + b"\r\n")
            assert (await client.answer()).status == 200


async def test_an_end_finishes_what_is_in_work_and_refuses_what_is_still_read():
    async with serving() as server:
        idle, heading, sending, working = [await server.connect() for _ in range(4)]
        await heading.send(GET + b"X-")
        await sending.send(POST + b"Content-Length: 1000\r\n\r\nabc")
        await working.send(b"POST /gated HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc")
        await working.soon(server.application.entered.wait())
        await server.until_connected(4)
        server.end()
        assert await idle.rest() == b""
        for client in (heading, sending):
            assert_refused(await client.answer(), 503, "shutting-down")
            assert await client.rest() == b""
        server.application.gate.set()
        answer = await working.answer()
        assert (answer.body, answer.headers["connection"]) == (b'"open"', "close")
        assert await working.rest() == b""


async def test_a_reset_in_the_middle_of_anything_harms_nobody():
    async with serving() as server:
        for data in (
            GET,
            POST + b"Content-Length: 9\r\n\r\nabc",
            CHUNKED + b"9\r\na",
            GET + b"\r\n",
        ):
            client = await server.connect()
            await client.send(data)
            await asyncio.sleep(0.01)
            client.writer.transport.abort()
        await server.assert_serves()


SEEDS = [*MALFORMED.values(), *(data + b"X-Mark: yes\r\n\r\n" for data in SOUND.values())]


def mutated(random):
    """A few requests after one another, cut up and patched."""
    data = bytearray(b"".join(random.choices(SEEDS, k=random.randint(1, 3))))
    for _ in range(random.choice([1, 1, 2, 4])):
        at, source = (random.randrange(len(data) + 1) for _ in range(2))
        match random.randrange(4):
            case 0:
                data[at : at + 1] = random.randbytes(1)
            case 1:
                data[at:at] = random.choice([b"\r\n", b"\r", b"\n", b":", b" ", b"\0", b"\x80"])
            case 2:
                del data[at : at + random.randint(1, 6)]
            case 3:
                data[at:at] = data[source : source + random.randint(1, 30)]
    return bytes(data)


async def test_whatever_arrives_is_answered_or_left_and_breaks_nothing():
    broken = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: broken.append(context))
    random = Random(20)
    async with serving() as server:
        for _ in range(400):
            data, client = mutated(random), await server.connect()
            place = random.randrange(len(data) + 1)
            with contextlib.suppress(ConnectionError):
                await client.send(data[:place])
                await asyncio.sleep(0)
                await client.send(data[place:])
                client.writer.write_eof()
            said = await client.rest()
            assert set(re.findall(rb"HTTP/1\.1 (\d)", said)) <= {b"2", b"4"}, data
            assert not broken, data
        await server.assert_serves()
