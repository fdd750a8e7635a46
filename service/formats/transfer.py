"""The sRGB transfer function: from stored levels to linear light and back.

Source: IEC 61966-2-1:1999, section 5.2. Alpha is linear as it is, and not for these functions.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from service.formats.levels import by_rows
from service.formats.picture import Samples

Precision = type[np.float32] | type[np.float64]

_OFFSET = 0.055
_EXPONENT = 2.4
_TOE_SLOPE = 12.92
_TOE_LEVEL = 0.04045
_TOE_LIGHT = 0.0031308
# A block of samples with its temporaries stays within a core's own cache.
_BLOCK = 2**15


def to_linear(levels: Samples, white: float, precision: Precision = np.float64) -> Samples:
    """Linear light, on the scale of the levels: 0 stays 0, and ``white`` white.

    The levels are of any shape of one dimension or more. uint8 and uint16 are looked up in a
    table of the formula in float64, with one entry for each of their levels; anything else is
    computed in float64. Below 0 the curve goes on as its mirror image, above white as it is.
    """
    if levels.dtype in (np.uint8, np.uint16):
        every = np.arange(np.iinfo(levels.dtype).max + 1)
        table: Samples = (_linear(every / white) * white).astype(precision)
        return by_rows(table.take, levels)
    light: Samples = (_linear(levels.astype(np.float64) / white) * white).astype(precision)
    return light


def from_linear(light: Samples, white: float) -> Samples:
    """The levels of linear light: the inverse of ``to_linear``, of the same shape and type.

    float64 within 1e-10 of a 16-bit level of the formula, float32 within 1e-3 of an 8-bit
    one. Every level of 8 and 16 bits comes back from ``to_linear`` to itself, once rounded, in
    either type.
    """
    flat: Samples = np.ravel(light)
    levels = np.empty_like(flat)
    for start in range(0, flat.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        levels[block] = _encoded(flat[block], white)
    return levels.reshape(light.shape)


def _linear(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    size = np.abs(levels)
    curve = ((size + _OFFSET) / (1 + _OFFSET)) ** _EXPONENT
    return np.copysign(np.where(size <= _TOE_LEVEL, size / _TOE_SLOPE, curve), levels)


def _power(base: Samples, exponent: float) -> NDArray[Any]:
    if base.dtype == np.float64:
        # OpenCV's has a float64's digits only where it is built with Intel's IPP.
        return np.power(base, exponent)
    # Vectorised whatever the processor is, as numpy's on some.
    return cv2.pow(base, exponent).reshape(base.shape)


def _encoded(light: Samples, white: float) -> Samples:
    size = np.abs(light)
    size /= light.dtype.type(white)
    levels = _power(size, 1 / _EXPONENT)
    levels *= light.dtype.type((1 + _OFFSET) * white)
    levels -= light.dtype.type(_OFFSET * white)
    toe_slope = light.dtype.type(_TOE_SLOPE * white)
    np.multiply(size, toe_slope, out=levels, where=size <= _TOE_LIGHT)
    signed: Samples = np.copysign(levels, light, out=levels)
    return signed
