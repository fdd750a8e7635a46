"""What deflates the samples of PNG and TIFF, at either effort."""

from __future__ import annotations

import zlib
from typing import Protocol

from isal import isal_zlib

from service.formats.compression import Compression


class Deflator(Protocol):
    """A stream that takes bytes and gives fewer."""

    def compress(self, data: memoryview, /) -> bytes:
        """What can be told of them so far."""

    def flush(self, mode: int = zlib.Z_FINISH, /) -> bytes:
        """The rest; by ``Z_SYNC_FLUSH`` up to a whole byte, by default with the end."""


def deflator(compression: Compression, item_bytes: int, window_bits: int) -> Deflator:
    """A stream for differences of samples of so many bytes; ``window_bits`` as zlib's ``wbits``."""
    if compression is Compression.FAST:
        # ISA-L's first level: within 3% of the size of zlib's first, four to five times faster.
        return isal_zlib.compressobj(1, isal_zlib.DEFLATED, window_bits)
    # Level 9 takes eight times as long on edges, for 1%. Short matches are seldom worth their
    # while, but where 16 bits were 8 before, and are the same byte twice.
    strategy = zlib.Z_FILTERED if item_bytes == 1 else zlib.Z_DEFAULT_STRATEGY
    return zlib.compressobj(6, zlib.DEFLATED, window_bits, zlib.DEF_MEM_LEVEL + 1, strategy)
