"""Frames on the socket between the pool and a worker: a length, then JSON.

JSON alone, because a worker that its input has taken over may send anything, and nothing it
sends may run here.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

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
    """The next message, without blocking the event loop.

    Raises EOFError where the other side has gone, ValueError or TypeError where it talks
    nonsense, and whatever OSError the socket has.
    """
    length = _checked_length(await _receive_bytes(connection, LENGTH_BYTES))
    return _decode(await _receive_bytes(connection, length))


def receive_blocking(connection: socket.socket) -> Message:
    """The next message; raises what ``receive`` does."""
    with connection.makefile("rb", buffering=0) as stream:
        length = _checked_length(_read_bytes(stream, LENGTH_BYTES))
        return _decode(_read_bytes(stream, length))


async def _receive_bytes(connection: socket.socket, count: int) -> bytearray:
    loop = asyncio.get_running_loop()
    received = bytearray()
    while len(received) < count:
        chunk = await loop.sock_recv(connection, min(count - len(received), CHUNK_BYTES))
        if not chunk:
            raise EOFError("the other side has closed the connection")
        received += chunk
    return received


def _read_bytes(stream: socket.SocketIO, count: int) -> bytearray:
    received = bytearray()
    while len(received) < count:
        chunk = stream.read(min(count - len(received), CHUNK_BYTES))
        if not chunk:
            raise EOFError("the other side has closed the connection")
        received += chunk
    return received


def _checked_length(head: bytearray) -> int:
    length = int.from_bytes(head, "big")
    if length > FRAME_LIMIT_BYTES:
        raise ValueError("the frame is longer than a frame may be")
    return length


def _decode(text: bytearray) -> Message:
    message = orjson.loads(text)
    if not isinstance(message, dict):
        raise TypeError("the frame does not hold a JSON object")
    return message
