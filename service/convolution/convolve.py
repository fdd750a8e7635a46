"""``convolve``: plan, put a border round the array, run an engine, check the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.convolution.arrays import Array, integral
from service.convolution.boundary import extend
from service.convolution.dilation import dilated, dilated_shape
from service.convolution.geometry import output_length, padding, per_axis, strided_length
from service.convolution.options import Boundary, Method, Mode, Operation
from service.convolution.planner import Plan, check_work, plan
from service.convolution.polyphase import strided
from service.convolution.samples import Precision, Samples
from service.convolution.workload import KernelAnalysis, Workload
from service.errors import InvalidRequest, ResultNotFinite

# Transforms and factored kernels leave integers a little off. The largest errors measured are
# 1e-14 (float64) and 1.5e-6 (float32) of the largest possible sum, so that sums below these
# bounds are known to less than a half, and rounding makes them exact.
_EXACT_SUM: dict[Precision, float] = {np.float64: 2.0**40, np.float32: 2.0**18}
# Below this a float32 holds integers exactly, and sums them so without a transform.
_WHOLE_FLOAT32 = 2.0**24
# Below this the quotient of two integers is no nearer to the half between two levels than a
# float32 can tell, unless it is that half.
_ROUNDABLE_FLOAT32 = 2.0**23
# Past this, something on the way could overflow where the sum itself does not: a tile's
# transform, or a pass along the rows whose factor is larger than the kernel.
_EXTREME: dict[Precision, float] = {np.float64: 1e300, np.float32: 1e30}


@dataclass(frozen=True)
class Options:
    """What is asked of a convolution besides its operands.

    ``stride`` and ``dilation``, at least 1, are one number for all axes or one for each, in
    torch.nn.Conv2d's meaning: every ``stride``-th sample of the result is kept, from the first
    on, and ``dilation - 1`` zeros stand between the taps. ``mode`` counts and centres by the
    kernel that has them.
    """

    mode: Mode = Mode.SAME
    boundary: Boundary = Boundary.CONSTANT
    fill_value: float = 0.0
    operation: Operation = Operation.CONVOLVE
    method: Method = Method.AUTO
    precision: Precision = np.float64
    max_multiply_adds: float = float("inf")
    stride: int | tuple[int, ...] = 1
    dilation: int | tuple[int, ...] = 1


@dataclass(frozen=True)
class Prepared:
    """A convolution that has been planned for one array, and not yet computed."""

    plan: Plan
    options: Options
    largest_sum: float
    extreme: bool

    @property
    def plans(self) -> list[Plan]:
        """The one plan there is."""
        return [self.plan]

    def run(self, array: NDArray[np.generic]) -> Samples:
        """The result; ``array`` is the one that it was prepared for."""
        work = self.plan.workload
        widths = [padding(k, self.options.mode) for k in work.kernel.values.shape]
        with np.errstate(over="ignore", invalid="ignore"):
            result = self._computed(_bordered(array, widths, self.options, work.precision))
        if self.extreme and not np.isfinite(result).all():
            raise ResultNotFinite(
                f"the result exceeds what a {work.precision.__name__} can hold, about "
                f"{float(np.finfo(work.precision).max):.2g}"
            )
        if self._is_off_from_integers(array):
            np.rint(result, out=result)
            result += 0.0  # no negative zeros
        return result.astype(self.options.precision, copy=False)

    def _computed(self, bordered: Samples) -> Samples:
        """The samples that the stride keeps: by phases where the plan says so, else picked out."""
        work, engine = self.plan.workload, self.plan.engine
        if self.options.stride == 1:
            return engine.run(bordered, work.kernel)
        if max(work.stride) > 1:
            result = strided(engine.run, bordered, work)
        else:
            result = engine.run(bordered, work.kernel)
        asked = per_axis(self.options.stride, len(work.stride), "/stride")
        steps = zip(asked, work.stride, strict=True)
        return np.ascontiguousarray(result[tuple(slice(None, None, a // s) for a, s in steps)])

    def _is_off_from_integers(self, array: NDArray[np.generic]) -> bool:
        return (
            self.plan.engine.method is not Method.DIRECT
            and self.largest_sum < _EXACT_SUM[self.plan.workload.precision]
            and _all_integers(array, self.plan.workload.kernel.values, self.options)
        )


def prepare(array: NDArray[np.generic], kernel: Array, options: Options) -> Prepared:
    """Plan the convolution that ``convolve`` computes; its arguments and its errors."""
    flipped = kernel if options.operation is Operation.CONVOLVE else np.flip(kernel)
    taps = dilated(flipped, options.dilation)
    largest = max(abs(float(array.max())), abs(float(array.min())), abs(_fill(options)))
    with np.errstate(over="ignore"):
        tap_sum = float(np.abs(kernel).sum())
    extreme = max(largest, tap_sum, largest * tap_sum) > _EXTREME[options.precision]
    plans = [
        plan(way, options.method, extreme=extreme) for way in _ways(array.shape, taps, options)
    ]
    chosen = plans[0] if len(plans) == 1 else min(plans, key=lambda each: each.nanoseconds)
    largest_sum = largest * tap_sum
    if _outgrows_its_transform(chosen, largest_sum) and _all_integers(array, taps, options):
        exact = replace(chosen.workload, precision=np.float64)
        chosen = plan(exact, options.method, extreme=extreme)
    return Prepared(chosen, options, largest_sum, extreme)


def output_shape(
    shape: Sequence[int], kernel_shape: Sequence[int], options: Options
) -> tuple[int, ...]:
    """The shape of the result for an array and a kernel of these shapes, as in ``convolve``.

    ``InvalidRequest`` at /mode where ``valid`` has no sample, and where ``stride`` or
    ``dilation`` has another number of axes than the kernel.
    """
    full_rate = _full_rate(shape, dilated_shape(kernel_shape, options.dilation), options.mode)
    strides = per_axis(options.stride, len(full_rate), "/stride")
    return (*_kept(full_rate, strides), *shape[len(kernel_shape) :])


def convolve(array: NDArray[np.generic], kernel: Array, options: Options) -> tuple[Samples, Plan]:
    """The convolution of ``array`` with ``kernel``, and how it was computed.

    ``array``: (n,) for a kernel of shape (taps,); (height, width, channels), each channel
    on its own, for one of shape (rows, columns). Any real dtype; finite. The result has
    ``options.precision`` and the sizes that ``options.mode`` says; it equals
    scipy.signal.convolve within rounding, and exactly where array and kernel are integers
    of moderate size. ``output_shape`` tells its shape.

    Raises ``InvalidRequest`` where ``valid`` has no sample, the method can't be forced, or
    ``stride`` or ``dilation`` doesn't fit the kernel's axes,
    ``LimitExceeded`` over ``max_multiply_adds``, ``ResultNotFinite`` on overflow.
    """
    prepared = prepare(array, kernel, options)
    check_work([prepared.plan], options.max_multiply_adds)
    return prepared.run(array), prepared.plan


def sufficient_precision(largest: float, kernel: Array, divisor: float) -> Precision:
    """The precision that an 8-bit result needs, for whole samples of up to ``largest``.

    Whole taps are summed exactly, and over a whole divisor rounded as the exact quotient would
    be. With other taps float32 is enough where its rounding (some 1e-7 of the largest
    possible result) moves at most one in ten thousand results to another level, unless the
    picture puts many results just between two: ``rounding.undecided`` tells.
    """
    total = largest * float(np.abs(kernel).sum())
    if integral(kernel):
        exact = total < _ROUNDABLE_FLOAT32 and float(divisor).is_integer()
        return np.float32 if exact else np.float64
    return np.float32 if total <= 2 * 256 * abs(divisor) else np.float64


def _ways(shape: Sequence[int], taps: Array, options: Options) -> list[Workload]:
    """The convolution with each choice of axes along which the stride is computed by phases.

    Along the others all is computed, and what the stride drops is dropped: cheaper where few
    samples meet many phases.
    """
    full_rate = _full_rate(shape, taps.shape, options.mode)
    channels = shape[2] if len(shape) == 3 else 1
    whole = Workload(
        full_rate, channels, KernelAnalysis.of(taps), options.precision, (1,) * taps.ndim
    )
    if options.stride == 1:
        return [whole]
    strides = per_axis(options.stride, taps.ndim, "/stride")
    return [
        replace(whole, output=_kept(full_rate, chosen), stride=chosen)
        for chosen in product(*({1, s} for s in strides))
    ]


def _kept(full_rate: Sequence[int], strides: Sequence[int]) -> tuple[int, ...]:
    return tuple(strided_length(n, s) for n, s in zip(full_rate, strides, strict=True))


def _outgrows_its_transform(chosen: Plan, largest_sum: float) -> bool:
    """Whether a result that the precision can hold is too large for its transform to be exact."""
    precision = chosen.workload.precision
    return (
        chosen.engine.method is Method.FFT
        and precision is np.float32
        and _EXACT_SUM[precision] <= largest_sum < _WHOLE_FLOAT32
    )


def _bordered(
    array: NDArray[np.generic],
    widths: Sequence[tuple[int, int]],
    options: Options,
    precision: Precision,
) -> Samples:
    """The array with its border, in the precision computed in: one copy, where it can be."""
    if array.dtype.kind in "iu" and _fits(_fill(options), array.dtype):
        bordered = extend(array, widths, options.boundary, _fill(options))
        return np.asarray(bordered, dtype=precision)
    samples: Samples = np.asarray(array, dtype=precision)
    return extend(samples, widths, options.boundary, _fill(options))


def _fits(value: float, dtype: np.dtype[Any]) -> bool:
    limits = np.iinfo(dtype)
    return value.is_integer() and limits.min <= value <= limits.max


def _full_rate(shape: Sequence[int], kernel_shape: Sequence[int], mode: Mode) -> tuple[int, ...]:
    """The result's lengths along the kernel's axes before the stride."""
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


def _all_integers(array: NDArray[np.generic], taps: Array, options: Options) -> bool:
    return _fill(options).is_integer() and integral(taps) and integral(array)
