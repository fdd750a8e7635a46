"""Convolving with a bank of kernels: each result divided by its divisor, then combined."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.convolution.convolve import Options, prepare
from service.convolution.planner import Plan, check_work
from service.convolution.samples import Samples
from service.errors import ResultNotFinite
from service.kernels.kernel import Combine, KernelBank


def convolve_bank(
    array: NDArray[np.generic], bank: KernelBank, options: Options
) -> tuple[Samples, list[Plan]]:
    """The result of the whole bank on one array, and the plan of each kernel.

    Shapes as in ``convolve``. The limit on work is one for all the kernels together; each
    result is folded into the whole as it comes, so that no more than two are held.
    """
    prepared = [prepare(array, kernel.values, options) for kernel in bank.kernels]
    plans = [each.plan for each in prepared]
    check_work(plans, options.max_multiply_adds)
    divisors = [kernel.divisor for kernel in bank.kernels]
    total = _divided(prepared[0].run(array), divisors[0])
    for each, divisor in zip(prepared[1:], divisors[1:], strict=True):
        fold(total, _divided(each.run(array), divisor), bank.combine)
    if bank.combine is Combine.MEAN:
        total /= len(plans)
    check_finite(total)
    return total, plans


def fold(total: Samples, result: Samples, how: Combine | None) -> None:
    """Bring one more result of the same shape into the total, in place."""
    with np.errstate(over="ignore", invalid="ignore"):
        match how:
            case Combine.MAGNITUDE:
                # hypot, unlike a sum of squares, does not overflow half-way.
                np.hypot(total, result, out=total)
            case Combine.MAX:
                np.maximum(total, result, out=total)
            case Combine.SUM | Combine.MEAN:
                np.add(total, result, out=total)
            case None:
                raise ValueError("several results need a way to combine them")


def check_finite(result: NDArray[Any]) -> None:
    """``ResultNotFinite`` where a result is larger than its number type can hold."""
    # NaN and infinities show in the extremes, which take no array of booleans to find.
    if not (np.isfinite(result.min()) and np.isfinite(result.max())):
        raise ResultNotFinite(f"the result is larger than a {result.dtype} can hold")


def _divided(result: Samples, divisor: float) -> Samples:
    if divisor != 1.0:
        with np.errstate(over="ignore"):
            np.divide(result, divisor, out=result)
    return result
