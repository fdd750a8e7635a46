"""The pixels of a PNG file: inflated by ISA-L, unfiltered by OpenCV.

ISA-L inflates twice as fast as the zlib of OpenCV and Pillow, and to a bound. To undo the filters
is left to libpng, of which a file with the same rows is asked, stored instead of deflated.
Source: Portable Network Graphics (W3C), third edition; RFC 1950 and RFC 1951 for what is stored.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from isal import isal_zlib

from service.formats.picture import Samples
from service.formats.png_chunks import Chunk, written_file

_HEADER = struct.Struct(">IIBBBBB")
_GRAY, _RGB, _GRAY_ALPHA, _RGB_ALPHA = 0, 2, 4, 6
_CHANNELS = {_GRAY: 1, _RGB: 3, _GRAY_ALPHA: 2, _RGB_ALPHA: 4}
# Section 8.1: left, top, and the steps to the right and down, of each pass.
_ONE_PASS = ((0, 0, 1, 1),)
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)

# Deflate with a window of 32 KiB; a stored block tells whether it is the last, and its length
# twice, which is this at most.
_ZLIB_HEADER = b"\x78\x01"
_STORED_BLOCK = struct.Struct("<BHH")
_LONGEST_BLOCK = 0xFFFF


class Header(NamedTuple):
    """What the chunk IHDR tells, section 11.2.1."""

    width: int
    height: int
    depth: int
    color_type: int
    compression: int
    filtering: int
    interlacing: int

    @property
    def inflated_bytes(self) -> int:
        """The length of all rows, each led by its filter."""
        pixel_bytes = _CHANNELS[self.color_type] * self.depth // 8
        total = 0
        for left, top, across, down in _ADAM7 if self.interlacing else _ONE_PASS:
            columns, rows = -(-(self.width - left) // across), -(-(self.height - top) // down)
            if columns > 0:
                total += max(rows, 0) * (1 + columns * pixel_bytes)
        return total


def plain_header(chunks: Sequence[Chunk]) -> Header | None:
    """The header of a file that ``read_pixels`` reads; None for any other.

    They are those of whole bytes: 8 and 16 bits, gray and RGB, with alpha or without; with a
    colour key, RGB of 16 bits alone. A ``ValueError`` where there is not one header.
    """
    headers = [data for kind, data in chunks if kind == b"IHDR"]
    if len(headers) != 1 or len(headers[0]) != _HEADER.size:
        raise ValueError("the file has no header, or several, or a broken one")
    header = Header(*_HEADER.unpack(headers[0]))
    if header.depth not in (8, 16) or header.color_type not in _CHANNELS:
        return None
    has_key = any(kind == b"tRNS" for kind, _ in chunks)
    if has_key and (header.depth, header.color_type) != (16, _RGB):
        return None
    return header


def read_pixels(chunks: Sequence[Chunk], header: Header) -> Samples:
    """The samples ``(height, width, channels)``, uint8 or uint16, of a file of these chunks.

    ``header`` is its ``plain_header``. A ``ValueError`` or ISA-L's error for what is broken, or
    shorter than the header says; what is longer is left out.
    """
    has_key = any(kind == b"tRNS" for kind, _ in chunks)
    file = _stored_file(chunks, header.inflated_bytes)
    if header.color_type == _RGB and not has_key:
        return _unfiltered(file, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH)
    samples = _unfiltered(file, cv2.IMREAD_UNCHANGED)
    if header.color_type == _GRAY:
        return samples.reshape(header.height, header.width, 1)
    # Gray is there three times, and of colours blue comes first.
    if header.color_type == _GRAY_ALPHA:
        both = np.empty((header.height, header.width, 2), samples.dtype)
        cv2.mixChannels([samples], [both], [0, 0, 3, 1])
        return both
    return cv2.cvtColor(samples, cv2.COLOR_BGRA2RGBA)


def _stored_file(chunks: Sequence[Chunk], inflated_bytes: int) -> bytes:
    """The same picture in a file that is not deflated. What it was made from is let go of."""
    deflated = b"".join(data for kind, data in chunks if kind == b"IDAT")
    rows = isal_zlib.decompressobj().decompress(deflated, inflated_bytes)
    if len(rows) < inflated_bytes:
        raise ValueError("there are fewer pixels than the header says")
    described = [chunk for chunk in chunks if chunk[0] in (b"IHDR", b"tRNS")]
    return written_file((*described, *_stored(memoryview(rows))))


def _stored(rows: memoryview) -> Iterator[Chunk]:
    """The rows as they are, in the blocks of deflate."""
    yield b"IDAT", _ZLIB_HEADER
    for start in range(0, len(rows), _LONGEST_BLOCK):
        block = rows[start : start + _LONGEST_BLOCK]
        is_last = start + len(block) == len(rows)
        yield b"IDAT", _STORED_BLOCK.pack(is_last, len(block), len(block) ^ 0xFFFF)
        yield b"IDAT", block
    yield b"IDAT", struct.pack(">I", isal_zlib.adler32(rows))


def _unfiltered(file: bytes, flags: int) -> Samples:
    samples = cv2.imdecode(np.frombuffer(file, np.uint8), flags)
    if samples is None:
        raise ValueError("OpenCV found it broken")
    return samples
