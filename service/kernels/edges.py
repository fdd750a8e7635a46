"""First derivatives: kernels that answer to the direction in which brightness grows.

One convention holds for every directional kernel: under true convolution, which flips the
kernel, the result is positive where brightness grows along the named direction. ``x`` points
to the right, ``y`` downwards, ``N`` to the top of the picture, ``E`` to its right. Correlation
turns the sign round.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import reduce
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from service.convolution.arrays import Array
from service.kernels.kernel import Combine
from service.kernels.specification import Extent, KernelSpecification

COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
Direction = Literal["x", "y", "magnitude"]

_EDGE = (1.0, 0.0, -1.0)
_PREWITT_SMOOTHING = (1.0, 1.0, 1.0)
_SCHARR_SMOOTHING = (3.0, 10.0, 3.0)
_FREI_CHEN_SMOOTHING = (1.0, 2**0.5, 1.0)
# Farid and Simoncelli (2004), table 1, five taps, with the digits of skimage.filters.
_FARID_SMOOTHING = (
    0.0376593171958126,
    0.249153396177344,
    0.426374573253687,
    0.249153396177344,
    0.0376593171958126,
)
_FARID_EDGE = (0.109603762960254, 0.276690988455557, 0.0, -0.276690988455557, -0.109603762960254)


def binomial(size: int) -> Array:
    """The row of Pascal's triangle that has ``size`` numbers, float64 of shape (size,)."""
    return reduce(np.convolve, [np.ones(2)] * (size - 1), np.ones(1))


def unit_sum(taps: Array) -> Array:
    """Positive taps over their sum."""
    shares: Array = taps / taps.sum()
    return shares


class GradientSpecification(KernelSpecification):
    """Base of the pairs of first derivatives."""

    family: ClassVar[str] = "edge"

    direction: Direction = Field(
        default="magnitude",
        description="x: positive where brightness grows to the right; y: downwards; "
        "magnitude: the square root of the sum of the squares of both.",
    )

    @abstractmethod
    def pair(self) -> tuple[Array, Array]:
        """The derivatives along x and y, each of the shape that ``extent`` says."""

    def compute(self) -> tuple[Array, ...]:
        """The derivative along ``direction``, or those along x and y."""
        x, y = self.pair()
        return {"x": (x,), "y": (y,), "magnitude": (x, y)}[self.direction]

    def combination(self) -> Combine | None:
        """The magnitude of the gradient, where both derivatives are asked for."""
        return Combine.MAGNITUDE if self.direction == "magnitude" else None


class SeparableGradient(GradientSpecification):
    """Base of the gradients that are an edge along the direction and smoothing across it."""

    @abstractmethod
    def parts(self) -> tuple[Array, Array]:
        """The taps across the direction and those along it, each of shape (size,)."""

    def extent(self) -> Extent:
        """(3, 3)."""
        return Extent((3, 3))

    def pair(self) -> tuple[Array, Array]:
        """The outer products of the parts."""
        smoothing, edge = self.parts()
        return np.outer(smoothing, edge), np.outer(edge, smoothing)


class SobelKernel(SeparableGradient):
    """Brightness gradient, smoothed across by binomial weights: 1 2 1 for three taps."""

    source: ClassVar[str] = "Sobel and Feldman, 1968; cv2.getDerivKernels; skimage.filters.sobel"

    name: Literal["sobel"]
    size: Literal[3, 5, 7] = Field(default=3, description="Taps on each side: 3, 5 or 7.")
    scaled: bool = Field(
        default=False,
        description="Whether the binomial weights are divided by their sums, so that brightness "
        "growing by one a sample gives 2 at every size, as in skimage for size 3.",
    )

    def extent(self) -> Extent:
        """(size, size)."""
        return Extent((self.size, self.size), "/size")

    def parts(self) -> tuple[Array, Array]:
        """Binomial weights, and the difference over two samples of shorter ones."""
        across, along = binomial(self.size), binomial(self.size - 2)
        if self.scaled:
            across, along = unit_sum(across), unit_sum(along)
        return across, np.convolve(along, _EDGE)


class SmoothedDifference(SeparableGradient):
    """Base of the 3x3 gradients that differ in their smoothing alone."""

    smoothing: ClassVar[tuple[float, ...]]

    scaled: bool = Field(
        default=False,
        description="Whether the weights across are divided by their sum, as skimage does: "
        "brightness growing by one a sample then gives 2.",
    )

    def parts(self) -> tuple[Array, Array]:
        """The smoothing, and the difference over two samples."""
        across = np.array(self.smoothing)
        return unit_sum(across) if self.scaled else across, np.array(_EDGE)


