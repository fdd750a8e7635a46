"""A worker process as the system sees it: whether it lives, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable


class WorkerLost(Exception):
    """The worker process ended, or talks nonsense, which is as good as ended."""


class ForkedProcess:
    """A process that the fork server has forked, from its start to its end.

    ``exited`` is done when it is dead; it is not to be cancelled. ``reap`` is called with its
    pid when that need not be known any more: until then the pid is no other process's.
    """

    def __init__(self, pid: int, reap: Callable[[int], None]) -> None:
        loop = asyncio.get_running_loop()
        self.pid = pid
        self.exited: asyncio.Future[None] = loop.create_future()
        self._reap = reap
        self._descriptor = os.pidfd_open(pid)
        loop.add_reader(self._descriptor, self._note_exit)

    def _note_exit(self) -> None:
        self.exited.get_loop().remove_reader(self._descriptor)
        self.exited.set_result(None)

    def kill(self) -> None:
        """End it now, if it still lives."""
        if not self.exited.done():
            # Where the fork server has died too, another has reaped it.
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    async def end(self, patience_seconds: float = 0.0) -> None:
        """Wait for it to leave by itself, kill it if it does not; to be called once."""
        try:
            await asyncio.wait({self.exited}, timeout=patience_seconds)
        finally:
            self.kill()
            await asyncio.wait({self.exited})
            os.close(self._descriptor)
            self._reap(self.pid)
