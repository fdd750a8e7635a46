"""A load generator that costs little: threads, plain sockets, requests built beforehand.

Of an answer only the status and the length are looked at, and its bytes are read into one
buffer: on a small machine the client takes time from the server that it measures.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

TIMEOUT_SECONDS = 60.0
# After a fault, so that a server that is gone is not asked without pause.
PAUSE_AFTER_FAULT = 0.1
HEAD_BYTES = 64 << 10
END_OF_HEAD = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

Address = tuple[str, int]


class BadAnswer(Exception):
    """The answer ended early, or has no length."""


@dataclass
class Load:
    """What came of a time of asking: the seconds of each answer, and what failed."""

    latencies: list[float] = field(default_factory=list)
    failures: int = 0
    fault: str = ""
    """The first failure: a status, or why there was no answer."""
    seconds: float = 0.0
    answer: bytes = b""
    """One answer's body, for those who look at it."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, percent: float) -> float:
        """Seconds within which so many of the answers came; infinite where none did."""
        return float(np.percentile(self.latencies, percent)) if self.latencies else float("inf")


class Connection:
    """One connection that is kept, and made anew where the server ended it."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._buffer = bytearray(HEAD_BYTES)

    def exchange(self, request: bytes) -> tuple[int, memoryview]:
        """Send a request; the answer's status, and its body until the next exchange.

        ``OSError`` or ``BadAnswer`` where there is none.
        """
        if self._socket is None:
            self._socket = socket.create_connection(self._address, TIMEOUT_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        filled, head = self._read_head(self._socket)
        length = LENGTH.search(head)
        if length is None:
            raise BadAnswer("no Content-Length")
        end = len(head) + len(END_OF_HEAD) + int(length[1])
        if end > len(self._buffer):
            self._buffer += bytes(end - len(self._buffer))
        while filled < end:
            filled += self._receive(self._socket, filled)
        if b"\r\nconnection: close" in head.lower():
            self.close()
        return int(head.split(b" ", 2)[1]), memoryview(self._buffer)[len(head) + 4 : end]

    def close(self) -> None:
        """End the connection; the next exchange makes another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _read_head(self, connected: socket.socket) -> tuple[int, bytes]:
        filled = 0
        while END_OF_HEAD not in self._buffer[: min(filled, HEAD_BYTES)]:
            if filled >= HEAD_BYTES:
                raise BadAnswer("no end of the header")
            filled += self._receive(connected, filled)
        return filled, bytes(self._buffer[: self._buffer.index(END_OF_HEAD)])

    def _receive(self, connected: socket.socket, filled: int) -> int:
        received = connected.recv_into(memoryview(self._buffer)[filled:])
        if not received:
            raise BadAnswer("the connection ended before the answer did")
        return received


def drive(
    address: Address, request: bytes, connections: int, seconds: float, pause: float = 0.0
) -> Load:
    """Ask over and over for so many seconds, one request at a time on each connection.

    Each connection asks at least once, and waits for its last answer; ``pause`` seconds lie
    between an answer and the next request. An answer other than 200, and none, is a failure.
    """
    result, lock, start = Load(), threading.Lock(), time.perf_counter()

    def ask() -> None:
        connection = Connection(address)
        while True:
            _ask_once(connection, request, result, lock)
            if time.perf_counter() - start >= seconds:
                break
            time.sleep(pause)
        connection.close()

    with ThreadPoolExecutor(connections) as threads:
        for running in [threads.submit(ask) for _ in range(connections)]:
            running.result()
    result.seconds = time.perf_counter() - start
    return result


def _ask_once(connection: Connection, request: bytes, load: Load, lock: threading.Lock) -> None:
    start = time.perf_counter()
    try:
        status, body = connection.exchange(request)
        fault = f"status {status}"
    except (OSError, BadAnswer) as error:
        connection.close()
        status, body, fault = 0, memoryview(b""), str(error)
    taken = time.perf_counter() - start
    with lock:
        if status == 200:
            load.latencies.append(taken)
            load.answer = load.answer or bytes(body)
        else:
            load.failures += 1
            load.fault = load.fault or fault
    if not status:
        time.sleep(PAUSE_AFTER_FAULT)


def side_by_side(*tasks: Callable[[], Load]) -> list[Load]:
    """What several loads come to that run at the same time."""
    with ThreadPoolExecutor(len(tasks)) as threads:
        return [running.result() for running in [threads.submit(task) for task in tasks]]
