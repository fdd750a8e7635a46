"""The FFT engines: overlap-save over tiles, with scipy.fft.

A tile of ``t`` samples, transformed, multiplied by the kernel's spectrum and transformed
back, holds ``t - k + 1`` samples of the linear convolution; the first ``k - 1`` are wrapped
round and thrown away, so neighbouring tiles overlap by that many (Oppenheim and Schafer,
Discrete-Time Signal Processing, section 8.7). Tiles keep memory bounded and cost per sample
independent of the array's length.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view

from service.convolution.arrays import Array
from service.convolution.samples import Samples

# A tile of several kernel lengths wastes little on the overlap and still fits a cache.
_TILE_PER_TAP = {1: 8, 2: 4}
_SMALLEST_TILE = {1: 1024, 2: 64}
# How much is transformed in one call: enough to forget Python, little enough to stay in cache.
_BATCH_BYTES = 4 << 20


def tile_length(output: int, k: int, dimensions: int) -> int:
    """The length of a tile along one axis, for ``output`` samples wanted of ``k`` taps."""
    wanted = max(_TILE_PER_TAP[dimensions] * k, _SMALLEST_TILE[dimensions])
    return int(scipy.fft.next_fast_len(min(wanted, output + k - 1), real=True))


def overlap_save_1d(signal: Samples, kernel: Array) -> Samples:
    """The valid convolution of shape ``(n - k + 1,)``."""
    k = len(kernel)
    output = len(signal) - k + 1
    tile = tile_length(output, k, 1)
    step = tile - k + 1
    count = math.ceil(output / step)
    tiles = _tiles(signal, (tile,), (step,), (count,))
    spectrum = scipy.fft.rfft(kernel.astype(signal.dtype), tile)
    result = np.empty((count, step), signal.dtype)
    batch = max(1, _BATCH_BYTES // (tile * signal.itemsize))
    for first in range(0, count, batch):
        some = slice(first, first + batch)
        filtered = scipy.fft.irfft(scipy.fft.rfft(tiles[some]) * spectrum, tile)
        result[some] = filtered[:, k - 1 :]
    return result.reshape(-1)[:output]


def overlap_save_2d(picture: Samples, kernel: Array) -> Samples:
    """The valid convolution of (height, width, channels) by (rows, columns)."""
    rows, columns = kernel.shape
    height, width = picture.shape[0] - rows + 1, picture.shape[1] - columns + 1
    tile = (tile_length(height, rows, 2), tile_length(width, columns, 2))
    step = (tile[0] - rows + 1, tile[1] - columns + 1)
    count = (math.ceil(height / step[0]), math.ceil(width / step[1]))
    tiles = _tiles(picture, tile, step, count)
    spectrum = scipy.fft.rfft2(kernel.astype(picture.dtype), tile)
    result = np.empty((height, width, picture.shape[2]), picture.dtype)
    batch = max(1, _BATCH_BYTES // (math.prod(tile) * picture.shape[2] * picture.itemsize))
    for across in range(count[0]):
        band = result[across * step[0] : (across + 1) * step[0]]
        for first in range(0, count[1], batch):
            some = tiles[across, first : first + batch]
            filtered = scipy.fft.irfft2(scipy.fft.rfft2(some) * spectrum, tile)
            kept = filtered[..., rows - 1 :, columns - 1 :].transpose(2, 0, 3, 1)
            strip = kept.reshape(step[0], -1, picture.shape[2])
            target = band[:, first * step[1] : (first + batch) * step[1]]
            target[:] = strip[: target.shape[0], : target.shape[1]]
    return result


def _tiles(
    array: Samples, tile: tuple[int, ...], step: tuple[int, ...], count: tuple[int, ...]
) -> Samples:
    """A view of shape (*count, [channels,] *tile) of the array, filled up with zeros."""
    missing = [
        (0, (c - 1) * s + t - n) for c, s, t, n in zip(count, step, tile, array.shape, strict=False)
    ]
    axes = tuple(range(len(tile)))
    filled = np.pad(array, missing + [(0, 0)] * (array.ndim - len(tile)))
    windows = sliding_window_view(filled, tile, axes)
    return windows[tuple(slice(None, None, s) for s in step)]
