"""The chunks that PNG files are made of.

Source: Portable Network Graphics (W3C), third edition, section 5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Final

from isal import isal_zlib

from service.errors import LimitExceeded
from service.formats.limits import IMAGE
from service.formats.picture import Buffer

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"

# More than an animation of as many frames as are sought has, each cut into small pieces. Reading
# a chunk takes time whatever is in it.
_MOST_CHUNKS = 100_000

_HEAD = struct.Struct(">I4s")
_CHECKSUM = struct.Struct(">I")

Chunk = tuple[bytes, Buffer]  # its type and its data


def require_few_chunks(file: Buffer) -> None:
    """``LimitExceeded`` at ``/image`` for a file of more chunks than any encoder makes."""
    position = len(SIGNATURE)
    for _ in range(_MOST_CHUNKS):
        if position + _HEAD.size > len(file):
            return
        length, kind = _HEAD.unpack_from(file, position)
        if kind == b"IEND":
            return
        position += _HEAD.size + length + _CHECKSUM.size
    raise LimitExceeded.at(IMAGE, f"the PNG file has more than {_MOST_CHUNKS} chunks")


def read_chunks(file: Buffer) -> Iterator[Chunk]:
    """The chunks in their order up to the one that ends it; what is cut off is left out.

    A ``ValueError`` where a checksum is not that of its chunk.
    """
    view, position = memoryview(file), len(SIGNATURE)
    while position + _HEAD.size + _CHECKSUM.size <= len(view):
        length, kind = _HEAD.unpack_from(view, position)
        start = position + _HEAD.size
        position = start + length + _CHECKSUM.size
        if position > len(view):
            return
        data = view[start : start + length]
        if _CHECKSUM.unpack_from(view, start + length) != (_checksum(kind, data),):
            raise ValueError("a chunk is broken")
        yield kind, data
        if kind == b"IEND":
            return


def written_file(chunks: Iterable[Chunk]) -> bytes:
    """A file of these chunks, and of the one that ends it."""
    parts: list[Buffer] = [SIGNATURE]
    for kind, data in (*chunks, (b"IEND", b"")):
        parts += [_HEAD.pack(len(data), kind), data, _CHECKSUM.pack(_checksum(kind, data))]
    return b"".join(parts)


def _checksum(kind: bytes, data: Buffer) -> int:
    return isal_zlib.crc32(data, isal_zlib.crc32(kind))
