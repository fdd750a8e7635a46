"""Direct engines: the sum itself, tap by tap. Each computes the ``valid`` part."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from service.convolution.arrays import Array
from service.convolution.opencv import valid_part
from service.convolution.samples import Samples

# OpenCV's filter2D goes over to a DFT of its own from 50 taps on (121 in some builds and
# depths), with a DFT's rounding. Below, it is a plain vectorised sum.
_MAX_BLOCK_TAPS = 49
_MAX_BLOCK_SIDE = 7


def direct_1d(signal: Samples, kernel: Array) -> Samples:
    """The valid convolution of shape ``(n - k + 1,)``; numpy.convolve."""
    return np.convolve(signal, kernel.astype(signal.dtype), mode="valid")


def direct_2d(picture: Samples, kernel: Array) -> Samples:
    """The valid convolution, (height, width, channels) by (rows, columns), by cv2.filter2D.

    A large kernel is cut into blocks small enough to stay a direct sum; convolution is
    linear in the kernel, so the blocks' results add up. filter2D leaves out taps of zero, and
    so are blocks of nothing else.
    """
    flipped = kernel[::-1, ::-1].astype(picture.dtype)
    height = picture.shape[0] - kernel.shape[0] + 1
    width = picture.shape[1] - kernel.shape[1] + 1
    total: Samples | None = None
    for top, left, block in _blocks(flipped):
        rows, columns = block.shape
        window = picture[top : top + height + rows - 1, left : left + width + columns - 1]
        part = _correlate_valid(window, block)
        total = part if total is None else np.add(total, part, out=total)
    return np.zeros((height, width, picture.shape[2]), picture.dtype) if total is None else total


def most_blocks(shape: tuple[int, int], nonzero: int) -> int:
    """How many blocks a kernel is cut into, at most."""
    rows, columns = _block_shape(shape)
    return max(1, min(nonzero, -(-shape[0] // rows) * -(-shape[1] // columns)))


def _correlate_valid(picture: Samples, kernel: Samples) -> Samples:
    """The valid correlation with a small kernel, as a view of filter2D's answer."""
    rows, columns = kernel.shape
    filtered = cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_CONSTANT)
    return valid_part(filtered, picture.shape, (rows, columns))


def _blocks(kernel: Samples) -> Iterator[tuple[int, int, Samples]]:
    rows, columns = _block_shape((kernel.shape[0], kernel.shape[1]))
    for top in range(0, kernel.shape[0], rows):
        for left in range(0, kernel.shape[1], columns):
            block = kernel[top : top + rows, left : left + columns]
            if block.any():
                yield top, left, block


def _block_shape(shape: tuple[int, int]) -> tuple[int, int]:
    rows = min(shape[0], _MAX_BLOCK_SIDE)
    if shape[1] < _MAX_BLOCK_SIDE:
        rows = min(shape[0], _MAX_BLOCK_TAPS // shape[1])
    return rows, min(shape[1], _MAX_BLOCK_TAPS // rows)
