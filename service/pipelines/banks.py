"""Convolving with a bank of kernels: each result divided by its divisor, then combined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.convolution.convolve import Options, prepare
from service.convolution.missing import prepare_ignoring
from service.convolution.planner import Plan, check_work
from service.convolution.samples import Samples
from service.errors import ResultNotFinite
from service.kernels.kernel import Combine, Kernel, KernelBank


def convolve_bank(
    array: NDArray[np.generic],
    bank: KernelBank,
    options: Options,
    *,
    before: Sequence[Plan] = (),
    ignore_nan: bool = False,
) -> tuple[Samples, list[Plan]]:
    """The result of the whole bank on one array, and the plan of each convolution.

    Shapes as in ``convolve``; with ``ignore_nan`` as in ``convolve_ignoring``. The limit on
    work is one for all the kernels together, and for what was done ``before``; each result is
    folded into the whole as it comes, so that no more than two are held.
    """
    # Without a single gap, nothing needs to be weighed.
    gaps = ignore_nan and array.dtype.kind == "f" and bool(np.isnan(array).any())
    ready = prepare_ignoring if gaps else prepare
    prepared = [ready(array, kernel.values, options) for kernel in bank.kernels]
    plans = [plan for each in prepared for plan in each.plans]
    check_work([*before, *plans], options.max_multiply_adds)
    total = _finished(prepared[0].run(array), bank.kernels[0])
    for each, kernel in zip(prepared[1:], bank.kernels[1:], strict=True):
        fold(total, _finished(each.run(array), kernel), bank.combine)
    if bank.combine is Combine.MEAN:
        total /= len(bank.kernels)
    if bank.bias:
        total += bank.bias
    check_finite(total, gaps=gaps)
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


def check_finite(result: NDArray[Any], *, gaps: bool = False) -> None:
    """``ResultNotFinite`` where a result is larger than its number type can hold.

    NaN, for places that no sample reaches, is let pass where there may be ``gaps``.
    """
    # NaN and infinities show in the extremes, which take no array of booleans to find.
    low, high = (np.fmin.reduce, np.fmax.reduce) if gaps else (np.min, np.max)
    extremes = low(result, axis=None), high(result, axis=None)
    if gaps and np.isnan(extremes).any():
        return  # there is no number at all
    if not np.isfinite(extremes).all():
        raise ResultNotFinite(
            f"the result is larger than a {result.dtype} can hold, or no number is in reach of it"
        )


def _finished(result: Samples, kernel: Kernel) -> Samples:
    """The sums divided, and the kernel's bias added, in place."""
    with np.errstate(over="ignore"):
        if kernel.divisor != 1.0:
            np.divide(result, kernel.divisor, out=result)
        if kernel.bias:
            np.add(result, kernel.bias, out=result)
    return result
