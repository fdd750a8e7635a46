"""Levels of any count of bits as those of 8 or 16, and what is computed level by level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.formats.picture import Samples

_BLOCK = 2**17


def widened(levels: NDArray[Any], maximum: int) -> Samples:
    """Unsigned levels of 0 to ``maximum`` as uint8, or as uint16 where that is over 255.

    Each becomes ``level * white / maximum``, rounded half to even: a 12-bit 4095 is 65535. An
    ``IndexError`` for a level over the maximum. ``maximum`` is 65535 at most.
    """
    dtype, white = (np.uint8, 255) if maximum <= 255 else (np.uint16, 65535)
    if maximum == white:
        return levels.astype(dtype, copy=False)
    table: Samples = np.rint(np.arange(maximum + 1) * white / maximum).astype(dtype)
    # Any index is made one of 64 bits on the way.
    return by_rows(table.take, levels)


def by_rows(function: Callable[[Samples], Samples], samples: Samples) -> Samples:
    """What the function gives for the samples, ``(height, ...)``, asked for a few rows at a time.

    So its temporaries in float64 are never of the whole picture.
    """
    rows = max(1, _BLOCK * len(samples) // max(samples.size, 1))
    first = function(samples[:rows])
    result = np.empty((len(samples), *first.shape[1:]), first.dtype)
    result[:rows] = first
    for start in range(rows, len(samples), rows):
        result[start : start + rows] = function(samples[start : start + rows])
    return result
