"""Whether a client takes the answer that it is given."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Final

# Fewer bytes taken between two looks count as none.
_LEAST_BYTES: Final = 64 << 10


class DeliveryWatch:
    """Looks at a connection time and again; aborts it where its client takes nothing.

    The answer to a client that does not read stays in memory, and a connection that is closed
    waits for what is still to be sent: without an end, unless someone looks.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, seconds: float
    ) -> None:
        self._loop = loop
        self._transport = transport
        self._seconds = seconds
        self._deliveries = 0
        self._timer = self._later(unsent_before=0)

    def note(self) -> None:
        """Something was taken whole."""
        self._deliveries += 1

    def stop(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _later(self, unsent_before: int) -> asyncio.TimerHandle:
        return self._loop.call_later(self._seconds, self._look, unsent_before, self._deliveries)

    def _look(self, unsent_before: int, deliveries_before: int) -> None:
        unsent = self._transport.get_write_buffer_size()
        taken = unsent_before - unsent
        waited_for = unsent > 0 and unsent_before > 0 and self._deliveries == deliveries_before
        if waited_for and taken < _LEAST_BYTES:
            self._reset()
        else:
            self._timer = self._later(unsent)

    def _reset(self) -> None:
        # Otherwise the kernel holds on to what it has been given of the answer.
        connection = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
