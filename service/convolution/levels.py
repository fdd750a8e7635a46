"""The levels of an 8-bit picture out of whole sums, in one pass or none."""

from __future__ import annotations

import math
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from service.convolution.arrays import Array
from service.convolution.opencv import valid_part
from service.convolution.samples import Samples

Levels = NDArray[np.uint8]
# With more taps, a sum in float32 and a pass over it take no longer.
MOST_LEVEL_TAPS = 16


def filtered_levels(picture: NDArray[Any], kernel: Array, divisor: float, bias: float) -> Levels:
    """``rounded_levels`` of the valid convolution of 8-bit (height, width, channels), in one pass.

    Whole taps, at most ``MOST_LEVEL_TAPS``; ``divisor`` a power of two, so that taps and sums
    stay exact. By cv2.filter2D, which sums up in float32 and rounds half to even.
    """
    taps = (kernel[::-1, ::-1] / divisor).astype(np.float32)
    filtered = cv2.filter2D(picture, -1, taps, delta=bias, borderType=cv2.BORDER_CONSTANT)
    rows, columns = taps.shape
    return cast("Levels", valid_part(filtered, picture.shape, (rows, columns)))


def is_power_of_two(divisor: float) -> bool:
    """Whether a number is 1, 2, 4, 8 ..."""
    return divisor >= 1 and math.frexp(divisor)[0] == 0.5


def rounded_levels(sums: Samples, divisor: float, bias: float, *, absolute: bool) -> Levels:
    """``sums / divisor + bias``, or ``|sums / divisor| + bias``, as levels of the same shape.

    Rounded half to even and clipped to 0 and 255. ``sums`` of a picture are whole and are
    overwritten; divisor and bias are whole. Exact where ``|sums| + |bias * divisor|`` stays
    below ``rounding.ROUNDABLE_SUM``.
    """
    size = abs(divisor)
    if absolute:
        np.abs(sums, out=sums)
    elif divisor < 0:
        np.negative(sums, out=sums)
    if bias:
        sums += bias * size
    if size != 1:
        sums /= size
    np.maximum(sums, 0, out=sums)
    if sums.dtype == np.float64:
        np.rint(sums, out=sums)  # before what follows rounds to float32
    # Of what is not negative, this is a rounding half to even that saturates.
    return cast("Levels", cv2.convertScaleAbs(sums)).reshape(sums.shape)
