"""Kernels that answer to structure in one direction: Gabor's, and derivatives of a Gaussian.

As of every directional kernel here, the result under true convolution is positive where
brightness grows along the named direction, for those that measure growth.
"""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np
from numpy.polynomial.hermite_e import hermeval
from pydantic import Field

from service.convolution.arrays import Array
from service.kernels.blurs import Sigma, four_sigma
from service.kernels.coordinates import Angle, direction, turned
from service.kernels.kernel import Combine
from service.kernels.specification import Extent, KernelSpecification, Size

# skimage.filters.gabor_kernel's reach, in standard deviations.
_GABOR_REACH = 3


class GaborKernel(KernelSpecification):
    """Wave under a Gaussian: stripes of one width and direction, as the visual cortex sees."""

    family: ClassVar[str] = "oriented"
    source: ClassVar[str] = "skimage.filters.gabor_kernel; OpenCV's getGaborKernel, other scale"

    name: Literal["gabor"]
    size: Size | None = Field(
        default=None, description="Rows and columns; null reaches three standard deviations."
    )
    wavelength: float = Field(
        default=8.0, ge=1, le=1e5, description="Pixels from one crest of the wave to the next."
    )
    angle: Angle = Field(
        default=0.0,
        description="Direction in which the wave runs, across its stripes: degrees, "
        "anticlockwise from the right.",
    )
    part: Literal["even", "odd", "magnitude"] = Field(
        default="even",
        description="even: a crest in the middle, for lines; odd: a quarter of a wave further, "
        "for edges, positive where brightness grows along the angle; magnitude: the square "
        "root of the sum of the squares of both.",
    )
    phase: float = Field(
        default=0.0, ge=-360, le=360, description="Degrees that the wave is further than that."
    )
    bandwidth: float = Field(
        default=1.0, ge=0.1, le=8, description="Octaves that the kernel lets pass at half height."
    )
    sigma: Sigma | None = Field(
        default=None,
        description="Standard deviation of the Gaussian along the angle, in pixels; null takes "
        "it from the bandwidth, which it overrides.",
    )
    aspect: float = Field(
        default=1.0,
        ge=0.01,
        le=100,
        description="Standard deviation along the angle over that across it.",
    )

    def extent(self) -> Extent:
        """(size, size), or what scikit-image takes for these standard deviations."""
        if self.size is not None:
            return Extent((self.size, self.size), "/size")
        cosine, sine = direction(self.angle)
        along, across = self._sigmas()
        width = max(along * abs(cosine), across * abs(sine))
        height = max(along * abs(sine), across * abs(cosine))
        rows, columns = (2 * math.ceil(max(_GABOR_REACH * s, 1)) + 1 for s in (height, width))
        return Extent((rows, columns), "/wavelength" if self.sigma is None else "/sigma")

    def compute(self) -> tuple[Array, ...]:
        """A Gaussian of volume one times cos(2 pi along / wavelength + phase)."""
        along, across = turned(self.extent().shape, self.angle)
        sigma_along, sigma_across = self._sigmas()
        envelope = np.exp(-((along / sigma_along) ** 2 + (across / sigma_across) ** 2) / 2)
        envelope /= 2 * np.pi * sigma_along * sigma_across
        turns = along / self.wavelength + self.phase / 360
        waves = {"even": np.cos(2 * np.pi * turns), "odd": -np.sin(2 * np.pi * turns)}
        names = waves if self.part == "magnitude" else (self.part,)
        return tuple(envelope * waves[name] for name in names)

    def combination(self) -> Combine | None:
        """The magnitude, where both parts are asked for."""
        return Combine.MAGNITUDE if self.part == "magnitude" else None

    def _sigmas(self) -> tuple[float, float]:
        """Standard deviations along the angle and across it."""
        ratio = 2**self.bandwidth
        from_bandwidth = math.sqrt(math.log(2) / 2) / math.pi * (ratio + 1) / (ratio - 1)
        sigma = self.wavelength * from_bandwidth if self.sigma is None else self.sigma
        return sigma, sigma / self.aspect


class GaussianDerivativeKernel(KernelSpecification):
    """Derivative of the smoothed picture, of any order up to three along each of two axes."""

    family: ClassVar[str] = "oriented"
    source: ClassVar[str] = "scipy.ndimage.gaussian_filter with its order for each axis, turned"

    name: Literal["gaussian_derivative"]
    size: Size | None = Field(
        default=None,
        description="Rows and columns; null reaches four standard deviations to every side.",
    )
    sigma: Sigma = Field(default=1.0, description="Standard deviation of the Gaussian in pixels.")
    order_x: int = Field(
        default=1, ge=0, le=3, description="Order of the derivative along x, to the right."
    )
    order_y: int = Field(
        default=0, ge=0, le=3, description="Order of the derivative along y, downwards."
    )
    angle: Angle = Field(
        default=0.0,
        description="Degrees that both axes are turned anticlockwise: 90 has x upwards.",
    )

    def extent(self) -> Extent:
        """(size, size), or what ``sigma`` calls for."""
        if self.size is not None:
            return Extent((self.size, self.size), "/size")
        side = 2 * four_sigma(self.sigma) + 1
        return Extent((side, side), "/sigma")

    def compute(self) -> tuple[Array, ...]:
        """The derivative of a Gaussian whose own samples sum to one."""
        x, up = turned(self.extent().shape, self.angle)
        gaussian = np.exp(-((x / self.sigma) ** 2 + (up / self.sigma) ** 2) / 2)
        factors = _hermite(x, self.sigma, self.order_x) * _hermite(-up, self.sigma, self.order_y)
        return (gaussian / gaussian.sum() * factors,)


def _hermite(x: Array, sigma: float, order: int) -> Array:
    """What the derivative of a Gaussian of that order is, over the Gaussian itself."""
    coefficients = np.zeros(order + 1)
    coefficients[order] = (-1 / sigma) ** order
    return np.asarray(hermeval(x / sigma, coefficients), dtype=np.float64)


ORIENTED: tuple[type[KernelSpecification], ...] = (GaborKernel, GaussianDerivativeKernel)
