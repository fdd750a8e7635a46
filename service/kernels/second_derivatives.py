"""Second derivatives: kernels that answer to spots, lines and the flanks of edges.

Their centre is positive unless ``sign`` says otherwise: bright spots give positive results.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import AliasChoices, Field, ValidationInfo, field_validator

from service.convolution.arrays import Array
from service.kernels.edges import unit_sum
from service.kernels.exact import as_ratio
from service.kernels.layout import ring_kernel
from service.kernels.specification import (
    MAX_SIZE,
    Extent,
    KernelSpecification,
    LineSpecification,
    OddSize,
    Size,
    SquareSpecification,
)

Neighbours = Literal[4, 8]
Alpha = Annotated[
    float | None,
    Field(
        description="Share of the diagonal neighbours, 0 to 1, as in MATLAB's fspecial: 0 is four "
        "neighbours, 1 the diagonals alone; null leaves it to `neighbours`."
    ),
]
Sigma = Annotated[float, Field(ge=1e-2, le=1e6)]

Sign = Annotated[
    Literal["positive", "negative"],
    Field(
        description="Of the centre: positive, bright spots are positive; negative, the sign of the "
        "second derivative, which is MATLAB's and scipy.ndimage's."
    ),
]
# Laplacians of Gaussians in round integers: the quarter of each from its middle.
_INTEGER_LOG = {
    5: ((16, -2, -1), (-2, -1, 0), (-1, 0, 0)),
    9: (
        (40, 24, 0, -5, -2),
        (24, 12, -3, -5, -2),
        (0, -3, -5, -4, -1),
        (-5, -5, -4, -2, -1),
        (-2, -2, -1, -1, 0),
    ),
}


def laplacian_kernel(neighbours: Neighbours, alpha: float | None = None) -> Array:
    """The 3x3 negative Laplacian: each of 4 or 8 neighbours taken from the centre once.

    With ``alpha`` it is minus MATLAB's fspecial('laplacian', alpha).
    """
    if alpha is None:
        return ring_kernel([0.0 if neighbours == 4 else -1.0, -1.0] * 4, neighbours)
    share, whole = as_ratio(alpha)
    return ring_kernel([-share, share - whole] * 4, 4 * whole) / (whole + share)


def squared_radius(size: int) -> Array:
    """The squared distances from the middle, (size, size), in samples."""
    offsets = np.arange(size) - (size - 1) / 2
    squares = offsets**2
    return squares[:, np.newaxis] + squares


def gaussian_square(size: int, sigma: float) -> Array:
    """Gauss's bell of unit sum, (size, size)."""
    return unit_sum(np.exp(-squared_radius(size) / (2 * sigma**2)))


def reach(sigma: float, widths: int = 4) -> int:
    """The odd number of taps that holds ``widths`` standard deviations to either side."""
    return 2 * int(widths * sigma + 0.5) + 1


class SecondDerivative(KernelSpecification):
    """Base of the entries whose centre is positive or negative."""

    family: ClassVar[str] = "edge"

    sign: Sign = "positive"

    def signed(self, values: Array) -> tuple[Array]:
        """The taps of a positive centre, in the caller's sign."""
        return (values if self.sign == "positive" else -values,)


class LaplacianKernel(SecondDerivative, SquareSpecification):
    """Difference from the neighbours: bright spots positive, even regions zero."""

    source: ClassVar[str] = "skimage.filters.laplace, in its sign; MATLAB's fspecial('laplacian')"

    name: Literal["laplacian"]
    neighbours: Neighbours = Field(
        default=8, description="How many neighbours count: 4, or 8 with the diagonal ones."
    )
    alpha: Alpha = Field(default=None, ge=0, le=1)

    def compute(self) -> tuple[Array, ...]:
        """The Laplacian."""
        return self.signed(laplacian_kernel(self.neighbours, self.alpha))


class QuadraticLaplacianKernel(SecondDerivative):
    """Laplacian of the paraboloid that fits all samples of a square best: calm in noise."""

    source: ClassVar[str] = (
        "Haralick, 1984, the facet model; ImageMagick's Laplacian:2, :5 and :7 for 3, 5 and 7"
    )

    name: Literal["quadratic_laplacian"]
    size: OddSize = Field(default=5, ge=3, description="Taps a side, an odd number.")

    def extent(self) -> Extent:
        """(size, size)."""
        return Extent((self.size, self.size), "/size")

    def compute(self) -> tuple[Array, ...]:
        """The mean squared radius less the squared radius, in the smallest whole numbers."""
        half = self.size // 2
        values = 2 * half * (half + 1) - 3 * squared_radius(self.size)
        return self.signed(values / (1 if half % 3 == 1 else 3))


