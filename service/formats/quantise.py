"""Floating-point results to the integers of a picture: the only place that clips or rescales."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32] | NDArray[np.float64]
Integers = NDArray[np.uint8] | NDArray[np.uint16]


class Scaling(StrEnum):
    """How values are brought to the range of a picture."""

    CLIP = "clip"
    MINMAX = "minmax"
    NONE = "none"


def quantise(
    values: Values, scaling: Scaling, source_maximum: float, depth: Literal[8, 16]
) -> Integers:
    """Finite values of any shape as uint8 (``depth`` 8) or uint16 (16), rounded half to even.

    ``clip`` saturates at 0 and at the depth's maximum, after scaling by it over
    ``source_maximum`` where the two differ. ``minmax`` stretches the smallest value to 0 and
    the largest to the maximum; where all are equal, all become 0. ``none`` is for outputs
    that hold floats, and a ``ValueError`` here. The values themselves are left alone.
    """
    if scaling is Scaling.NONE:
        raise ValueError("scaling 'none' has no integer result")
    maximum = 2**depth - 1
    scaled: Values
    if scaling is Scaling.MINMAX:
        scaled = _stretched(values, maximum)
    else:
        scaled = _rescaled(values, source_maximum, maximum)
        np.clip(scaled, 0, maximum, out=scaled)
    np.rint(scaled, out=scaled)
    return scaled.astype(np.uint8) if depth == 8 else scaled.astype(np.uint16)


def _rescaled(values: Values, source_maximum: float, maximum: int) -> Values:
    # Multiplying upwards and dividing downwards: 65535 / 255 is 257 exactly, its inverse is
    # not a binary fraction.
    if source_maximum == maximum:
        return values.copy()
    with np.errstate(over="ignore"):  # an infinity saturates as rightly as what exceeded it
        if source_maximum < maximum:
            return values * values.dtype.type(maximum / source_maximum)
        return values / values.dtype.type(source_maximum / maximum)


def _stretched(values: Values, maximum: int) -> NDArray[np.float64]:
    # In float64: the span of float32 values may be tiny beside their size.
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.zeros(values.shape)
    stretched = values.astype(np.float64)
    if np.isinf(high - low):
        stretched, low, high = stretched / 2, low / 2, high / 2
    stretched -= low
    stretched /= high - low
    stretched *= maximum
    return stretched
