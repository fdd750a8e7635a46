"""Coordinates on the grid of a 2-D kernel, as a picture of it shows them.

x points to the right and y upwards, both zero in the middle of the grid; angles are degrees,
anticlockwise from the x axis.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from pydantic import Field
from scipy.special import cosdg, sindg

from service.convolution.arrays import Array

# Lines that reach further by less than this are taken to be rounded.
_ROUNDING = 1e-12

Angle = Annotated[float, Field(ge=-360, le=360)]


def direction(angle: float) -> tuple[float, float]:
    """Cosine and sine of ``angle``; exact at multiples of 90 degrees."""
    return float(cosdg(angle)), float(sindg(angle))


def centred(shape: tuple[int, ...]) -> tuple[Array, Array]:
    """x, float64 of shape (1, columns), and y, (rows, 1), of a grid of (rows, columns)."""
    rows, columns = shape
    x = np.arange(columns, dtype=np.float64) - (columns - 1) / 2
    y = (rows - 1) / 2 - np.arange(rows, dtype=np.float64)
    return x[np.newaxis, :], y[:, np.newaxis]


def turned(shape: tuple[int, ...], angle: float) -> tuple[Array, Array]:
    """Coordinates along ``angle`` and across it, to its left: float64 of ``shape`` both."""
    x, y = centred(shape)
    cosine, sine = direction(angle)
    return x * cosine + y * sine, y * cosine - x * sine


def line_shape(half: float, angle: float) -> tuple[int, int]:
    """Rows and columns of the odd grid that holds every pixel nearer than one to a line.

    The line reaches ``half`` pixels from the middle to either side, along ``angle``.
    """
    cosine, sine = direction(angle)
    rows, columns = (2 * math.ceil(half * (abs(c) - _ROUNDING)) + 1 for c in (sine, cosine))
    return rows, columns
