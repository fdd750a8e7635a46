"""``convolve``: plan, put a border round the array, run an engine, check the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.convolution.arrays import Array
from service.convolution.boundary import extend
from service.convolution.engines import KernelAnalysis, Workload
from service.convolution.geometry import output_length, padding
from service.convolution.options import Boundary, Method, Mode, Operation
from service.convolution.planner import Plan, check_work, plan
from service.convolution.samples import Precision, Samples
from service.errors import InvalidRequest, ResultNotFinite

# Transforms and factored kernels leave integers a little off. The largest errors measured are
# 1e-14 (float64) and 1.5e-6 (float32) of the largest possible sum, so that sums below these
# bounds are known to less than a half, and rounding makes them exact.
_EXACT_SUM: dict[Precision, float] = {np.float64: 2.0**40, np.float32: 2.0**18}
# Past this, something on the way could overflow where the sum itself does not: a tile's
# transform, or a pass along the rows whose factor is larger than the kernel.
_EXTREME: dict[Precision, float] = {np.float64: 1e300, np.float32: 1e30}


@dataclass(frozen=True)
class Options:
    """What is asked of a convolution besides its operands."""

    mode: Mode = Mode.SAME
    boundary: Boundary = Boundary.CONSTANT
    fill_value: float = 0.0
    operation: Operation = Operation.CONVOLVE
    method: Method = Method.AUTO
    precision: Precision = np.float64
    max_multiply_adds: float = float("inf")


@dataclass(frozen=True)
class Prepared:
    """A convolution that has been planned for one array, and not yet computed."""

    plan: Plan
    options: Options
    largest_sum: float
    extreme: bool

    def run(self, array: NDArray[np.generic]) -> Samples:
        """The result; ``array`` is the one that it was prepared for."""
        kernel, precision = self.plan.workload.kernel, self.options.precision
        widths = [padding(k, self.options.mode) for k in kernel.values.shape]
        with np.errstate(over="ignore", invalid="ignore"):
            result = self.plan.engine.run(_bordered(array, widths, self.options), kernel)
        if self.extreme and not np.isfinite(result).all():
            raise ResultNotFinite(
                f"the result exceeds what a {precision.__name__} can hold, about "
                f"{float(np.finfo(precision).max):.2g}"
            )
        if self._is_off_from_integers(array):
            np.rint(result, out=result)
            result += 0.0  # no negative zeros
        return result

    def _is_off_from_integers(self, array: NDArray[np.generic]) -> bool:
        return (
            self.plan.engine.method is not Method.DIRECT
            and self.largest_sum < _EXACT_SUM[self.options.precision]
            and _fill(self.options).is_integer()
            and _integral(self.plan.workload.kernel.values)
            and _integral(array)
        )


def prepare(array: NDArray[np.generic], kernel: Array, options: Options) -> Prepared:
    """Plan the convolution that ``convolve`` computes; its arguments and its errors."""
    taps = kernel if options.operation is Operation.CONVOLVE else np.flip(kernel)
    largest = max(abs(float(array.max())), abs(float(array.min())), abs(_fill(options)))
    with np.errstate(over="ignore"):
        tap_sum = float(np.abs(taps).sum())
    workload = Workload(
        output=_output_shape(array.shape, taps.shape, options.mode),
        channels=array.shape[2] if array.ndim == 3 else 1,
        kernel=KernelAnalysis(taps),
        precision=options.precision,
    )
    extreme = max(largest, tap_sum, largest * tap_sum) > _EXTREME[options.precision]
    chosen = plan(workload, options.method, extreme=extreme)
    return Prepared(chosen, options, largest * tap_sum, extreme)


def convolve(array: NDArray[np.generic], kernel: Array, options: Options) -> tuple[Samples, Plan]:
    """The convolution of ``array`` with ``kernel``, and how it was computed.

    ``array``: (n,) for a kernel of shape (taps,); (height, width, channels), each channel
    on its own, for one of shape (rows, columns). Any real dtype; finite. The result has
    ``options.precision`` and the sizes that ``options.mode`` says; it equals
    scipy.signal.convolve within rounding, and exactly where array and kernel are integers
    of moderate size.

    Raises ``InvalidRequest`` where ``valid`` has no sample or the method can't be forced,
    ``LimitExceeded`` over ``max_multiply_adds``, ``ResultNotFinite`` on overflow.
    """
    prepared = prepare(array, kernel, options)
    check_work([prepared.plan], options.max_multiply_adds)
    return prepared.run(array), prepared.plan


def sufficient_precision(largest: float, kernel: Array, divisor: float) -> Precision:
    """The precision that an 8-bit result needs, for samples of up to ``largest``.

    float32 where its sums of integers are exact, or where its rounding (some 1e-7 of the
    largest possible result) moves at most one in ten thousand results to another level.
    (Where many exact sums lie half-way between two levels, as with taps of 0.1, float64's
    rounding decides as arbitrarily, and the two may differ more often. Whole taps over a
    divisor are summed exactly, and such ties rounded to even.)
    """
    total = largest * float(np.abs(kernel).sum())
    if _integral(kernel) and total < _EXACT_SUM[np.float32]:
        return np.float32
    return np.float32 if total <= 2 * 256 * abs(divisor) else np.float64


def _bordered(
    array: NDArray[np.generic], widths: Sequence[tuple[int, int]], options: Options
) -> Samples:
    """The array in the precision asked for, with its border: one copy, where it can be."""
    if array.dtype.kind in "iu" and _fits(_fill(options), array.dtype):
        bordered = extend(array, widths, options.boundary, _fill(options))
        return np.asarray(bordered, dtype=options.precision)
    samples: Samples = np.asarray(array, dtype=options.precision)
    return extend(samples, widths, options.boundary, _fill(options))


def _fits(value: float, dtype: np.dtype[Any]) -> bool:
    limits = np.iinfo(dtype)
    return value.is_integer() and limits.min <= value <= limits.max


def _output_shape(shape: Sequence[int], kernel_shape: Sequence[int], mode: Mode) -> tuple[int, ...]:
    sizes = zip(shape[: len(kernel_shape)], kernel_shape, strict=True)
    output = tuple(output_length(n, k, mode) for n, k in sizes)
    if min(output) < 1:
        raise InvalidRequest.at(
            "/mode",
            f"valid needs an input at least as large as the kernel in each dimension; the kernel "
            f"is {_times(kernel_shape)}, the input {_times(shape[: len(kernel_shape)])}",
        )
    return output


def _times(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def _fill(options: Options) -> float:
    """The fill value where any stands in the border, else 0."""
    used = options.boundary is Boundary.CONSTANT and options.mode is not Mode.VALID
    return float(options.fill_value) if used else 0.0


def _integral(array: NDArray[np.generic]) -> bool:
    return array.dtype.kind in "iu" or bool(np.all(np.rint(array) == array))
