"""Convolving with a bank of kernels: each result divided by its divisor, then combined."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.convolution.arrays import integral
from service.convolution.compiled import native_engines
from service.convolution.convolve import output_shape, prepare
from service.convolution.costs import DEFAULT_COSTS, costs
from service.convolution.missing import PreparedIgnoring, prepare_ignoring
from service.convolution.native import NativeEngines
from service.convolution.operand import Operand
from service.convolution.options import Mode, Options
from service.convolution.planner import Plan, check_work
from service.convolution.prepared import Prepared
from service.convolution.samples import Precision, Samples
from service.errors import ResultNotFinite
from service.kernels.kernel import Combine, Kernel, KernelBank
from service.pipelines.remembered import MOST_TAPS, REMEMBERED

# Results that are bound to stay below need not be looked at for infinities.
_SURELY_FINITE: Final[dict[Precision, float]] = {np.float32: 1e37, np.float64: 1e307}


@dataclass(frozen=True)
class PreparedBank:
    """A bank whose convolutions have been planned for one array, and not yet computed.

    ``shape`` is the result's; ``gaps`` says that NaN in the array stands for samples that are
    missing.
    """

    bank: KernelBank
    convolutions: tuple[Prepared | PreparedIgnoring, ...]
    shape: tuple[int, ...]
    precision: Precision
    gaps: bool

    @property
    def plans(self) -> list[Plan]:
        """Those of all convolutions, in the order of the kernels."""
        return [plan for each in self.convolutions for plan in each.plans]

    @cached_property
    def largest(self) -> float:
        """A bound of the magnitudes of the result; infinite where none is known."""
        if self.gaps:
            return math.inf
        each = [
            prepared.largest_sum / abs(kernel.divisor) + abs(kernel.bias)
            for prepared, kernel in zip(self.convolutions, self.bank.kernels, strict=True)
            if isinstance(prepared, Prepared)
        ]
        total = max(each) if self.bank.combine in (None, Combine.MAX, Combine.MEAN) else sum(each)
        return total + abs(self.bank.bias)

    @property
    def widths(self) -> tuple[tuple[int, int], ...]:
        """The border that the kernels, all of one shape, want along each of their axes."""
        return self._first.widths

    @property
    def row_step(self) -> int:
        """Of how many rows of the result a band is best a multiple."""
        return self._first.row_step

    @property
    def _first(self) -> Prepared:
        first = self.convolutions[0]
        return first if isinstance(first, Prepared) else first.samples

    @cached_property
    def keeps_whole(self) -> bool:
        """Whether whole samples have whole results."""
        biases = [self.bank.bias, *(kernel.bias for kernel in self.bank.kernels)]
        return is_whole(self.bank) and all(float(bias).is_integer() for bias in biases)

    def run(self, array: NDArray[np.generic]) -> Samples:
        """The result; ``array`` is the one that it was prepared for.

        ``ResultNotFinite`` where it is larger than the precision can hold.
        """
        return self._whole([partial(each.run, array) for each in self.convolutions])

    def run_bordered(self, rows: NDArray[np.generic]) -> Samples:
        """The same for rows of the array that have their border on all sides already."""
        bordered = [
            each.run_bordered if isinstance(each, Prepared) else _without_border(each).run
            for each in self.convolutions
        ]
        return self._whole([partial(run, rows) for run in bordered])

    def levels_bordered(
        self, rows: NDArray[Any], *, absolute: bool, bias: float
    ) -> NDArray[np.uint8] | None:
        """The same as levels of 8 bits, rounded half to even and clipped.

        Of its magnitudes where ``absolute``, and with the bias. None where these can't be had
        without the numbers.
        """
        convolution, kernel = self.convolutions[0], self.bank.kernels[0]
        alone = self.bank.combine is None and not (absolute and kernel.bias)
        if isinstance(convolution, PreparedIgnoring) or not alone:
            return None
        return convolution.levels_bordered(
            rows, kernel.divisor, kernel.bias + bias, absolute=absolute
        )

    def _whole(self, results: Sequence[Callable[[], Samples]]) -> Samples:
        """All results as one, each folded into it as it comes: no more than two are held."""
        kernels = self.bank.kernels
        total = _divided(results[0](), kernels[0])
        for result, kernel in zip(results[1:], kernels[1:], strict=True):
            fold(total, _divided(result(), kernel), self.bank.combine)
        if self.bank.combine is Combine.MEAN:
            total /= len(kernels)
        if self.bank.bias:
            total += self.bank.bias
        if not self.largest < _SURELY_FINITE[self.precision]:
            check_finite(total, gaps=self.gaps)
        return total


def prepare_bank(
    array: NDArray[np.generic] | Operand,
    bank: KernelBank,
    options: Options,
    *,
    before: Sequence[Plan] = (),
    ignore_nan: bool = False,
) -> PreparedBank:
    """Plan the convolution of an array with each kernel of a bank.

    Shapes as in ``convolve``; with ``ignore_nan`` as in ``convolve_ignoring``, for an array alone.
    ``LimitExceeded`` over the limit on work, which is one for all the kernels together, and for
    what was planned ``before``.
    """
    # Without a single gap, nothing needs to be weighed.
    if ignore_nan and not isinstance(array, Operand) and _has_gaps(array):
        prepared = _prepared_ignoring(array, bank, options)
    elif isinstance(array, Operand) and _is_to_be_remembered(bank):
        prepared = _remembered(array, bank, options, native_engines())
    else:
        # Made once for all kernels: what planning looks for takes passes over the array.
        operand = array if isinstance(array, Operand) else Operand.of(array)
        prepared = _prepared(operand, bank, options)
    check_work([*before, *prepared.plans], options.max_multiply_adds)
    return prepared


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


def finished(result: Samples, *, absolute: bool, bias: float) -> Samples:
    """The result itself, magnitudes where ``absolute``, and with the bias, in place."""
    if absolute:
        np.abs(result, out=result)
    if bias:
        with np.errstate(over="ignore"):
            np.add(result, bias, out=result)
    return result


def is_whole(bank: KernelBank) -> bool:
    """Whether the results for whole samples are whole, but for biases."""
    exact = bank.combine in (None, Combine.MAX, Combine.SUM)
    return exact and all(each.divisor == 1 and integral(each.values) for each in bank.kernels)


def _without_border(prepared: PreparedIgnoring) -> PreparedIgnoring:
    """The same for an array that has its border already."""
    samples, weights = (
        replace(each, options=replace(each.options, mode=Mode.VALID))
        for each in (prepared.samples, prepared.weights)
    )
    return replace(prepared, samples=samples, weights=weights)


def _prepared(operand: Operand, bank: KernelBank, options: Options) -> PreparedBank:
    bank = _without_vain_divisors(bank)
    convolutions = tuple(prepare(operand, each.values, options) for each in bank.kernels)
    shape = output_shape(operand.shape, bank.kernels[0].values.shape, options)
    return PreparedBank(bank, convolutions, shape, options.precision, gaps=False)


def _is_to_be_remembered(bank: KernelBank) -> bool:
    return bank.kernels[0].values.size <= MOST_TAPS and costs() is DEFAULT_COSTS


@lru_cache(REMEMBERED)
def _remembered(
    operand: Operand,
    bank: KernelBank,
    options: Options,
    _engines: NativeEngines | None,  # which plans depend on
) -> PreparedBank:
    return _prepared(operand, bank, options)


def _prepared_ignoring(
    array: NDArray[np.generic], bank: KernelBank, options: Options
) -> PreparedBank:
    bank = _without_vain_divisors(bank)
    convolutions = tuple(prepare_ignoring(array, each.values, options) for each in bank.kernels)
    shape = output_shape(array.shape, bank.kernels[0].values.shape, options)
    return PreparedBank(bank, convolutions, shape, options.precision, gaps=True)


def _without_vain_divisors(bank: KernelBank) -> KernelBank:
    return replace(bank, kernels=tuple(map(_without_vain_divisor, bank.kernels)))


def _without_vain_divisor(kernel: Kernel) -> Kernel:
    """The kernel with its taps divided where they are not whole, and so no sums exact."""
    if kernel.divisor == 1 or integral(kernel.values):
        return kernel
    return replace(kernel, values=kernel.taps, divisor=1.0)


def _has_gaps(array: NDArray[np.generic]) -> bool:
    return array.dtype.kind == "f" and bool(np.isnan(array).any())


def _divided(result: Samples, kernel: Kernel) -> Samples:
    """The sums divided, and the kernel's bias added, in place."""
    with np.errstate(over="ignore"):
        if kernel.divisor != 1.0:
            np.divide(result, kernel.divisor, out=result)
        if kernel.bias:
            np.add(result, kernel.bias, out=result)
    return result
