"""A server of one file, which can be told how to fail at each request."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Request(BaseHTTPRequestHandler):
    """One request to the server; behaviours answer it with these."""

    server: PublishedServer

    @property
    def start(self):
        """The byte that the range asked for starts with; None without a range."""
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(found[1]) if found else None

    def head(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def do_GET(self):
        self.server.starts.append(self.start)
        behaviour = self.server.script.pop(0) if self.server.script else serve
        with contextlib.suppress(ConnectionError):  # the client may well have enough
            behaviour(self, self.server.data)

    def log_message(self, *_):
        """Nothing: a test's output is its own."""


class PublishedServer(ThreadingHTTPServer):
    """``script`` holds the behaviours of the next requests; ``starts`` what was asked for."""

    data: bytes
    script: list[Callable[[Request, bytes], None]]
    starts: list[int | None]

    def __init__(self, data):
        super().__init__(("127.0.0.1", 0), Request)
        self.data = data
        self.script = []
        self.starts = []
        self.released = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/files/weights.h5"


@contextlib.contextmanager
def published_server(data) -> Iterator[PublishedServer]:
    with PublishedServer(data) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()


def head_of(request, data):
    """Answer with the head for the range asked for, or for all of it; the first byte to send."""
    start = request.start
    if start is None:
        request.head(200, Content_Length=len(data))
        return 0
    request.head(
        206,
        Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}",
        Content_Length=len(data) - start,
    )
    return start


def serve(request, data):
    if request.start is not None and request.start >= len(data):
        request.head(416, Content_Range=f"bytes */{len(data)}", Content_Length=0)
        return
    request.wfile.write(data[head_of(request, data) :])


def serve_without_length(request, data):
    request.head(200)
    request.wfile.write(data)


def serve_more_without_length(request, data):
    request.head(200)
    request.wfile.write(data + bytes(100_000))


def ignore_range(request, data):
    request.head(200, Content_Length=len(data))
    request.wfile.write(data)


def drop_after(count):
    """Serve ``count`` bytes, then close the connection."""

    def behaviour(request, data):
        start = head_of(request, data)
        request.wfile.write(data[start : start + count])

    return behaviour


def drop_the_whole_after(count):
    """As ``drop_after``, by a server that knows no ranges."""

    def behaviour(request, data):
        request.head(200, Content_Length=len(data))
        request.wfile.write(data[:count])

    return behaviour


def stall_after(count, then=lambda: None):
    """Serve ``count`` bytes, then nothing, with the connection open."""

    def behaviour(request, data):
        start = head_of(request, data)
        request.wfile.write(data[start : start + count])
        then()
        request.server.released.wait(30)

    return behaviour


def serve_for_ever(request, data):
    request.head(200)
    while not request.server.released.is_set():
        request.wfile.write(bytes(1 << 16))


def speak_another_protocol(request, data):
    request.wfile.write(b"220 ready\r\n")


def another_range(request, data):
    request.head(206, Content_Range=f"bytes 0-9/{len(data)}", Content_Length=10)
    request.wfile.write(data[:10])


def status(code, **headers):
    def behaviour(request, data):
        request.head(code, Content_Length=0, **headers)

    return behaviour
