"""A file in memory through which the bytes of a job pass between two processes.

The parent reads and writes it with system calls and never maps it: those release the GIL,
and a worker that cuts the file short meanwhile gives a short read instead of a SIGBUS.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterable
from itertools import accumulate

KEPT_BYTES = 64 * 2**20
"""A file larger than this is emptied after its job, so that no worker keeps its peak."""

ALIGNMENT = 64
"""Where a part may start, in bytes: numpy's own, and a cache line."""


class MemoryFile:
    """A file without a name that grows as it is written."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._mapped: mmap.mmap | None = None

    @classmethod
    def create(cls) -> MemoryFile:
        """A new, empty file: in memory where the system can, else unlinked in the temporary folder.

        Unlike POSIX shared memory, a memfd is not bounded by the size of ``/dev/shm``, which
        containers keep small.
        """
        if hasattr(os, "memfd_create"):
            return cls(os.memfd_create("convolution-job"))
        with tempfile.TemporaryFile() as file:
            return cls(os.dup(file.fileno()))

    def write(self, data: bytes | bytearray | memoryview, offset: int = 0) -> None:
        """Put the bytes of ``data``, which must be C-contiguous, at ``offset``."""
        with memoryview(data) as view, view.cast("B") as left:
            done = 0
            while done < len(left):
                done += os.pwrite(self.descriptor, left[done:], offset + done)

    def read(self, length: int) -> bytes:
        """The first ``length`` bytes; a ValueError where the file is shorter."""
        if length > os.fstat(self.descriptor).st_size:
            raise ValueError("the memory file is shorter than announced")
        chunks: list[bytes] = []
        done = 0
        while done < length:
            # One call is enough below 2 GiB, and then join hands its result on without a copy.
            chunk = os.pread(self.descriptor, length - done, done)
            if not chunk:
                raise ValueError("the memory file was cut short")
            chunks.append(chunk)
            done += len(chunk)
        return b"".join(chunks)

    def view(self, length: int) -> memoryview:
        """The first ``length`` bytes, read-only, mapped for as long as views of them live.

        The mapping is kept for the next views, since page faults cost more than a copy: all
        views show what the file holds at the time, and none is to be read beyond its end.
        """
        if length == 0:
            return memoryview(b"")
        if self._mapped is not None and len(self._mapped) >= length:
            return memoryview(self._mapped)[:length]
        mapped = mmap.mmap(self.descriptor, length, access=mmap.ACCESS_READ)
        self._mapped = mapped if length <= KEPT_BYTES else None
        return memoryview(mapped)

    def shrink(self) -> None:
        """Give the memory of an unusually large file back."""
        if os.fstat(self.descriptor).st_size > KEPT_BYTES:
            os.ftruncate(self.descriptor, 0)

    def close(self) -> None:
        """Let go of the file; its memory is free once the other process does too."""
        os.close(self.descriptor)


def offsets_of(lengths: Iterable[int]) -> list[int]:
    """Where parts of these lengths start in a file, one after another, each aligned."""
    padded = (-(-length // ALIGNMENT) * ALIGNMENT for length in lengths)
    return list(accumulate(padded, initial=0))[:-1]
