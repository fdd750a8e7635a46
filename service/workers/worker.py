"""The parent's side of one worker process: starts it, gives it jobs, ends it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import mmap
import socket
from collections.abc import Callable
from typing import Any, TypeVar

from service.errors import OutOfMemory, ServiceError
from service.workers import messages
from service.workers.fork_server import ForkServer
from service.workers.forked_process import ForkedProcess, WorkerLost
from service.workers.jobs import JobRequest
from service.workers.shared_memory import MemoryFile, offsets_of

logger = logging.getLogger("service.workers")

Result = TypeVar("Result")

READY_SECONDS = 10.0
"""How long a fresh fork may take to be ready; milliseconds where processors are free."""

EXIT_SECONDS = 2.0
"""How long a worker may take to leave by itself, once told to."""

INLINE_BYTES = 2**20
"""More than this is copied in a thread, so that the event loop goes on meanwhile."""


class Worker:
    """One worker process that is ready for jobs, one at a time."""

    def __init__(
        self,
        process: ForkedProcess,
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
        self.exited = process.exited

    @classmethod
    async def start(cls, server: ForkServer, memory_bytes: int) -> Worker:
        """A new worker, once it is ready; what it makes is at most ``memory_bytes``, 0 for any.

        Raises WorkerLost where it ends or hangs before that, OSError where the system gives
        no process, memory or socket.
        """
        worker = await cls._fork(server, memory_bytes)
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
    async def _fork(cls, server: ForkServer, memory_bytes: int) -> Worker:
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
                process = await server.fork(descriptors)
            on_failure.pop_all()
        return cls(process, ours, inbox, outbox, memory_bytes)

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
            with open(f"/proc/{self.pid}/statm", "rb", buffering=0) as file:  # noqa: PTH123 - fast
                counts = file.read().split()
            return (int(counts[1]) - int(counts[2])) * mmap.PAGESIZE
        return 0

    async def ready(self) -> None:
        """Wait for its first word; WorkerLost where it ends or hangs before."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                await messages.receive(self._connection)
        except (OSError, EOFError, ValueError, TypeError) as error:
            raise WorkerLost("a worker ended or hung before it was ready") from error

    async def run(self, request: JobRequest, threads: int = 1) -> tuple[dict[str, Any], bytes]:
        """The facts and the body that the job gives, which may compute with so many ``threads``.

        Raises the ServiceError that the job raised, or WorkerLost. It is not to be cancelled:
        to stop it, ``kill`` the worker.
        """
        self.jobs += 1
        try:
            answer = await self._exchange(request, threads)
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

    async def _exchange(self, request: JobRequest, threads: int) -> messages.Message:
        self._check_silence()
        await _copy(sum(map(len, request.parts.values())), self._put_parts, request)
        orders = messages.encode({"threads": threads}) + request.frame
        await asyncio.get_running_loop().sock_sendall(self._connection, orders)
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
        self._process.kill()
        self._hang_up()

    async def end(self) -> None:
        """Let the process leave, kill it if it does not, and free what it held."""
        self._sound = False
        self._hang_up()
        try:
            await self._process.end(EXIT_SECONDS)
        finally:
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
