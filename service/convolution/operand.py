"""What planning has to know of an array, without the array."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.convolution.arrays import integral


@dataclass(frozen=True)
class Operand:
    """An array to be convolved: its shape, a bound of its magnitudes, whether all are whole.

    ``shape``: (n,) or (height, width, channels), without a border.
    """

    shape: tuple[int, ...]
    largest: float
    whole: bool

    @staticmethod
    def of(array: NDArray[np.generic]) -> Operand:
        """That of an array of any real dtype; bytes are not looked at."""
        if array.dtype == np.uint8:
            return Operand(array.shape, 255.0, whole=True)
        largest = max(abs(float(array.max())), abs(float(array.min())))
        return Operand(array.shape, largest, integral(array))
