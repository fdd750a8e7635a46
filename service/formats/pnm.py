"""The Netpbm formats: PBM, PGM and PPM, plain and binary, and PFM.

Pillow reads them as well, but with 8 bits a colour alone, and those of an unusual maximum, or
in decimal digits, sample by sample. Source: Netpbm's manual pages pbm, pgm, ppm and pfm.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from service.formats.levels import widened
from service.formats.limits import PictureLimits, require_frame
from service.formats.orientation import Stored
from service.formats.picture import Buffer, Samples

# Possessive: what could be given back is remembered, and gaps may be as long as the file.
_GAP = rb"(?:\s++|#[^\r\n]*+[\r\n])++"
_NUMBER = _GAP + rb"(\d{1,10})"
_SIZE = re.compile(rb"P[1-6fF]" + _NUMBER + _NUMBER)
_MAXIMUM = re.compile(_NUMBER)
_SCALE = re.compile(rb"\s+(-?[0-9.eE+-]{1,40})")
_COMMENTS = re.compile(rb"#[^\r\n]*")
# Among the samples of plain files; each costs memory of its own.
_MOST_COMMENTS = 10_000
_WHITE_SPACE = b" \t\n\v\f\r"


@dataclass(frozen=True)
class _Raster:
    """What follows the size in a file, and the shape that it is to be given."""

    rest: memoryview
    shape: tuple[int, int, int]

    @property
    def count(self) -> int:
        height, width, channels = self.shape
        return height * width * channels

    def maximum(self) -> tuple[int, memoryview]:
        """The number of white, and what follows it."""
        match = _MAXIMUM.match(self.rest)
        if match is None or not 1 <= int(match[1]) <= 65535:
            raise ValueError("the maximum is 1 to 65535")
        return int(match[1]), self.rest[match.end() :]


def decode_pnm(data: Buffer, frame: int, limits: PictureLimits) -> Stored:
    """The first picture of a Netpbm file; uint8 for a maximum up to 255, else uint16 or float32.

    Levels are widened to the whole range of their type. A ``ValueError`` or ``IndexError``
    for a broken file.
    """
    require_frame(frame, 1)
    width, height, start = _size(data)
    limits.require(width, height)
    decode, channels = _KINDS[bytes(data[1:2])]
    return Stored(decode(_Raster(memoryview(data)[start:], (height, width, channels))))


def pnm_size(data: Buffer) -> tuple[int, int]:
    """Width and height as the header tells them; a ``ValueError`` where it does not."""
    return _size(data)[:2]


def _size(data: Buffer) -> tuple[int, int, int]:
    """Width, height, and where in the file what follows them begins."""
    match = _SIZE.match(data)
    if match is None:
        raise ValueError("the header tells no size")
    return int(match[1]), int(match[2]), match.end()


def _plain_bits(raster: _Raster) -> Samples:
    digits = _uncommented(raster.rest).translate(None, _WHITE_SPACE)
    bits = np.frombuffer(digits, np.uint8, raster.count) - ord("0")
    return _ink(bits.reshape(raster.shape))


def _bits(raster: _Raster) -> Samples:
    height, width, _ = raster.shape
    row_bytes = -(-width // 8)
    rows = np.frombuffer(raster.rest[1:], np.uint8, height * row_bytes).reshape(height, row_bytes)
    return _ink(np.unpackbits(rows, axis=1, count=width).reshape(raster.shape))


def _ink(bits: Samples) -> Samples:
    # A one is black.
    return 255 - widened(bits, 1)


def _plain_levels(raster: _Raster) -> Samples:
    maximum, rest = raster.maximum()
    # Not told the count, for which it would make room, and leave there whatever memory held.
    levels = np.fromstring(_uncommented(rest), np.int64, sep=" ")[: raster.count]
    if len(levels) < raster.count or levels.min() < 0 or levels.max() > maximum:
        raise ValueError("too few numbers, or some that are no levels")
    return widened(levels.reshape(raster.shape), maximum)


def _uncommented(rest: memoryview) -> bytes:
    text = bytes(rest)
    if text.count(b"#") > _MOST_COMMENTS:
        raise ValueError("more comments than are read")
    return _COMMENTS.sub(b"", text)


def _levels(raster: _Raster) -> Samples:
    maximum, rest = raster.maximum()
    dtype = np.dtype(">u2" if maximum > 255 else np.uint8)
    levels = np.frombuffer(rest[1:], dtype, raster.count).reshape(raster.shape)
    return widened(levels, maximum)


def _floats(raster: _Raster) -> Samples:
    """Rows from the bottom upward; the sign of the scale is the byte order, its size ignored."""
    match = _SCALE.match(raster.rest)
    if match is None or float(match[1]) == 0:
        raise ValueError("the scale is no number, or zero")
    dtype = np.dtype("<f4" if float(match[1]) < 0 else ">f4")
    upward = np.frombuffer(raster.rest[match.end() + 1 :], dtype, raster.count)
    return upward.reshape(raster.shape)[::-1].astype(np.float32)


_KINDS: Mapping[bytes, tuple[Callable[[_Raster], Samples], int]] = {
    b"1": (_plain_bits, 1),
    b"2": (_plain_levels, 1),
    b"3": (_plain_levels, 3),
    b"4": (_bits, 1),
    b"5": (_levels, 1),
    b"6": (_levels, 3),
    b"f": (_floats, 1),
    b"F": (_floats, 3),
}
