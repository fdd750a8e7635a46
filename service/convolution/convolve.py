"""``convolve``: plan, put a border round the array, run an engine, check the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from service.convolution.arrays import Array
from service.convolution.dilation import dilated, dilated_shape
from service.convolution.geometry import output_length, per_axis, strided_length
from service.convolution.operand import Operand
from service.convolution.options import Mode, Operation, Options
from service.convolution.planner import Plan, check_work, plan
from service.convolution.prepared import Prepared, fill_value, whole_sums
from service.convolution.rounding import sufficient_precision
from service.convolution.samples import Precision, Samples
from service.convolution.workload import KernelAnalysis, Workload
from service.errors import InvalidRequest

__all__ = [
    "Operand",
    "Options",
    "Prepared",
    "convolve",
    "output_shape",
    "prepare",
    "sufficient_precision",
]

# Below this a float32 holds integers exactly, and sums them so without a transform.
_WHOLE_FLOAT32 = 2.0**24
# Past this, something on the way could overflow where the sum itself does not: a tile's
# transform, or a pass along the rows whose factor is larger than the kernel.
_EXTREME: dict[Precision, float] = {np.float64: 1e300, np.float32: 1e30}


def prepare(array: NDArray[np.generic] | Operand, kernel: Array, options: Options) -> Prepared:
    """Plan the convolution that ``convolve`` computes; its arguments and its errors.

    In place of the array may stand what planning has to know of it.
    """
    operand = array if isinstance(array, Operand) else Operand.of(array)
    flipped = kernel if options.operation is Operation.CONVOLVE else np.flip(kernel)
    taps = dilated(flipped, options.dilation)
    largest = max(operand.largest, abs(fill_value(options)))
    with np.errstate(over="ignore"):
        tap_sum = float(np.abs(kernel).sum())
    extreme = max(largest, tap_sum, largest * tap_sum) > _EXTREME[options.precision]
    plans = [
        plan(way, options.method, extreme=extreme) for way in _ways(operand.shape, taps, options)
    ]
    chosen = plans[0] if len(plans) == 1 else min(plans, key=lambda each: each.nanoseconds)
    largest_sum = largest * tap_sum
    if _outgrows_its_engine(chosen, largest_sum) and whole_sums(operand, taps, options):
        exact = replace(chosen.workload, precision=np.float64)
        chosen = plan(exact, options.method, extreme=extreme)
    return Prepared(chosen, options, operand, largest_sum, extreme)


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


def _outgrows_its_engine(chosen: Plan, largest_sum: float) -> bool:
    """Whether a result that float32 can hold is too large to be exact in it by this engine."""
    bound = chosen.engine.exact_sum[np.float32]
    return chosen.workload.precision is np.float32 and bound <= largest_sum < _WHOLE_FLOAT32


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
