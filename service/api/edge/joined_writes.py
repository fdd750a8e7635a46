"""An answer's head and the beginning of its body in one write."""

from __future__ import annotations

import asyncio
from typing import Final

# A larger body is not copied to be joined.
_COPIED_BYTES: Final = 64 << 10


class JoinedWrites:
    """What an answer is written to, in the place of its connection's transport.

    Two writes are two system calls and two packets, and wake the client twice.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._waiting = b""
        self._holding = False

    def hold(self) -> None:
        """Let the next write wait for the one after it."""
        self._holding = True

    def release(self) -> None:
        """Write what waits, if anything does."""
        self._holding = False
        if self._waiting:
            self.write(b"")

    def write(self, data: bytes) -> None:
        """Write, after what waits, or let it wait."""
        if self._holding:
            self._waiting, self._holding = data, False
            return
        waiting, self._waiting = self._waiting, b""
        if waiting and len(data) > _COPIED_BYTES:
            self._transport.writelines([waiting, data])
        else:
            self._transport.write(waiting + data)

    def close(self) -> None:
        """Close the connection once all is written."""
        self.release()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether it is closing."""
        return self._transport.is_closing()
