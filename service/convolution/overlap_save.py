"""Overlap-save: tiles of the samples, transformed, filtered, and transformed back.

A tile of ``t`` samples, multiplied by the kernel's spectrum, holds ``t - k + 1`` samples of the
linear convolution; the first ``k - 1`` are wrapped round and thrown away, so neighbouring tiles
overlap by that many (Oppenheim and Schafer, Discrete-Time Signal Processing, section 8.7). The
last tile is moved back to end where the samples end. Tiles stay in cache, and cost per sample is
independent of the array's length.

The transforms are OpenCV's: in its own packing of a real signal's spectrum, in place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, cast

import cv2
import numpy as np

from service.convolution.arrays import Array
from service.convolution.samples import Samples

# How many samples of a signal are filtered by one call, unless a tile has more.
_BATCH_SAMPLES = 1 << 16
_ROW_GAP = 16


def overlap_save_1d(signal: Samples, kernel: Array, tile: int) -> Samples:
    """The valid convolution of shape ``(n - k + 1,)``, in tiles of ``tile`` samples."""
    k, output = len(kernel), len(signal) - len(kernel) + 1
    signal = _filled(signal, (tile,))
    starts = list(_starts(len(signal), tile, tile - k + 1))
    result = np.empty(output, signal.dtype)
    rows = min(max(1, _BATCH_SAMPLES // tile), len(starts))
    tiles = np.empty((rows, tile), signal.dtype)
    # A scaled spectrum spares scaling each tile.
    spectrum = cv2.dft(_filled(kernel.astype(signal.dtype) / tile, (tile,))[np.newaxis])
    spectra = np.repeat(spectrum, rows, axis=0)
    for first in range(0, len(starts), rows):
        batch = starts[first : first + rows]
        for row, start in enumerate(batch):
            tiles[row] = signal[start : start + tile]
        some, their = tiles[: len(batch)], spectra[: len(batch)]
        cv2.dft(some, dst=some, flags=cv2.DFT_ROWS)
        cv2.mulSpectrums(some, their, cv2.DFT_ROWS, c=some)
        cv2.idft(some, dst=some, flags=cv2.DFT_ROWS)
        for row, start in enumerate(batch):
            kept = result[start : start + tile - k + 1]
            kept[:] = some[row, k - 1 : k - 1 + len(kept)]
    return result


def overlap_save_2d(picture: Samples, kernel: Array, tile: tuple[int, int]) -> Samples:
    """The valid convolution of (height, width, channels) by (rows, columns), in such tiles."""
    (rows, columns), channels = kernel.shape, picture.shape[2]
    size = picture.shape[0] - rows + 1, picture.shape[1] - columns + 1
    picture = _filled(picture, tile)
    scaled = _filled(kernel.astype(picture.dtype) / math.prod(tile), tile)
    spectrum = _spread(tile, picture.dtype)
    cv2.dft(scaled, dst=spectrum)
    result = np.empty((*size, channels), picture.dtype)
    # A row of tiles at a time, channel by channel, so that what is taken apart stays in cache.
    for top in _starts(picture.shape[0], tile[0], tile[0] - rows + 1):
        band, target = picture[top : top + tile[0]], result[top : top + tile[0] - rows + 1]
        planes = [np.empty(target.shape[:2], picture.dtype) for _ in range(channels)]
        for channel, plane in enumerate(planes):
            samples = cast("Samples", cv2.extractChannel(band, channel))
            _filter_row_of_tiles(samples, spectrum, (rows, columns), plane)
        cv2.merge(planes, dst=target)
    return result


def _filter_row_of_tiles(
    band: Samples, spectrum: Samples, taps: tuple[int, int], result: Samples
) -> None:
    """Fill ``result``, (height, width), from a band that is as high as a tile."""
    (high, wide), (rows, columns) = spectrum.shape, taps
    filtered, tile = (_spread((high, wide), band.dtype) for _ in range(2))
    for left in _starts(band.shape[1], wide, wide - columns + 1):
        cv2.dft(band[:, left : left + wide], dst=filtered)
        cv2.mulSpectrums(filtered, spectrum, 0, c=filtered)
        cv2.idft(filtered, dst=tile)
        kept = result[:, left : left + wide - columns + 1]
        height, width = kept.shape
        kept[:] = tile[rows - 1 : rows - 1 + height, columns - 1 : columns - 1 + width]


def _spread(shape: tuple[int, int], dtype: np.dtype[Any]) -> Samples:
    """An empty array whose rows don't all fall on the same lines of the cache.

    A transform along columns of a power of two samples apart takes up to twice the time.
    """
    return np.empty((shape[0], shape[1] + _ROW_GAP), dtype)[:, : shape[1]]


def _starts(n: int, tile: int, step: int) -> Iterator[int]:
    """Where tiles begin that cover ``n`` samples, which are no fewer than a tile has."""
    yield from range(0, n - tile, step)
    yield n - tile


def _filled(array: Samples, shape: tuple[int, ...]) -> Samples:
    """The array, filled up with zeros to the shape along its first axes, where it is smaller."""
    missing = [(0, max(0, size - n)) for n, size in zip(array.shape, shape, strict=False)]
    missing += [(0, 0)] * (array.ndim - len(missing))
    return np.pad(array, missing) if any(after for _, after in missing) else array
