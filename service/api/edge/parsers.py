"""What stands in for the parser of a connection where the usual one can't go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import httptools


class UnreadableParser:
    """Takes any bytes for nothing, once a connection is refused.

    The server builds its answer to a request that could not be read from it.
    """

    def feed_data(self, data: bytes) -> None:
        """Let the bytes fall."""

    def get_http_version(self) -> str:
        """The version of the answer."""
        return "1.1"

    def get_method(self) -> bytes:
        """A method whose answer has a body."""
        return b"GET"

    def should_keep_alive(self) -> bool:
        """No: nothing is read any more."""
        return False

    def should_upgrade(self) -> bool:
        """No."""
        return False


class BodyReader(Protocol):
    """Who is told of a body."""

    def on_body(self, body: bytes) -> None:
        """A piece of it came."""

    def on_message_complete(self) -> None:
        """It is complete."""


def framing_of(headers: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """The header lines that say how long a body is; none where there is no body."""
    names = (b"content-length", b"transfer-encoding")
    return [b"%b: %b" % (name, value) for name, value in headers if name in names]


def body_parser(framing: Sequence[bytes], reader: BodyReader) -> httptools.HttpRequestParser:
    """A parser of one body and nothing before or after it.

    httptools leaves the body of a request unread that asks for another protocol, where the
    request may be served as it is (RFC 9110, section 7.8).
    """
    parser = httptools.HttpRequestParser(_OneBody(reader))
    parser.feed_data(b"\r\n".join([b"POST / HTTP/1.1", *framing, b"", b""]))
    return parser


class _OneBody:
    def __init__(self, reader: BodyReader) -> None:
        self._reader = reader
        self._complete = False

    def on_body(self, body: bytes) -> None:
        if not self._complete:
            self._reader.on_body(body)

    def on_message_complete(self) -> None:
        if not self._complete:
            self._complete = True
            self._reader.on_message_complete()
