"""Filters for signals in time: running averages, local polynomials, derivatives.

Under true convolution a first derivative is positive where the signal grows. On a picture a
filter acts along both axes unless ``axes`` says otherwise.
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.polynomial import legendre, polynomial
from pydantic import Field, ValidationInfo, field_validator

from service.convolution.arrays import Array
from service.kernels.causality import (
    Length,
    Phase,
    Tolerance,
    decayed_length,
    two_sided,
    two_sided_size,
)
from service.kernels.kernel import Normalize
from service.kernels.specification import MAX_SIZE, Extent, LineSpecification, Size

Delta = Annotated[
    float, Field(ge=1e-6, le=1e6, description="Distance between samples, for derivatives.")
]


class FilterSpecification(LineSpecification):
    """Base of these filters."""

    family: ClassVar[str] = "filter"


class MovingAverageKernel(FilterSpecification):
    """Average of so many samples: round the present one, or up to it."""

    source: ClassVar[str] = "scipy.ndimage.uniform_filter1d; trailing, pandas' rolling(size).mean()"
    default_normalize: ClassVar[Normalize] = Normalize.SUM

    name: Literal["moving_average"]
    size: Size = Field(default=5, description="Samples that are averaged.")
    trailing: bool = Field(
        default=False,
        description="Whether they are the present sample and those before it; then the kernel "
        "has zeros in place of the future.",
    )

    def extent(self) -> Extent:
        """(size,), or with the zeros of ``trailing`` (2 * size - 1,)."""
        size = two_sided_size(self.size) if self.trailing else self.size
        return Extent((size,), "/size")

    def compute(self) -> tuple[Array, ...]:
        """Ones, and zeros for the future."""
        ones = np.ones(self.size)
        return (two_sided(ones, "causal") if self.trailing else ones,)


class ExponentialSmoothingKernel(FilterSpecification):
    """Average of the past that forgets: each older sample counts less by one factor."""

    source: ClassVar[str] = "Brown, 1956; pandas' ewm(alpha).mean() of a long signal"
    default_normalize: ClassVar[Normalize] = Normalize.SUM

    name: Literal["exponential_smoothing"]
    alpha: float = Field(
        default=0.3, ge=1e-6, le=1, description="Weight of the present sample; 1 forgets all else."
    )
    phase: Phase = "causal"
    length: Length = None
    tolerance: Tolerance = 1e-6

    def extent(self) -> Extent:
        """Twice the number of weights, less one."""
        field = "/alpha" if self.length is None else "/length"
        return Extent((two_sided_size(self._length()),), field)

    def compute(self) -> tuple[Array, ...]:
        """The weight alpha * (1 - alpha)^n for the sample n steps ago."""
        weights = self.alpha * (1 - self.alpha) ** np.arange(self._length(), dtype=np.float64)
        return (two_sided(weights, self.phase),)

    def _length(self) -> int:
        if self.length is not None:
            return self.length
        return decayed_length(1 - self.alpha, self.tolerance)


class SavitzkyGolayKernel(FilterSpecification):
    """Least-squares polynomial through the neighbours: its value, or a derivative of it."""

    source: ClassVar[str] = "Savitzky and Golay, 1964; scipy.signal.savgol_coeffs"

    name: Literal["savitzky_golay"]
    size: Annotated[int, Field(ge=1, le=65_537)] = Field(
        default=7, description="Samples that the polynomial is fitted to."
    )
    order: int = Field(
        default=2, ge=0, le=10, description="Degree of the polynomial; less than size."
    )
    derivative: int = Field(
        default=0, ge=0, le=10, description="Which derivative; 0 smooths. At most the order."
    )
    delta: Delta = 1.0

    @field_validator("order")
    @classmethod
    def _below_size(cls, order: int, info: ValidationInfo) -> int:
        if order >= info.data.get("size", MAX_SIZE):
            raise ValueError("must be less than size")
        return order

    @field_validator("derivative")
    @classmethod
    def _at_most_order(cls, derivative: int, info: ValidationInfo) -> int:
        if derivative > info.data.get("order", derivative):
            raise ValueError("must be at most order")
        return derivative

    def extent(self) -> Extent:
        """(size,)."""
        return Extent((self.size,), "/size")

    def compute(self) -> tuple[Array, ...]:
        """The weights of least norm that are right for every polynomial up to the order.

        In Legendre's polynomials over the window, not in powers, which would lose the digits.
        """
        half = max((self.size - 1) / 2, 0.5)
        position = (np.arange(self.size) - (self.size - 1) / 2) / half
        basis = legendre.legvander(position, self.order)
        in_the_middle = [
            legendre.legval(0.0, legendre.legder(row, self.derivative))
            for row in np.eye(self.order + 1)
        ]
        weights, *_ = np.linalg.lstsq(basis.T, np.array(in_the_middle), rcond=None)
        return (weights[::-1] / (half * self.delta) ** self.derivative,)


class DifferentiatorKernel(FilterSpecification):
    """Central differences: a derivative of the first to fourth order, as exact as asked for."""

    source: ClassVar[str] = "Fornberg, 1988, Generation of finite difference formulas, table 1"

    name: Literal["differentiator"]
    derivative: int = Field(default=1, ge=1, le=4, description="Order of the derivative.")
    accuracy: Literal[2, 4, 6, 8] = Field(
        default=2, description="Power of delta that the error falls with: 2, 4, 6 or 8."
    )
    delta: Delta = 1.0

    def extent(self) -> Extent:
        """The fewest taps of this accuracy: 3 to 11."""
        return Extent((2 * self._reach() + 1,), "/accuracy")

    def compute(self) -> tuple[Array, ...]:
        """The derivative in the middle of the polynomial through all the samples.

        Products of integers, exact in a float64, divided once.
        """
        nodes = np.arange(self._reach(), -self._reach() - 1, -1.0)
        taps = np.empty(len(nodes))
        for index, node in enumerate(nodes):
            others = np.delete(nodes, index)
            coefficient = polynomial.polyfromroots(others)[self.derivative]
            taps[index] = coefficient * math.factorial(self.derivative) / np.prod(node - others)
        return (taps / self.delta**self.derivative,)

    def _reach(self) -> int:
        """Samples to either side."""
        return (self.derivative + 1) // 2 + self.accuracy // 2 - 1


class LowNoiseDifferentiatorKernel(FilterSpecification):
    """First derivative that smooths: exact for parabolas, deaf to the highest frequencies."""

    source: ClassVar[str] = "Holoborodko, 2008, Smooth noise-robust differentiators, n = 2"

    name: Literal["low_noise_differentiator"]
    # Beyond, the binomials exceed a float64.
    size: Annotated[int, Field(ge=3, le=501)] = Field(
        default=5, description="Number of taps, an odd number."
    )
    delta: Delta = 1.0

    @field_validator("size")
    @classmethod
    def _odd(cls, size: int) -> int:
        if size % 2 == 0:
            raise ValueError("must be odd, so that there is a middle")
        return size

    def extent(self) -> Extent:
        """(size,)."""
        return Extent((self.size,), "/size")

    def compute(self) -> tuple[Array, ...]:
        """The central difference smoothed by binomial weights."""
        order = self.size - 3
        weights = [math.comb(order, k) / 2**order for k in range(order + 1)]
        return (np.convolve([1.0, 0.0, -1.0], weights) / (2 * self.delta),)


SIGNAL_FILTERS: tuple[type[LineSpecification], ...] = (
    MovingAverageKernel,
    ExponentialSmoothingKernel,
    SavitzkyGolayKernel,
    DifferentiatorKernel,
    LowNoiseDifferentiatorKernel,
)