class PrewittKernel(SmoothedDifference):
    """Brightness gradient, averaged across by 1 1 1."""

    source: ClassVar[str] = "Prewitt, 1970; skimage.filters.prewitt"
    smoothing: ClassVar[tuple[float, ...]] = _PREWITT_SMOOTHING

    name: Literal["prewitt"]


class ScharrKernel(SmoothedDifference):
    """Brightness gradient, smoothed across by 3 10 3: nearly the same for every angle."""

    source: ClassVar[str] = "Scharr, 2000; cv2.getDerivKernels; skimage.filters.scharr"
    smoothing: ClassVar[tuple[float, ...]] = _SCHARR_SMOOTHING

    name: Literal["scharr"]


class FreiChenKernel(SeparableGradient):
    """Brightness gradient, smoothed across by 1 √2 1: every neighbour by its distance."""

    source: ClassVar[str] = "Frei and Chen, 1977, Fast boundary detection"

    name: Literal["frei_chen"]

    def parts(self) -> tuple[Array, Array]:
        """The smoothing, and the difference over two samples."""
        return np.array(_FREI_CHEN_SMOOTHING), np.array(_EDGE)


class FaridKernel(SeparableGradient):
    """Brightness gradient of five taps, whose direction is true for every angle."""

    source: ClassVar[str] = "Farid and Simoncelli, 2004, table 1; skimage.filters.farid"

    name: Literal["farid"]

    def extent(self) -> Extent:
        """(5, 5)."""
        return Extent((5, 5))

    def parts(self) -> tuple[Array, Array]:
        """The matched interpolator and derivative of the table."""
        return np.array(_FARID_SMOOTHING), np.array(_FARID_EDGE)


class RobertsKernel(GradientSpecification):
    """Differences along the two diagonals of 2x2 samples: the shortest gradient."""

    source: ClassVar[str] = "Roberts, 1963; skimage.filters.roberts, unscaled"

    name: Literal["roberts"]
    direction: Direction = Field(
        default="magnitude",
        description="x: the diagonal to the bottom right, positive also where brightness grows "
        "to the right; y: the diagonal to the bottom left, positive also where it grows "
        "downwards; magnitude: the square root of the sum of the squares of both.",
    )

    def extent(self) -> Extent:
        """(2, 2)."""
        return Extent((2, 2))

    def pair(self) -> tuple[Array, Array]:
        """The two diagonals."""
        return np.diag([1.0, -1.0]), np.fliplr(np.diag([1.0, -1.0]))


class FreiChenBasisKernel(KernelSpecification):
    """One of the nine orthonormal 3x3 masks that take a neighbourhood apart."""

    family: ClassVar[str] = "edge"
    source: ClassVar[str] = "Frei and Chen, 1977, Fast boundary detection"

    name: Literal["frei_chen_basis"]
    mask: int = Field(
        default=1,
        ge=1,
        le=9,
        description="1, 2: gradient along y and x; 3, 4: ripple; 5, 6: line; "
        "7, 8: Laplacian, of the cross and of the diagonals; 9: average.",
    )

    def extent(self) -> Extent:
        """(3, 3)."""
        return Extent((3, 3))

    def compute(self) -> tuple[Array, ...]:
        """The mask, whose squares sum to one."""
        mask = np.array(_FREI_CHEN_BASIS[self.mask])
        return (mask / np.sqrt(np.square(mask).sum()),)


_ROOT = 2**0.5
_FREI_CHEN_BASIS = {
    1: ((1, _ROOT, 1), (0, 0, 0), (-1, -_ROOT, -1)),
    2: ((1, 0, -1), (_ROOT, 0, -_ROOT), (1, 0, -1)),
    3: ((0, -1, _ROOT), (1, 0, -1), (-_ROOT, 1, 0)),
    4: ((_ROOT, -1, 0), (-1, 0, 1), (0, 1, -_ROOT)),
    5: ((0, 1, 0), (-1, 0, -1), (0, 1, 0)),
    6: ((-1, 0, 1), (0, 0, 0), (1, 0, -1)),
    7: ((1, -2, 1), (-2, 4, -2), (1, -2, 1)),
    8: ((-2, 1, -2), (1, 4, 1), (-2, 1, -2)),
    9: ((1, 1, 1), (1, 1, 1), (1, 1, 1)),
}

GRADIENTS: tuple[type[KernelSpecification], ...] = (
    SobelKernel,
    PrewittKernel,
    ScharrKernel,
    RobertsKernel,
    FaridKernel,
    FreiChenKernel,
    FreiChenBasisKernel,
)
