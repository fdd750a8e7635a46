"""Direct engines: the sum itself, tap by tap. Each computes the ``valid`` part."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from service.convolution.arrays import Array
from service.convolution.boundary import Border
from service.convolution.opencv import border_type, valid_part
from service.convolution.samples import Precision, Samples

# OpenCV's filter2D goes over to a DFT of its own, with a DFT's rounding, from 50 taps on, or
# from 130 on in float32 where the processor has SSE3. Below, it is a plain vectorised sum.
_MOST_TAPS, _MOST_TAPS_FLOAT32 = 49, 129
_SSE3: Final = 4
# A column of so many taps reads more rows at once than stay in the cache, unless they are short.
_TALL, _STRIP_BYTES = 16, 1024


def direct_1d(signal: Samples, kernel: Array) -> Samples:
    """The valid convolution of shape ``(n - k + 1,)``; numpy.convolve."""
    return np.convolve(signal, kernel.astype(signal.dtype), mode="valid")


def direct_2d(
    picture: NDArray[Any], kernel: Array, precision: Precision, border: Border
) -> Samples:
    """The valid convolution, (height, width, channels) by (rows, columns), by cv2.filter2D.

    A large kernel is cut into blocks small enough to stay a direct sum; convolution is
    linear in the kernel, so the blocks' results add up. filter2D leaves out taps of zero, and
    so are blocks of nothing else.
    """
    flipped: Samples = kernel[::-1, ::-1].astype(precision)
    kind = border_type(border, kernel.shape)
    if kind is not None and kernel.shape == _block_shape(kernel.shape, precision):
        samples: Samples = np.asarray(picture, dtype=precision)
        return _correlated(samples, flipped, kind)
    return _sum_of_blocks(border.round(picture, precision), flipped, precision)


def most_blocks(shape: tuple[int, int], nonzero: int, precision: Precision) -> int:
    """How many blocks a kernel is cut into, at most."""
    rows, columns = _block_shape(shape, precision)
    return max(1, min(nonzero, -(-shape[0] // rows) * -(-shape[1] // columns)))


def _sum_of_blocks(picture: Samples, flipped: Samples, precision: Precision) -> Samples:
    height = picture.shape[0] - flipped.shape[0] + 1
    width = picture.shape[1] - flipped.shape[1] + 1
    total: Samples | None = None
    for top, left, block in _blocks(flipped, precision):
        rows, columns = block.shape
        window = picture[top : top + height + rows - 1, left : left + width + columns - 1]
        filtered = _correlated(window, block, cv2.BORDER_CONSTANT)
        part = valid_part(filtered, window.shape, (rows, columns))
        total = part if total is None else np.add(total, part, out=total)
    return np.zeros((height, width, picture.shape[2]), picture.dtype) if total is None else total


def _correlated(picture: Samples, kernel: Samples, border: int) -> Samples:
    """filter2D's answer, in the picture's shape; of a tall column, in strips."""
    if kernel.shape[1] > 1 or len(kernel) < _TALL:
        filtered = cv2.filter2D(picture, -1, kernel, borderType=border)
        return cast("Samples", filtered).reshape(picture.shape)
    plane = picture.reshape(len(picture), -1)
    result = np.empty_like(plane)
    width = _STRIP_BYTES // plane.itemsize
    for left in range(0, plane.shape[1], width):
        strip = np.s_[:, left : left + width]
        cv2.filter2D(plane[strip], -1, kernel, dst=result[strip], borderType=border)
    return result.reshape(picture.shape)


def _blocks(kernel: Samples, precision: Precision) -> Iterator[tuple[int, int, Samples]]:
    rows, columns = _block_shape(kernel.shape, precision)
    for top in range(0, kernel.shape[0], rows):
        for left in range(0, kernel.shape[1], columns):
            block = kernel[top : top + rows, left : left + columns]
            if block.any():
                yield top, left, block


def _block_shape(shape: Sequence[int], precision: Precision) -> tuple[int, int]:
    taps = _MOST_TAPS_FLOAT32 if precision is np.float32 and _has_sse3() else _MOST_TAPS
    side = math.isqrt(taps)
    rows = min(shape[0], side)
    if shape[1] < side:
        rows = min(shape[0], taps // shape[1])
    return rows, min(shape[1], taps // rows)


@cache
def _has_sse3() -> bool:
    return bool(cv2.checkHardwareSupport(_SSE3))
