"""Convolving with a bank of kernels: each result divided by its divisor, then combined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.convolution.convolve import Options, convolve
from service.convolution.planner import Plan
from service.convolution.samples import Samples
from service.errors import ResultNotFinite
from service.kernels.kernel import Combine, KernelBank


def convolve_bank(
    array: NDArray[np.generic], bank: KernelBank, options: Options
) -> tuple[Samples, list[Plan]]:
    """The result of the whole bank on one array, and the plan of each kernel.

    Shapes as in ``convolve``. The limit on work is one for all the kernels together.
    """
    results: list[Samples] = []
    plans: list[Plan] = []
    for kernel in bank.kernels:
        left = options.max_multiply_adds - sum(plan.work for plan in plans)
        result, plan = convolve(array, kernel.values, replace(options, max_multiply_adds=left))
        if kernel.divisor != 1.0:
            with np.errstate(over="ignore"):
                np.divide(result, kernel.divisor, out=result)
        results.append(result)
        plans.append(plan)
    combined = results[0] if bank.combine is None else combine(results, bank.combine)
    check_finite(combined)
    return combined, plans


def combine(results: Sequence[Samples], how: Combine) -> Samples:
    """Equally shaped results as one of that shape."""
    total = results[0]
    with np.errstate(over="ignore", invalid="ignore"):
        for result in results[1:]:
            match how:
                case Combine.MAGNITUDE:
                    # hypot, unlike a sum of squares, does not overflow half-way.
                    total = np.hypot(total, result)
                case Combine.MAX:
                    total = np.maximum(total, result)
                case Combine.SUM | Combine.MEAN:
                    total = total + result
    return total / len(results) if how is Combine.MEAN else total


def check_finite(result: NDArray[Any]) -> None:
    """``ResultNotFinite`` where a result is larger than its number type can hold."""
    # NaN and infinities show in the extremes, which take no array of booleans to find.
    if not (np.isfinite(result.min()) and np.isfinite(result.max())):
        raise ResultNotFinite(f"the result is larger than a {result.dtype} can hold")
