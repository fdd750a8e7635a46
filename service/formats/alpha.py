"""Straight alpha to premultiplied and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.formats.levels import by_rows
from service.formats.picture import Samples

Floats = NDArray[np.float32] | NDArray[np.float64]


def premultiply(color: Floats, alpha: Floats, white: float) -> Floats:
    """Colours times their opacity, ``alpha / white``: black where alpha is 0.

    ``color`` is ``(height, width, channels)``, ``alpha`` ``(height, width, 1)``, both float32
    or both float64, and so is the result. Every level of a colour comes back from
    ``unpremultiply`` to itself once rounded, wherever alpha is not 0: those of 8 bits in either
    type, those of 16 in float64.
    """
    return color * alpha / white


def unpremultiply(color: Floats, alpha: Floats, white: float) -> Floats:
    """Colours divided by their opacity, ``alpha / white``: 0 where alpha is 0 or less.

    Shapes and types as for ``premultiply``. A convolution may leave alpha below 0 and colours
    that exceed it: the former have no colour, the latter become more than ``white``.
    """
    visible = alpha > 0
    # Divided by the smallest opacity of all, a colour may exceed what a float32 holds.
    with np.errstate(over="ignore"):
        return np.where(visible, color * white / np.where(visible, alpha, white), 0)


def straightened(samples: Samples, white: float) -> Samples:
    """Premultiplied samples of a file, alpha last, as straight ones of the same type.

    Integers are rounded half to even, colours over their alpha taken as ``white``.
    """

    def block(rows: Samples) -> Samples:
        values = rows.astype(np.float64)
        color = unpremultiply(values[:, :, :-1], values[:, :, -1:], white)
        if samples.dtype.kind == "u":
            color = np.rint(np.minimum(color, white))
        return np.concatenate((color.astype(samples.dtype), rows[:, :, -1:]), axis=2)

    return by_rows(block, samples)
