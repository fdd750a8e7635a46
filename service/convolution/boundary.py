"""Putting a border round an array; ``options.Boundary`` draws each kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from service.convolution.options import Boundary
from service.convolution.samples import Precision, Samples

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


@dataclass(frozen=True)
class Border:
    """The border that an engine is to imagine round its array: its arguments as of ``extend``."""

    widths: tuple[tuple[int, int], ...]
    boundary: Boundary = Boundary.CONSTANT
    fill_value: float = 0.0

    @staticmethod
    def none(axes: int) -> Border:
        """No border, along so many axes."""
        return Border(((0, 0),) * axes)

    def round(self, array: NDArray[Any], precision: Precision) -> Samples:
        """The array with its border, in the precision; the array itself if it is that already."""
        if array.dtype.kind in "iu" and _fits(self.fill_value, array.dtype):
            # The fewer bytes a sample has, the cheaper it is copied.
            bordered = extend(array, self.widths, self.boundary, self.fill_value)
            return np.asarray(bordered, dtype=precision)
        samples: Samples = np.asarray(array, dtype=precision)
        return extend(samples, self.widths, self.boundary, self.fill_value)


def _fits(value: float, dtype: np.dtype[Any]) -> bool:
    limits = np.iinfo(dtype)
    return value.is_integer() and limits.min <= value <= limits.max
