"""Blurs beyond the round Gaussian: along a direction, or with other tails."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from service.convolution.arrays import Array
from service.kernels.coordinates import Angle, direction, line_shape, turned
from service.kernels.kernel import Normalize
from service.kernels.specification import Extent, KernelSpecification, LineSpecification, Size

Sigma = Annotated[float, Field(ge=1e-3, le=1e6)]


def four_sigma(sigma: float) -> int:
    """Pixels from the middle of a Gaussian to its end, as scipy.ndimage truncates it."""
    return int(4 * sigma + 0.5)


class BlurSpecification(KernelSpecification):
    """Base of the 2-D blurs."""

    family: ClassVar[str] = "blur"
    default_normalize: ClassVar[Normalize] = Normalize.SUM


class AnisotropicGaussianKernel(BlurSpecification):
    """Gaussian that is wider along one direction than across it."""

    source: ClassVar[str] = "scipy.ndimage.gaussian_filter with a sigma for each axis, turned"

    name: Literal["anisotropic_gaussian"]
    size: Size | None = Field(
        default=None,
        description="Rows and columns; null reaches four standard deviations to every side.",
    )
    sigma_x: Sigma = Field(default=3.0, description="Standard deviation along the angle in pixels.")
    sigma_y: Sigma = Field(default=1.0, description="Standard deviation across the angle.")
    angle: Angle = Field(
        default=0.0, description="Direction of sigma_x in degrees, anticlockwise from the right."
    )

    def extent(self) -> Extent:
        """(size, size), or the box round the ellipse of four standard deviations."""
        if self.size is not None:
            return Extent((self.size, self.size), "/size")
        cosine, sine = direction(self.angle)
        width = math.hypot(self.sigma_x * cosine, self.sigma_y * sine)
        height = math.hypot(self.sigma_x * sine, self.sigma_y * cosine)
        wider = "/sigma_x" if self.sigma_x > self.sigma_y else "/sigma_y"
        return Extent((2 * four_sigma(height) + 1, 2 * four_sigma(width) + 1), wider)

    def compute(self) -> tuple[Array, ...]:
        """Samples of exp(-((along / sigma_x)^2 + (across / sigma_y)^2) / 2)."""
        along, across = turned(self.extent().shape, self.angle)
        return (np.exp(-((along / self.sigma_x) ** 2 + (across / self.sigma_y) ** 2) / 2),)


class MotionBlurKernel(BlurSpecification):
    """Average along a line: what a camera sees that moves while the shutter is open."""

    source: ClassVar[str] = "MATLAB's fspecial('motion')"

    name: Literal["motion_blur"]
    length: float = Field(default=9.0, ge=1, le=1e6, description="Length of the line in pixels.")
    angle: Angle = Field(
        default=0.0, description="Direction of the line in degrees, anticlockwise from the right."
    )

    def extent(self) -> Extent:
        """The pixels nearer than one to the line."""
        return Extent(line_shape((self.length - 1) / 2, self.angle), "/length")

    def compute(self) -> tuple[Array, ...]:
        """One minus the distance from the line, where that is positive.

        As MATLAB has it, pixels as far from the middle as the line's ends are measured from
        those ends, also where they lie beside the line.
        """
        half = (self.length - 1) / 2
        along, across = turned(self.extent().shape, self.angle)
        beyond = np.hypot(along, across) >= half
        distance = np.hypot(across, np.where(beyond, np.abs(along) - half, 0))
        return (np.maximum(1 - distance, 0),)


class CometKernel(BlurSpecification):
    """Streak that fades towards one side, like a comet's tail: half a Gaussian along a line."""

    source: ClassVar[str] = "ImageMagick's Comet, at any angle and sampled at the pixels' middles"

    name: Literal["comet"]
    length: Annotated[int, Field(ge=1, le=500_000)] | None = Field(
        default=None,
        description="Length of the streak in pixels, the head counted; "
        "null is four standard deviations.",
    )
    sigma: float = Field(
        default=3.0, ge=1e-3, le=1e5, description="Standard deviation of the fading in pixels."
    )
    angle: Angle = Field(
        default=0.0,
        description="Where a bright point's tail goes, in degrees anticlockwise from the right.",
    )

    def extent(self) -> Extent:
        """Room for the tail on one side of the head, and as much on the other."""
        field = "/sigma" if self.length is None else "/length"
        return Extent(line_shape(self._tail(), self.angle), field)

    def compute(self) -> tuple[Array, ...]:
        """exp(-(along / sigma)^2 / 2), less by the distance from the streak."""
        along, across = turned(self.extent().shape, self.angle)
        nearest = np.clip(along, 0, self._tail())
        nearness = np.maximum(1 - np.hypot(across, along - nearest), 0)
        return (nearness * np.exp(-((nearest / self.sigma) ** 2) / 2),)

    def _tail(self) -> int:
        """Pixels from the head to the tail's end."""
        return four_sigma(self.sigma) if self.length is None else self.length - 1


class BinomialKernel(LineSpecification):
    """Row of Pascal's triangle: the whole-numbered blur that comes nearest to a Gaussian."""

    family: ClassVar[str] = "blur"
    source: ClassVar[str] = "binomial coefficients; ImageMagick's Binomial:r is order 2r"
    default_normalize: ClassVar[Normalize] = Normalize.SUM

    name: Literal["binomial"]
    # The sum of the outer product is 4^order, which a float64 holds.
    order: int = Field(
        default=2,
        ge=0,
        le=500,
        description="Row of the triangle: 2 is 1 2 1; a standard deviation of sqrt(order) / 2.",
    )

    def extent(self) -> Extent:
        """(order + 1,)."""
        return Extent((self.order + 1,), "/order")

    def compute(self) -> tuple[Array, ...]:
        """The coefficients, each rounded once; exact up to order 56."""
        return (np.array([float(math.comb(self.order, k)) for k in range(self.order + 1)]),)


class CauchyKernel(LineSpecification):
    """Cauchy's or Lorentz's curve: a narrow peak with tails that fall slowly, as haze does."""

    family: ClassVar[str] = "blur"
    source: ClassVar[str] = "scipy.stats.cauchy.pdf"
    default_normalize: ClassVar[Normalize] = Normalize.SUM

    name: Literal["cauchy"]
    size: Size | None = Field(
        default=None,
        description="Number of taps; null reaches ten times gamma, where the curve is at 1%.",
    )
    gamma: float = Field(
        default=1.0, ge=1e-3, le=1e6, description="Half the width at half the height, in samples."
    )

    def extent(self) -> Extent:
        """(size,), or what ``gamma`` calls for."""
        if self.size is not None:
            return Extent((self.size,), "/size")
        return Extent((2 * math.ceil(10 * self.gamma) + 1,), "/gamma")

    def compute(self) -> tuple[Array, ...]:
        """Samples of 1 / (1 + (n / gamma)^2)."""
        (size,) = self.extent().shape
        return (1 / (1 + ((np.arange(size) - (size - 1) / 2) / self.gamma) ** 2),)


BLURS: tuple[type[KernelSpecification], ...] = (
    AnisotropicGaussianKernel,
    MotionBlurKernel,
    CometKernel,
    BinomialKernel,
    CauchyKernel,
)
