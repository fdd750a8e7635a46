"""What runs inside a worker process: it answers one job after another.

It ends when the pool closes the socket.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import socket
import traceback
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

from service.convolution.threads import use_threads
from service.errors import InternalError, OutOfMemory, ServiceError
from service.workers import messages
from service.workers.shared_memory import MemoryFile, offsets_of

OPENCV_OUT_OF_MEMORY = -4  # cv::Error::StsNoMem
TRACEBACK_CHARACTERS = 20_000


def serve(connection_fd: int, inbox_fd: int, outbox_fd: int) -> None:
    """Say that it is ready, then do jobs until the pool hangs up."""
    inbox, outbox = MemoryFile(inbox_fd), MemoryFile(outbox_fd)
    with (
        socket.socket(fileno=connection_fd) as connection,
        connection.makefile("rb") as orders,
        contextlib.suppress(EOFError, ConnectionError),
    ):
        connection.sendall(messages.encode({"ready": True}))
        while True:
            count = messages.receive_blocking(orders)["threads"]
            request = messages.receive_blocking(orders)
            with use_threads(count):
                answer = _answer(request, inbox, outbox)
            connection.sendall(answer)


def _answer(request: messages.Message, inbox: MemoryFile, outbox: MemoryFile) -> bytes:
    """The frame that answers a request, whatever happens in its job."""
    try:
        try:
            answer = _run(request, inbox, outbox)
        except ServiceError as error:
            answer = {"error": error.to_wire()}
        return messages.encode(answer)
    except Exception as error:  # noqa: BLE001 - it goes to the pool, which logs it
        if _is_out_of_memory(error):
            fault: ServiceError = OutOfMemory(
                "The job needs more memory than it may use. Smaller inputs need less."
            )
            return messages.encode({"error": fault.to_wire()})
        fault = InternalError("The service failed at this request by a fault of its own.")
        return messages.encode({"error": fault.to_wire(), "traceback": _traceback_of(error)})


def _run(request: messages.Message, inbox: MemoryFile, outbox: MemoryFile) -> messages.Message:
    names, lengths = request["names"], request["lengths"]
    offsets = offsets_of(lengths)
    ends = [offset + length for offset, length in zip(offsets, lengths, strict=True) if length]
    whole = inbox.view(max(ends, default=0))
    parts = {
        name: whole[offset : offset + length]
        for name, offset, length in zip(names, offsets, lengths, strict=True)
    }
    facts, body = _function(request["function"])(parts, **request["arguments"])
    outbox.write(body)
    return {"facts": facts, "length": memoryview(body).nbytes}


@cache
def _function(name: str) -> Callable[..., Any]:
    module, _, qualified = name.partition(":")
    function: Callable[..., Any] = attrgetter(qualified)(importlib.import_module(module))
    return function


def _is_out_of_memory(error: Exception) -> bool:
    """Whether the error is one of those by which Python, the system or OpenCV say so."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOMEM, errno.ENOSPC, errno.EFBIG)
    if type(error).__module__ == "cv2":
        return getattr(error, "code", None) == OPENCV_OUT_OF_MEMORY
    return isinstance(error, MemoryError)


def _traceback_of(error: Exception) -> str:
    text = "".join(traceback.format_exception(error))[-TRACEBACK_CHARACTERS:]
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
