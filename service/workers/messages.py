"""Frames on the socket between the pool and a worker: a length, then JSON.

JSON alone, because a worker that its input has taken over may send anything, and nothing it
sends may run here.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, BinaryIO

import orjson

LENGTH_BYTES = 4
FRAME_LIMIT_BYTES = 2**20
"""A longer frame is a fault: large data belong in the memory files, and reading JSON of many
megabytes would hold up the event loop."""

CHUNK_BYTES = 2**18

Message = dict[str, Any]


def encode(message: Message) -> bytes:
    """The frame of a message.

    Raises TypeError (of which orjson's JSONEncodeError is one) where JSON cannot say it, and
    ValueError where it is longer than a frame may be.
    """
    text = orjson.dumps(message)
    if len(text) > FRAME_LIMIT_BYTES:
        raise ValueError("the message is longer than a frame may be")
    return len(text).to_bytes(LENGTH_BYTES, "big") + text


async def receive(connection: socket.socket) -> Message:
    """The next message, without blocking the event loop; nothing may follow it unasked.

    Raises EOFError where the other side has gone, ValueError or TypeError where it talks
    nonsense, and whatever OSError the socket has.
    """
    received = await _more(connection)
    while len(received) < LENGTH_BYTES:
        received += await _more(connection)
    end = LENGTH_BYTES + _checked_length(received[:LENGTH_BYTES])
    while len(received) < end:
        received += await _more(connection)
    if len(received) > end:
        raise ValueError("the other side says more than it was asked for")
    return _decode(memoryview(received)[LENGTH_BYTES:])


def receive_blocking(stream: BinaryIO) -> Message:
    """The next message of a connection's buffered stream; raises what ``receive`` does."""
    length = _checked_length(_read_bytes(stream, LENGTH_BYTES))
    return _decode(_read_bytes(stream, length))


async def _more(connection: socket.socket) -> bytearray:
    chunk = await asyncio.get_running_loop().sock_recv(connection, CHUNK_BYTES)
    if not chunk:
        raise EOFError("the other side has closed the connection")
    return bytearray(chunk)


def _read_bytes(stream: BinaryIO, count: int) -> bytes:
    received = stream.read(count)
    if len(received) < count:
        raise EOFError("the other side has closed the connection")
    return received


def _checked_length(head: bytes | bytearray) -> int:
    length = int.from_bytes(head, "big")
    if length > FRAME_LIMIT_BYTES:
        raise ValueError("the frame is longer than a frame may be")
    return length


def _decode(text: bytes | memoryview) -> Message:
    message = orjson.loads(text)
    if not isinstance(message, dict):
        raise TypeError("the frame does not hold a JSON object")
    return message
