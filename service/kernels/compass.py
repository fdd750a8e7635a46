"""Compass kernels: one 3x3 derivative turned in steps of 45 degrees, the strongest taken."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from service.convolution.arrays import Array
from service.kernels.edges import COMPASS
from service.kernels.kernel import Combine
from service.kernels.layout import ring_kernel
from service.kernels.specification import KernelSpecification, SquareSpecification

CompassDirection = Literal["N", "NE", "E", "SE", "S", "SW", "W", "NW", "all"]

# Weights round the ring for N, clockwise from the top left: convolution takes the bottom row
# to the top.
_KIRSCH = (-3.0, -3.0, -3.0, -3.0, 5.0, 5.0, 5.0, -3.0)
_PREWITT = (-1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
_ROBINSON = {
    3: (-1.0, -1.0, -1.0, 0.0, 1.0, 1.0, 1.0, 0.0),
    5: (-1.0, -2.0, -1.0, 0.0, 1.0, 2.0, 1.0, 0.0),
}


class CompassSpecification(SquareSpecification):
    """Base of the kernels for the eight directions of the compass."""

    family: ClassVar[str] = "edge"

    direction: CompassDirection = Field(
        default="all",
        description="Where brightness grows for a positive result, N being the top of the "
        "picture; all: the maximum of the eight.",
    )

    @abstractmethod
    def north(self) -> tuple[float, ...]:
        """The eight taps round the middle of the kernel for N, clockwise from the top left."""

    def compute(self) -> tuple[Array, ...]:
        """The kernel for ``direction``, or all eight; the taps of each sum to zero."""
        directions = COMPASS if self.direction == "all" else (self.direction,)
        ring = self.north()
        turned = [np.roll(ring, COMPASS.index(direction)) for direction in directions]
        return tuple(ring_kernel(each.tolist(), -sum(ring)) for each in turned)

    def combination(self) -> Combine | None:
        """The maximum, where all eight are asked for."""
        return Combine.MAX if self.direction == "all" else None


class KirschKernel(CompassSpecification):
    """Edges in the eight directions of the compass: the strongest of them, or one."""

    source: ClassVar[str] = "Kirsch, 1971, Computer determination of biological images"

    name: Literal["kirsch"]

    def north(self) -> tuple[float, ...]:
        """Three fives, and five times minus three."""
        return _KIRSCH


class RobinsonKernel(CompassSpecification):
    """Sobel's kernel in the eight directions of the compass: the strongest of them, or one."""

    source: ClassVar[str] = "Robinson, 1977, Edge detection by compass gradient masks"

    name: Literal["robinson"]
    levels: Literal[3, 5] = Field(
        default=5, description="Different taps: 5 turns Sobel's kernel, 3 turns Prewitt's."
    )

    def north(self) -> tuple[float, ...]:
        """The ring of Sobel's or Prewitt's kernel."""
        return _ROBINSON[self.levels]


class PrewittCompassKernel(CompassSpecification):
    """Five neighbours against the other three, in eight directions: the strongest, or one."""

    source: ClassVar[str] = "Prewitt, 1970, Object enhancement and extraction"

    name: Literal["prewitt_compass"]

    def north(self) -> tuple[float, ...]:
        """Three times minus one, and five times one."""
        return _PREWITT


COMPASSES: tuple[type[KernelSpecification], ...] = (
    KirschKernel,
    RobinsonKernel,
    PrewittCompassKernel,
)
