"""What a specification builds: taps, what they are divided by, and how results are combined."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import prod

import numpy as np

from service.convolution.arrays import Array
from service.errors import InvalidRequest, LimitExceeded
from service.kernels.exact import as_ratio, integers_over

# A sum that is this small beside the sum of magnitudes is zero but for rounding.
_CANCELLATION = 1e-14


class Normalize(StrEnum):
    """What the taps are divided by.

    ``none``: nothing; ``sum``: their sum; ``l1``: the sum of their magnitudes; ``l2``: the
    square root of the sum of their squares; ``peak``: their largest magnitude.
    """

    NONE = "none"
    SUM = "sum"
    L1 = "l1"
    L2 = "l2"
    PEAK = "peak"


class Combine(StrEnum):
    """How the results of several kernels become one, sample by sample.

    ``magnitude`` is the square root of the sum of squares.
    """

    MAGNITUDE = "magnitude"
    MAX = "max"
    SUM = "sum"
    MEAN = "mean"


@dataclass(frozen=True, eq=False)
class Kernel:
    """One kernel: ``values`` (float64, 1-D or 2-D, read-only) over ``divisor``.

    The two stay apart so that integer values on integer samples are summed exactly and
    divided once. ``bias`` is added to each sample of this kernel's result after the division.
    """

    values: Array
    divisor: float = 1.0
    bias: float = 0.0

    def __post_init__(self) -> None:
        # A copy, in which no zero is negative.
        values = np.add(self.values, 0.0, dtype=np.float64, order="C")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    @property
    def taps(self) -> Array:
        """The effective taps, ``values / divisor``: a new array of the same shape."""
        return self.values / self.divisor


@dataclass(frozen=True)
class KernelBank:
    """The kernels of one specification; ``combine`` is None exactly when there is one.

    All are of one shape. ``bias`` is added to each sample of the combined result; that of a
    single kernel is the kernel's own.
    """

    kernels: tuple[Kernel, ...]
    combine: Combine | None = None
    bias: float = 0.0

    def __post_init__(self) -> None:
        if not self.kernels or (self.combine is None) != (len(self.kernels) == 1):
            raise ValueError("several kernels need a way to combine them, one kernel has none")


@dataclass(frozen=True)
class KernelLimits:
    """The largest kernels taken on: taps of a 1-D kernel, and each side of a 2-D one."""

    max_taps: int = 1_048_576
    max_side: int = 1_024

    def check(self, shape: tuple[int, ...], pointer: str) -> None:
        """Raise ``LimitExceeded`` at ``pointer`` where a kernel of ``shape`` is too large."""
        largest = max(shape)
        if len(shape) == 1 and largest > self.max_taps:
            detail = f"the kernel would have {largest:,} taps; at most {self.max_taps:,} are taken"
            raise LimitExceeded.at(pointer, detail)
        if len(shape) == 2 and largest > self.max_side:
            detail = (
                f"the kernel would be {largest:,} taps long on one side; "
                f"in two dimensions at most {self.max_side:,} a side are taken"
            )
            raise LimitExceeded.at(pointer, detail)

    def check_total(self, shape: tuple[int, ...], count: int, pointer: str) -> None:
        """The same where ``count`` kernels of ``shape`` have more taps than one may have."""
        total = count * prod(shape)
        most = self.max_taps if len(shape) == 1 else self.max_side**2
        if total > most:
            detail = (
                f"the kernels, laid out in one shape, would have {total:,} taps; "
                f"at most {most:,} are taken"
            )
            raise LimitExceeded.at(pointer, detail)


def normalized(
    values: Array, rule: Normalize, pointer: str, rule_pointer: str | None = None
) -> Kernel:
    """The kernel of ``values`` with the divisor that ``rule`` asks for.

    Values that are short decimals or fractions become integers over a larger divisor.

    Raises ``InvalidRequest`` where a value is not finite (at ``pointer``, the kernel's own
    JSON Pointer), and where the divisor is zero, for a sum also zero but for rounding, or
    more than a float64 holds (at ``rule_pointer``, where the rule stands; by default
    ``normalize`` below the kernel).
    """
    place = f"{pointer}/normalize" if rule_pointer is None else rule_pointer
    if not np.isfinite(values).all():
        raise InvalidRequest.at(pointer, "these parameters give taps that are not finite numbers")
    integers, denominator = integers_over(values)
    divisor = denominator if rule is Normalize.NONE else _divisor(integers, rule)
    if divisor == 0:
        detail = f"the {_MEASURE[rule]} of the taps is zero, so they can't be divided by it"
        raise InvalidRequest.at(place, detail)
    kernel = Kernel(integers, divisor)
    with np.errstate(over="ignore"):
        sound = np.isfinite(divisor) and np.isfinite(kernel.taps).all()
    if not sound:
        detail = f"the taps divided by their {_MEASURE[rule]} are out of a float64's range"
        raise InvalidRequest.at(place, detail)
    return kernel


def scaled(kernel: Kernel, factor: float, pointer: str) -> Kernel:
    """The kernel with its taps times ``factor``; whole values stay whole where it is a ratio.

    Raises ``InvalidRequest`` at ``pointer``, the factor's place, where the taps exceed float64.
    """
    if factor == 1.0:
        return kernel
    numerator, denominator = as_ratio(factor)
    with np.errstate(over="ignore", invalid="ignore"):
        result = replace(
            kernel, values=kernel.values * numerator, divisor=kernel.divisor * denominator
        )
        sound = np.isfinite(result.divisor) and np.isfinite(result.taps).all()
    if not sound:
        detail = "takes the taps out of a float64's range"
        raise InvalidRequest.at(pointer, detail)
    return result


_MEASURE = {
    Normalize.NONE: "unit",
    Normalize.SUM: "sum",
    Normalize.L1: "sum of magnitudes",
    Normalize.L2: "root of the sum of squares",
    Normalize.PEAK: "largest magnitude",
}


def _divisor(values: Array, rule: Normalize) -> float:
    magnitudes = np.abs(values)
    peak = float(magnitudes.max())
    if rule is Normalize.PEAK or peak == 0:
        return peak
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        if rule is Normalize.L2:
            # Squares of the values themselves could overflow, or vanish.
            return peak * float(np.sqrt(np.square(values / peak).sum()))
        total = float(magnitudes.sum())
        if rule is Normalize.L1:
            return total
        signed = float(values.sum())
    return 0.0 if abs(signed) <= _CANCELLATION * total < np.inf else signed
