"""The five filters of PNG: rows told as differences to what a neighbour predicts.

The names are those of the specification: ``x`` is the byte filtered, ``a`` that of the pixel to
its left, ``b`` that above it, and ``c`` that above on the left.
Source: Portable Network Graphics (W3C), third edition, section 9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from service.formats.picture import Samples

Bytes = NDArray[np.uint8]


class Filter(IntEnum):
    """The number that leads a row, section 9.2."""

    NONE = 0
    SUB = 1
    UP = 2
    AVERAGE = 3
    PAETH = 4


def padded_rows(samples: Samples, first: int, last: int) -> Bytes:
    """The rows ``first`` to ``last`` (not itself) of unsigned samples as big-endian bytes.

    ``(1 + last - first, pixel + row)`` bytes: with the row above them, and a pixel to the left,
    of zeros where they lie outside of the picture.
    """
    width, channels = samples.shape[1:]
    pixel_bytes = channels * samples.itemsize
    rows = samples[max(first - 1, 0) : last]
    rows = rows.astype(rows.dtype.newbyteorder(">"), copy=False)
    padded = np.empty((1 + last - first, (1 + width) * pixel_bytes), np.uint8)
    padded[:, :pixel_bytes] = 0
    padded[0] = 0
    padded[-len(rows) :, pixel_bytes:] = rows.reshape(len(rows), -1).view(np.uint8)
    return padded


def filtered(padded: Bytes, pixel_bytes: int, kind: Filter) -> Bytes:
    """The rows without their padding, each led by the number of its filter.

    ``(..., rows, 1 + row)`` bytes, of one or more blocks that ``padded_rows`` gave.
    """
    above, own = padded[..., :-1, :], padded[..., 1:, :]
    a, b, c = own[..., :-pixel_bytes], above[..., pixel_bytes:], above[..., :-pixel_bytes]
    *blocks, row_bytes = a.shape
    result = np.empty((*blocks, 1 + row_bytes), np.uint8)
    result[..., 0] = kind
    np.subtract(own[..., pixel_bytes:], _PREDICTORS[kind](a, b, c), out=result[..., 1:])
    return result


def best_filter(padded: Bytes, pixel_bytes: int, kinds: Iterable[Filter]) -> Filter:
    """That of the kinds which makes padded rows the smallest, once they are deflated.

    Trying tells more than the sum of absolute differences that the specification proposes
    (section 12.7): this takes the edges of a picture for noise, and filters them into some.
    """

    def deflated_bytes(kind: Filter) -> int:
        return len(isal_zlib.compress(filtered(padded, pixel_bytes, kind), 1))

    return min(kinds, key=deflated_bytes)


def _zero(a: Bytes, b: Bytes, c: Bytes) -> Bytes:  # noqa: ARG001
    return np.zeros((), np.uint8)


def _left(a: Bytes, b: Bytes, c: Bytes) -> Bytes:  # noqa: ARG001
    return a


def _above(a: Bytes, b: Bytes, c: Bytes) -> Bytes:  # noqa: ARG001
    return b


def _average(a: Bytes, b: Bytes, c: Bytes) -> Bytes:  # noqa: ARG001
    """Half of the sum, rounded down, without its ninth bit."""
    half: Bytes = np.bitwise_xor(a, b)
    half >>= 1
    half += a & b
    return half


def _paeth(a: Bytes, b: Bytes, c: Bytes) -> Bytes:
    """Of the three that which is nearest to ``a + b - c``; of equally near ones the first."""
    left, above, corner = (each.astype(np.int16) for each in (a, b, c))
    to_a, to_b = np.abs(above - corner), np.abs(left - corner)
    to_c = np.abs(left + above - 2 * corner)
    return np.where((to_a <= to_b) & (to_a <= to_c), a, np.where(to_b <= to_c, b, c))


_PREDICTORS: Mapping[Filter, Callable[[Bytes, Bytes, Bytes], Bytes]] = {
    Filter.NONE: _zero,
    Filter.SUB: _left,
    Filter.UP: _above,
    Filter.AVERAGE: _average,
    Filter.PAETH: _paeth,
}
