"""What runs inside a worker process: ``python -m service.workers.process ...``.

It prepares its process, imports what it will need, says that it is ready, and then answers
one job after another until the pool closes the socket.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import importlib
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence, Set
from operator import attrgetter
from pathlib import Path
from typing import Any

from service.errors import InternalError, OutOfMemory, ServiceError
from service.workers import messages
from service.workers.shared_memory import MemoryFile, offsets_of

MALLOC_TRIM_THRESHOLD = -1  # M_TRIM_THRESHOLD of malloc.h
MALLOC_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of malloc.h
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of sys/prctl.h
OPENCV_OUT_OF_MEMORY = -4  # cv::Error::StsNoMem
NICENESS = 5
FIRST_TO_GO = 1000  # the highest oom_score_adj, see proc_pid_oom_score_adj(5)
TRACEBACK_CHARACTERS = 20_000


def main(arguments: Sequence[str]) -> None:
    """Serve jobs.

    The arguments: socket, inbox, outbox (descriptors), the parent's pid, memory limit in bytes,
    threads, and the modules to import.
    """
    connection_fd, inbox_fd, outbox_fd, parent_pid, memory_bytes, threads = map(int, arguments[:6])
    _close_all_but({0, 1, 2, connection_fd, inbox_fd, outbox_fd})
    _prepare_process(parent_pid, memory_bytes)
    for module in arguments[6:]:
        importlib.import_module(module)
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(threads)
    # The event loop, which all callers wait for, comes first where processors are short. Only
    # now, because a lost worker's successor is waited for, too.
    os.nice(NICENESS)
    with socket.socket(fileno=connection_fd) as connection:
        _serve(connection, MemoryFile(inbox_fd), MemoryFile(outbox_fd))


def _close_all_but(kept: Set[int]) -> None:
    # uvloop hands on whatever is inheritable, which a server's listening socket may be.
    for path in list(Path("/dev/fd").iterdir()):
        if int(path.name) not in kept:
            with contextlib.suppress(OSError):  # the listing's own descriptor is closed already
                os.close(int(path.name))


def _prepare_process(parent_pid: int, memory_bytes: int) -> None:
    # Both signals reach the whole group; when to stop is the parent's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    library = ctypes.CDLL(None)
    if sys.platform == "linux":
        library.prctl(DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent_pid:  # it died before the line above
            raise SystemExit("the parent process is gone")
    if hasattr(library, "mallopt"):
        # Page faults dominate large pictures: blocks are kept instead of mapped anew.
        library.mallopt(MALLOC_MMAP_THRESHOLD, 2**30)
        library.mallopt(MALLOC_TRIM_THRESHOLD, 2**31 - 1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it would hold what callers sent
    if memory_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        # The files in memory are no part of the address space until they are mapped.
        resource.setrlimit(resource.RLIMIT_FSIZE, (memory_bytes, memory_bytes))
    with contextlib.suppress(OSError):
        # Where the whole machine or container runs out, a worker is to go, not its parent.
        Path("/proc/self/oom_score_adj").write_text(f"{FIRST_TO_GO}")


def _serve(connection: socket.socket, inbox: MemoryFile, outbox: MemoryFile) -> None:
    with contextlib.suppress(EOFError, ConnectionError):
        connection.sendall(messages.encode({"ready": True}))
        while True:
            request = messages.receive_blocking(connection)
            connection.sendall(_answer(request, inbox, outbox))


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


if __name__ == "__main__":
    main(sys.argv[1:])