class LaplacianOfGaussianKernel(SecondDerivative):
    """Laplacian of a Gaussian: spots and edges of about the size of sigma."""

    source: ClassVar[str] = "Marr and Hildreth, 1980; MATLAB's fspecial('log')"

    name: Literal["log"]
    size: Size | None = Field(
        default=None,
        description="Taps a side; null reaches four standard deviations to either side, "
        "2 * int(4 * sigma + 0.5) + 1.",
    )
    sigma: Sigma = Field(default=1.0, description="Standard deviation in samples.")

    def extent(self) -> Extent:
        """(size, size), or what ``sigma`` calls for."""
        if self.size is not None:
            return Extent((self.size, self.size), "/size")
        return Extent((reach(self.sigma),) * 2, "/sigma")

    def compute(self) -> tuple[Array, ...]:
        """For the unit Gaussian g, g (2 sigma^2 - r^2) / sigma^4 less its mean."""
        size, _ = self.extent().shape
        weights = (2 * self.sigma**2 - squared_radius(size)) / self.sigma**4
        values = gaussian_square(size, self.sigma) * weights
        return self.signed(values - values.mean())


class IntegerLaplacianOfGaussianKernel(SecondDerivative):
    """Laplacian of a Gaussian in whole numbers, as it stands in textbooks."""

    source: ClassVar[str] = "textbook masks; ImageMagick's Laplacian:15 and :19 for 5 and 9"

    name: Literal["integer_log"]
    size: Literal[5, 9] = Field(
        default=5,
        description="Taps a side: 5, of 12 neighbours and sigma about 0.6, or 9, of about 1.4.",
    )

    def extent(self) -> Extent:
        """(size, size)."""
        return Extent((self.size, self.size), "/size")

    def compute(self) -> tuple[Array, ...]:
        """The mask, whose taps sum to zero."""
        quarter = np.array(_INTEGER_LOG[self.size], dtype=np.float64)
        reflected = len(quarter) - 1
        return self.signed(np.pad(quarter, [(reflected, 0), (reflected, 0)], mode="reflect"))


class DifferenceOfGaussiansKernel(KernelSpecification):
    """A narrow Gaussian less a wide one: passes a band of sizes."""

    family: ClassVar[str] = "edge"
    source: ClassVar[str] = "Marr and Hildreth, 1980; skimage.filters.difference_of_gaussians"

    name: Literal["dog"]
    size: Size | None = Field(
        default=None,
        description="Taps a side; null reaches four of the larger standard deviation "
        "to either side.",
    )
    sigma1: Sigma = Field(default=1.0, description="Standard deviation of the positive Gaussian.")
    sigma2: Sigma = Field(
        default=1.6, description="Standard deviation of the one that is taken away."
    )

    @field_validator("sigma2")
    @classmethod
    def _other(cls, sigma2: float, info: ValidationInfo) -> float:
        if sigma2 == info.data.get("sigma1"):
            raise ValueError("must differ from sigma1")
        return sigma2

    def extent(self) -> Extent:
        """(size, size), or what the larger standard deviation calls for."""
        if self.size is not None:
            return Extent((self.size, self.size), "/size")
        wide = "sigma1" if self.sigma1 > self.sigma2 else "sigma2"
        return Extent((reach(max(self.sigma1, self.sigma2)),) * 2, f"/{wide}")

    def compute(self) -> tuple[Array, ...]:
        """The difference of two bells of unit sum: it sums to zero."""
        size, _ = self.extent().shape
        return (gaussian_square(size, self.sigma1) - gaussian_square(size, self.sigma2),)


class RickerKernel(LineSpecification):
    """Ricker's wavelet, the Mexican hat of one dimension; for pictures `log` is its like."""

    family: ClassVar[str] = "edge"
    source: ClassVar[str] = "Ricker, 1953; scipy.signal.ricker up to scipy 1.14"

    name: Literal["ricker"]
    size: Size | None = Field(
        default=None,
        description="Number of taps; null reaches five widths to either side, "
        "2 * int(5 * width + 0.5) + 1.",
    )
    width: float = Field(
        default=1.0,
        ge=1e-2,
        le=MAX_SIZE,
        validation_alias=AliasChoices("width", "a"),
        description="Samples from the peak to the zero crossing; a is another name for it.",
    )

    def extent(self) -> Extent:
        """(size,), or what ``width`` calls for."""
        if self.size is not None:
            return Extent((self.size,), "/size")
        return Extent((reach(self.width, 5),), "/width")

    def compute(self) -> tuple[Array, ...]:
        """2 / (sqrt(3 a) pi^(1/4)) (1 - n^2 / a^2) exp(-n^2 / (2 a^2)), of unit energy."""
        (size,) = self.extent().shape
        squares = ((np.arange(size) - (size - 1) / 2) / self.width) ** 2
        peak = 2 / (np.sqrt(3 * self.width) * np.pi**0.25)
        return (peak * (1 - squares) * np.exp(-squares / 2),)


SECOND_DERIVATIVES: tuple[type[KernelSpecification], ...] = (
    LaplacianKernel,
    QuadraticLaplacianKernel,
    LaplacianOfGaussianKernel,
    IntegerLaplacianOfGaussianKernel,
    DifferenceOfGaussiansKernel,
    RickerKernel,
)
