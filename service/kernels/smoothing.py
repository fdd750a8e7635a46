"""Smoothing kernels of one dimension, and the one that changes nothing."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import scipy.signal.windows
from pydantic import AliasChoices, Field

from service.convolution.arrays import Array
from service.kernels.kernel import Normalize
from service.kernels.specification import Extent, LineSpecification, OddSize, Size, Symmetric


class GaussianKernel(LineSpecification):
    """Gaussian bell curve: the blur without ringing."""

    family: ClassVar[str] = "smoothing"
    source: ClassVar[str] = "scipy.signal.windows.gaussian; the size left out, scipy.ndimage's"
    default_normalize: ClassVar[Normalize] = Normalize.SUM

    name: Literal["gaussian"]
    size: Size | None = Field(
        default=None,
        description="Number of taps; null reaches four standard deviations to either side, "
        "2 * int(4 * sigma + 0.5) + 1.",
    )
    sigma: float = Field(
        default=1.0,
        ge=1e-3,
        le=1e6,
        validation_alias=AliasChoices("sigma", "std"),
        description="Standard deviation in samples; std is another name for it.",
    )
    sym: Symmetric = True

    def extent(self) -> Extent:
        """(size,), or what ``sigma`` calls for."""
        if self.size is not None:
            return Extent((self.size,), "/size")
        return Extent((2 * int(4 * self.sigma + 0.5) + 1,), "/sigma")

    def compute(self) -> tuple[Array, ...]:
        """The samples exp(-n^2 / (2 sigma^2)), as scipy computes them."""
        (size,) = self.extent().shape
        return (np.asarray(scipy.signal.windows.gaussian(size, self.sigma, sym=self.sym)),)


class BoxKernel(LineSpecification):
    """Average of neighbouring samples, all of equal weight."""

    family: ClassVar[str] = "smoothing"
    source: ClassVar[str] = "scipy.ndimage.uniform_filter"
    default_normalize: ClassVar[Normalize] = Normalize.SUM

    name: Literal["box"]
    size: Size = Field(default=3, description="Number of taps.")

    def extent(self) -> Extent:
        """(size,)."""
        return Extent((self.size,), "/size")

    def compute(self) -> tuple[Array, ...]:
        """Ones."""
        return (np.ones(self.size),)


class IdentityKernel(LineSpecification):
    """One in the middle of zeros: gives back what it is applied to."""

    family: ClassVar[str] = "effect"
    source: ClassVar[str] = "Kronecker's delta; scipy.signal.unit_impulse"

    name: Literal["identity"]
    size: OddSize = Field(default=3, description="Number of taps, an odd number.")

    def extent(self) -> Extent:
        """(size,)."""
        return Extent((self.size,), "/size")

    def compute(self) -> tuple[Array, ...]:
        """The unit impulse at ``size // 2``."""
        impulse = np.zeros(self.size)
        impulse[self.size // 2] = 1
        return (impulse,)
