"""The parent's side of the fork server: starts it when needed, and asks it for processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Self, TypeVar

from service.workers import messages
from service.workers.environment import worker_environment
from service.workers.forked_process import ForkedProcess, WorkerLost
from service.workers.settings import PoolSettings

Result = TypeVar("Result")

PID_BYTES = 4
FORK = bytes(PID_BYTES)
"""The order to fork, with the descriptors of the new worker; any other is a pid to be reaped."""

IMPORT_SECONDS = 60.0
"""How long the imports of the fork server may take."""

FORK_SECONDS = 10.0
"""How long a fork may take; it takes milliseconds where processors are free."""

EXIT_SECONDS = 2.0
"""How long the fork server may take to leave by itself, once told to."""


class ForkServer:
    """Where a pool's worker processes come from.

    The server is started for the first fork, and anew for the first one after its end. What it
    has forked ends with it. It runs no job, so that no job can bring it down.
    """

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._running: RunningServer | None = None
        self._turn = asyncio.Lock()

    async def fork(self, descriptors: Sequence[int]) -> ForkedProcess:
        """A new process that serves jobs with these descriptors: its socket, inbox and outbox.

        Raises WorkerLost where the server ends or hangs meanwhile, OSError where the system
        gives no process.
        """
        async with self._turn:
            if self._running is not None and not self._running.usable():
                await self.close()
            if self._running is None:
                self._running = await RunningServer.start(self._settings)
            return await _ordered(self._running.fork(descriptors), ForkedProcess.end)

    async def close(self) -> None:
        """End the server, and whatever it has forked."""
        running, self._running = self._running, None
        if running is not None:
            await running.end()


class RunningServer:
    """The process of a fork server, and the socket to it."""

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        self._process = process
        self._control = control
        self._sound = True

    @classmethod
    async def start(cls, settings: PoolSettings) -> Self:
        """A new one, once its imports are done; raises what ``ForkServer.fork`` does."""
        ours, theirs = socket.socketpair()
        ours.settimeout(0)  # non-blocking
        with theirs, contextlib.ExitStack() as on_failure:
            on_failure.callback(ours.close)
            numbers = (theirs.fileno(), os.getpid(), settings.worker_memory_bytes)
            starting = asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # the current folder may hold another package of the same name
                *("-X", "faulthandler"),
                *("-m", "service.workers.forking"),
                *map(str, numbers),
                settings.native,
                *settings.preload,
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=worker_environment(),
            )
            process = await _ordered(starting, _end)
            on_failure.pop_all()
        server = cls(process, ours)
        try:
            await server._hear(IMPORT_SECONDS)
        except BaseException:
            await server.end()
            raise
        return server

    def usable(self) -> bool:
        """Whether it lives and is silent, as it is when it was not asked."""
        try:
            self._control.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return self._sound
        except OSError:
            return False
        return False

    async def fork(self, descriptors: Sequence[int]) -> ForkedProcess:
        """As ``ForkServer.fork``; one at a time, and not to be cancelled."""
        try:
            socket.send_fds(self._control, [FORK], descriptors)
        except OSError as error:
            raise WorkerLost("the fork server has ended") from error
        answer = await self._hear(FORK_SECONDS)
        if "errno" in answer:
            raise OSError(answer["errno"], os.strerror(answer["errno"]))
        return ForkedProcess(answer["pid"], self._reap)

    async def _hear(self, seconds: float) -> messages.Message:
        try:
            async with asyncio.timeout(seconds):
                return await messages.receive(self._control)
        except (OSError, EOFError, ValueError, TypeError) as error:
            self._sound = False
            raise WorkerLost("the fork server ended or hung before it was ready") from error
        except asyncio.CancelledError:
            self._sound = False
            raise

    def _reap(self, pid: int) -> None:
        # Where this fails the server has ended, and others reap what it has forked.
        with contextlib.suppress(OSError):
            self._control.send(pid.to_bytes(PID_BYTES, "big"))

    async def end(self) -> None:
        """Let the process leave, kill it if it does not."""
        self._control.close()
        await _end(self._process, EXIT_SECONDS if self._sound else 0.0)


async def _end(process: asyncio.subprocess.Process, patience_seconds: float = 0.0) -> None:
    leaving = asyncio.create_task(process.wait())
    try:
        await asyncio.wait({leaving}, timeout=patience_seconds)
    finally:
        if not leaving.done():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await asyncio.wait({leaving})


async def _ordered(
    order: Coroutine[Any, Any, Result], undo: Callable[[Result], Awaitable[None]]
) -> Result:
    """What comes of an order, which comes even when nobody waits any more: then it is undone."""
    coming = asyncio.create_task(order)
    try:
        await asyncio.wait({coming})
    except asyncio.CancelledError:
        await asyncio.wait({coming})
        if coming.exception() is None:
            await undo(coming.result())
        raise
    return coming.result()
