"""Floating-point results to the integers of a picture: the only place that clips or rescales."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32] | NDArray[np.float64]
Integers = NDArray[np.uint8] | NDArray[np.uint16]
Extreme = float | NDArray[np.float32] | NDArray[np.float64]

# A float64 to which it was added is a multiple of 2**-30.
_COARSE = 1.5 * 2.0**22


class Scaling(StrEnum):
    """How values are brought to the range of a picture."""

    CLIP = "clip"
    MINMAX = "minmax"
    NONE = "none"


def quantise(
    values: Values, scaling: Scaling, source_maximum: float, depth: Literal[8, 16]
) -> Integers:
    """Finite values of any shape as uint8 (``depth`` 8) or uint16 (16), rounded half to even.

    Of float64, what is within 2**-31 of a half counts as one.

    ``clip`` saturates at 0 and at the depth's maximum, after scaling by it over
    ``source_maximum`` where the two differ. ``minmax`` stretches the smallest value to 0 and
    the largest to the maximum; where all are equal, all become 0. ``none`` is for outputs
    that hold floats, and a ``ValueError`` here. The values themselves are left alone.
    """
    if scaling is Scaling.NONE:
        raise ValueError("scaling 'none' has no integer result")
    if scaling is Scaling.MINMAX:
        return stretch(values, float(values.min()), float(values.max()), depth)
    maximum = 2**depth - 1
    scaled = _rescaled(values, source_maximum, maximum)
    scaled = np.clip(scaled, 0, maximum, out=None if scaled is values else scaled)
    return _rounded(scaled, depth)


def stretch(values: Values, low: Extreme, high: Extreme, depth: Literal[8, 16]) -> Integers:
    """Finite values with ``low`` stretched to 0 and ``high`` to the depth's maximum.

    No value lies outside of ``low`` and ``high``, which broadcast against the values: one
    pair for all, or one for each part of them. Where the two are equal the result is 0.
    """
    # In float64: the span of float32 values may be tiny beside their size.
    stretched, bottom, top = (np.array(each, np.float64) for each in (values, low, high))
    with np.errstate(over="ignore"):
        span = top - bottom
    if np.isinf(span).any():
        stretched, bottom, span = stretched / 2, bottom / 2, top / 2 - bottom / 2
    stretched -= bottom
    stretched /= np.where(span == 0, 1.0, span)
    stretched *= 2**depth - 1
    return _rounded(stretched, depth)


def _rounded(scaled: Values, depth: Literal[8, 16]) -> Integers:
    """The integers next to values from 0 to the depth's maximum, in place of these."""
    if scaled.dtype == np.float64:
        # What is a half but for float64's own rounding, as mirrored taps of an even number
        # make many, is one again.
        scaled += _COARSE
        scaled -= _COARSE
    np.rint(scaled, out=scaled)
    return scaled.astype(np.uint8) if depth == 8 else scaled.astype(np.uint16)


def _rescaled(values: Values, source_maximum: float, maximum: int) -> Values:
    # Multiplying upwards and dividing downwards: 65535 / 255 is 257 exactly, its inverse is
    # not a binary fraction.
    if source_maximum == maximum:
        return values
    with np.errstate(over="ignore"):  # an infinity saturates as rightly as what exceeded it
        if source_maximum < maximum:
            return values * values.dtype.type(maximum / source_maximum)
        return values / values.dtype.type(source_maximum / maximum)
