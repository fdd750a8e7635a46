"""Putting a border round an array; ``options.Boundary`` draws each kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from service.convolution.options import Boundary

Number = TypeVar("Number", bound=np.generic)

# The boundaries made of the array's own samples, in the words of numpy.pad.
_REPEATING: Final[Mapping[Boundary, Literal["edge", "reflect", "symmetric", "wrap"]]] = {
    Boundary.EDGE: "edge",
    Boundary.REFLECT: "reflect",
    Boundary.SYMMETRIC: "symmetric",
    Boundary.WRAP: "wrap",
}


def extend(
    array: NDArray[Number],
    widths: Sequence[tuple[int, int]],
    boundary: Boundary,
    fill_value: float,
) -> NDArray[Number]:
    """``array`` with ``widths[axis] = (before, after)`` samples more along its leading axes.

    The array itself where nothing is to be added; otherwise a new one of the same dtype.
    Axes past ``len(widths)`` (channels) are left alone. As numpy.pad.
    """
    if not any(before or after for before, after in widths):
        return array
    every_axis = [*widths, *[(0, 0)] * (array.ndim - len(widths))]
    if boundary is Boundary.CONSTANT:
        return np.pad(array, every_axis, mode="constant", constant_values=fill_value)
    return np.pad(array, every_axis, mode=_REPEATING[boundary])
