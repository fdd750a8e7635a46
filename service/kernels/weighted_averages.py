"""Small averages of fixed weights: the ready-made blurs of Pillow."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from service.convolution.arrays import Array
from service.kernels.kernel import Normalize
from service.kernels.specification import Extent, KernelSpecification, OddSize

# The weights of the rings about the middle, the middle first.
_SMOOTHING_RINGS = {3: (5.0, 1.0), 5: (44.0, 5.0, 1.0)}


class SmoothKernel(KernelSpecification):
    """Light average that gives the middle the most weight."""

    family: ClassVar[str] = "smoothing"
    source: ClassVar[str] = "PIL.ImageFilter.SMOOTH for 3, SMOOTH_MORE for 5"
    default_normalize: ClassVar[Normalize] = Normalize.SUM

    name: Literal["smooth"]
    size: Literal[3, 5] = Field(
        default=3, description="Taps a side: 3, or 5 for a stronger average."
    )

    def extent(self) -> Extent:
        """(size, size)."""
        return Extent((self.size, self.size), "/size")

    def compute(self) -> tuple[Array, ...]:
        """A weight for each square ring."""
        return (np.array(_SMOOTHING_RINGS[self.size])[_ring_numbers(self.size)],)


class FrameKernel(KernelSpecification):
    """Average of the samples on the rim of a square, those inside left out."""

    family: ClassVar[str] = "smoothing"
    source: ClassVar[str] = "PIL.ImageFilter.BLUR for 5"
    default_normalize: ClassVar[Normalize] = Normalize.SUM

    name: Literal["frame"]
    size: OddSize = Field(default=5, description="Taps a side, an odd number.")

    def extent(self) -> Extent:
        """(size, size)."""
        return Extent((self.size, self.size), "/size")

    def compute(self) -> tuple[Array, ...]:
        """Ones on the rim, zeros inside."""
        return (np.where(_ring_numbers(self.size) == self.size // 2, 1.0, 0.0),)


def _ring_numbers(size: int) -> NDArray[np.intp]:
    """The number of the square ring about the middle that each tap lies on, (size, size)."""
    offsets = np.abs(np.arange(size) - size // 2)
    return np.maximum.outer(offsets, offsets)


WEIGHTED_AVERAGES: tuple[type[KernelSpecification], ...] = (SmoothKernel, FrameKernel)
