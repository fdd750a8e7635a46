"""The parent's side of one worker process: starts it, gives it jobs, ends it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import mmap
import os
import socket
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from service.errors import OutOfMemory, ServiceError
from service.workers import messages
from service.workers.jobs import JobRequest
from service.workers.settings import PoolSettings
from service.workers.shared_memory import MemoryFile, offsets_of

logger = logging.getLogger("service.workers")

Result = TypeVar("Result")

READY_SECONDS = 60.0
"""How long the imports of a worker may take."""

EXIT_SECONDS = 2.0
"""How long a worker may take to leave by itself, once told to."""

INLINE_BYTES = 2**20
"""More than this is copied in a thread, so that the event loop goes on meanwhile."""

# Several threads of a job call BLAS, one each: more would only wait for one another.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# What is wrong with a picture is told to its sender, not to the log.
QUIET = {"OPENCV_LOG_LEVEL": "SILENT"}
# Huge pages take fewer page faults, which a fresh worker is slow by at large pictures.
HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


class WorkerLost(Exception):
    """The worker process ended, or talks nonsense, which is as good as ended."""


class Worker:
    """One worker process that is ready for jobs, one at a time."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        connection: socket.socket,
        inbox: MemoryFile,
        outbox: MemoryFile,
        memory_bytes: int,
    ) -> None:
        self._process = process
        self._connection = connection
        self._inbox = inbox
        self._outbox = outbox
        self._memory_bytes = memory_bytes
        self._sound = True
        self.jobs = 0
        self.exited = asyncio.create_task(process.wait())

    @classmethod
    async def start(cls, settings: PoolSettings) -> Worker:
        """A new worker, once its imports are done.

        Raises WorkerLost where it ends or hangs before that, OSError where the system gives
        no process, memory or socket.
        """
        worker = await cls._spawn(settings)
        try:
            await worker.ready()
        except WorkerLost:
            await worker.end()
            raise
        except BaseException:
            worker.kill()
            await worker.end()
            raise
        return worker

    @classmethod
    async def _spawn(cls, settings: PoolSettings) -> Worker:
        with contextlib.ExitStack() as on_failure:
            ours, theirs = socket.socketpair()
            on_failure.callback(ours.close)
            with theirs:
                ours.settimeout(0)  # non-blocking
                inbox = MemoryFile.create()
                on_failure.callback(inbox.close)
                outbox = MemoryFile.create()
                on_failure.callback(outbox.close)
                descriptors = (theirs.fileno(), inbox.descriptor, outbox.descriptor)
                numbers = (
                    *descriptors,
                    os.getpid(),
                    settings.worker_memory_bytes,
                    settings.threads_per_worker,
                )
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-P",  # the current folder may hold another package of the same name
                    *("-X", "faulthandler"),
                    *("-m", "service.workers.process"),
                    *map(str, numbers),
                    *settings.preload,
                    stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=descriptors,
                    env=_environment(),
                )
            on_failure.pop_all()
        return cls(process, ours, inbox, outbox, settings.worker_memory_bytes)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def usable(self) -> bool:
        """Whether another job may be given to it."""
        return self._sound and not self.exited.done()

    def resident_bytes(self) -> int:
        """The memory that is its own (resident, not shared); 0 where the system doesn't say."""
        with contextlib.suppress(OSError):
            counts = Path(f"/proc/{self.pid}/statm").read_bytes().split()
            return (int(counts[1]) - int(counts[2])) * mmap.PAGESIZE
        return 0

    async def ready(self) -> None:
        """Wait for its imports; WorkerLost where it ends or hangs before it is ready."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                await messages.receive(self._connection)
        except (OSError, EOFError, ValueError, TypeError) as error:
            raise WorkerLost("a worker ended or hung before it was ready") from error

    async def run(self, request: JobRequest) -> tuple[dict[str, Any], bytes]:
        """The facts and the body that the job gives.

        Raises the ServiceError that the job raised, or WorkerLost. It is not to be cancelled:
        to stop it, ``kill`` the worker.
        """
        self.jobs += 1
        try:
            answer = await self._exchange(request)
            if "error" not in answer:
                return answer["facts"], await self._body(answer["length"])
            error = ServiceError.from_wire(answer["error"])
        except (OSError, EOFError) as end:
            self._sound = False
            raise WorkerLost("the worker ended") from end
        except (ValueError, KeyError, TypeError) as nonsense:
            self.kill()
            raise WorkerLost("the worker talks nonsense") from nonsense
        self._outbox.shrink()
        if "traceback" in answer:
            logger.error("the job %s failed:\n%s", request.function, answer["traceback"])
        if isinstance(error, OutOfMemory):
            self._sound = False  # what memory it has left may not do for the next job
        raise error

    async def _exchange(self, request: JobRequest) -> messages.Message:
        self._check_silence()
        await _copy(sum(map(len, request.parts.values())), self._put_parts, request)
        await asyncio.get_running_loop().sock_sendall(self._connection, request.frame)
        answer = await messages.receive(self._connection)
        self._inbox.shrink()
        return answer

    def _check_silence(self) -> None:
        """What a worker says unasked would pass for the answer to the next caller."""
        with contextlib.suppress(BlockingIOError):
            said = self._connection.recv(1, socket.MSG_PEEK)
            raise ValueError("the worker speaks unasked") if said else EOFError("it has hung up")

    def _put_parts(self, request: JobRequest) -> None:
        parts = request.parts.values()
        for part, offset in zip(parts, offsets_of(map(len, parts)), strict=True):
            self._inbox.write(part, offset)

    async def _body(self, length: int) -> bytes:
        if self._memory_bytes and length > self._memory_bytes:
            raise ValueError("the body is larger than the worker can have made it")
        body = await _copy(length, self._outbox.read, length)
        self._outbox.shrink()
        return body

    def kill(self) -> None:
        """End the process now, and with it the ``run`` that waits for it."""
        self._sound = False
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._hang_up()

    async def end(self) -> None:
        """Let the process leave, kill it if it does not, and free what it held."""
        self._sound = False
        self._hang_up()
        try:
            await asyncio.wait({self.exited}, timeout=EXIT_SECONDS)
        finally:
            if not self.exited.done():
                self.kill()
            await self.exited
            self._connection.close()
            self._inbox.close()
            self._outbox.close()

    def _hang_up(self) -> None:
        # Unlike closing, this ends a pending receive as well, on both sides.
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)


async def _copy(size: int, copy: Callable[..., Result], *arguments: Any) -> Result:
    if size <= INLINE_BYTES:
        return copy(*arguments)
    return await asyncio.to_thread(copy, *arguments)


def _environment() -> dict[str, str]:
    """The parent's environment, with one thread a library and this package importable."""
    environment = {**HUGE_PAGES, **os.environ, **ONE_THREAD, **QUIET}
    home = str(Path(__file__).resolve().parents[2])
    if home not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        paths = [home, os.environ.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return environment
