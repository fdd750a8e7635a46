"""Derivatives: kernels that answer to the direction in which brightness grows.

One convention holds for every directional kernel: under true convolution, which flips the
kernel, the result is positive where brightness grows along the named direction. ``x`` points
to the right, ``y`` downwards, ``N`` to the top of the picture, ``E`` to its right. Correlation
turns the sign round.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from service.convolution.arrays import Array
from service.kernels.kernel import Combine
from service.kernels.specification import SquareSpecification

EDGE = (1.0, 0.0, -1.0)
PREWITT_SMOOTHING = (1.0, 1.0, 1.0)
SOBEL_SMOOTHING = (1.0, 2.0, 1.0)
SCHARR_SMOOTHING = (3.0, 10.0, 3.0)

COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
# The eight taps round the middle of a 3x3 kernel, clockwise from the top left.
_RING = ((0, 0, 0, 1, 2, 2, 2, 1), (0, 1, 2, 2, 2, 1, 0, 0))
# Kirsch's weights along that ring for N: convolution takes the bottom row to the top.
_KIRSCH_NORTH = (-3.0, -3.0, -3.0, -3.0, 5.0, 5.0, 5.0, -3.0)

Direction = Literal["x", "y", "magnitude"]
CompassDirection = Literal["N", "NE", "E", "SE", "S", "SW", "W", "NW", "all"]


def gradient_kernels(smoothing: tuple[float, ...]) -> dict[str, Array]:
    """The 3x3 derivatives ``x`` and ``y``: an edge one way, ``smoothing`` across it."""
    return {"x": np.outer(smoothing, EDGE), "y": np.outer(EDGE, smoothing)}


def kirsch_kernel(direction: str) -> Array:
    """Kirsch's 3x3 kernel for one of ``COMPASS``: the one for N, turned by 45 degrees a step."""
    kernel = np.zeros((3, 3))
    kernel[_RING] = np.roll(_KIRSCH_NORTH, COMPASS.index(direction))
    return kernel


class GradientSpecification(SquareSpecification):
    """Base of the pairs of first derivatives."""

    family: ClassVar[str] = "edge"
    smoothing: ClassVar[tuple[float, ...]]

    direction: Direction = Field(
        default="magnitude",
        description="x: positive where brightness grows to the right; y: downwards; "
        "magnitude: the square root of the sum of the squares of both.",
    )

    def compute(self) -> tuple[Array, ...]:
        """The derivative along ``direction``, or those along x and y."""
        kernels = gradient_kernels(self.smoothing)
        names = kernels if self.direction == "magnitude" else (self.direction,)
        return tuple(kernels[name] for name in names)

    def combination(self) -> Combine | None:
        """The magnitude of the gradient, where both derivatives are asked for."""
        return Combine.MAGNITUDE if self.direction == "magnitude" else None


class SobelKernel(GradientSpecification):
    """Brightness gradient, smoothed across by 1 2 1."""

    source: ClassVar[str] = "Sobel and Feldman, 1968; skimage.filters.sobel, unscaled"
    smoothing: ClassVar[tuple[float, ...]] = SOBEL_SMOOTHING

    name: Literal["sobel"]


class PrewittKernel(GradientSpecification):
    """Brightness gradient, averaged across by 1 1 1."""

    source: ClassVar[str] = "Prewitt, 1970; skimage.filters.prewitt, unscaled"
    smoothing: ClassVar[tuple[float, ...]] = PREWITT_SMOOTHING

    name: Literal["prewitt"]


class ScharrKernel(GradientSpecification):
    """Brightness gradient, smoothed across by 3 10 3: nearly the same for every angle."""

    source: ClassVar[str] = "Scharr, 2000; skimage.filters.scharr, unscaled"
    smoothing: ClassVar[tuple[float, ...]] = SCHARR_SMOOTHING

    name: Literal["scharr"]


class KirschKernel(SquareSpecification):
    """Edges in the eight directions of the compass: the strongest of them, or one."""

    family: ClassVar[str] = "edge"
    source: ClassVar[str] = "Kirsch, 1971, Computer determination of biological images"

    name: Literal["kirsch"]
    direction: CompassDirection = Field(
        default="all",
        description="Where brightness grows for a positive result, N being the top of the "
        "picture; all: the maximum of the eight.",
    )

    def compute(self) -> tuple[Array, ...]:
        """The kernel for ``direction``, or all eight."""
        directions = COMPASS if self.direction == "all" else (self.direction,)
        return tuple(kirsch_kernel(direction) for direction in directions)

    def combination(self) -> Combine | None:
        """The maximum, where all eight are asked for."""
        return Combine.MAX if self.direction == "all" else None
