"""A convolution that has been planned, and how its plan is carried out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.convolution.arrays import integral
from service.convolution.boundary import Border
from service.convolution.geometry import padding, per_axis
from service.convolution.levels import (
    MOST_LEVEL_TAPS,
    Levels,
    filtered_levels,
    is_power_of_two,
    rounded_levels,
)
from service.convolution.native import LevelScale
from service.convolution.operand import Operand
from service.convolution.options import Boundary, Method, Mode, Options
from service.convolution.planner import Plan
from service.convolution.polyphase import strided
from service.convolution.rounding import ROUNDABLE_SUM
from service.convolution.samples import Samples
from service.convolution.threads import run_parallel, threads, use_threads
from service.convolution.workload import KernelAnalysis
from service.errors import ResultNotFinite

# Below so many nanoseconds, starting threads and putting their parts together take longer than
# what is saved; of what compiled engines share out tile by tile, below so many.
_WORTH_THREADS = 5e6
_WORTH_NATIVE_THREADS = 1e6


@dataclass(frozen=True)
class Prepared:
    """A convolution that has been planned for one array, and not yet computed.

    ``largest_sum`` bounds the magnitudes of the result; ``extreme`` says that it, or something
    on the way to it, may overflow.
    """

    plan: Plan
    options: Options
    operand: Operand
    largest_sum: float
    extreme: bool

    @property
    def plans(self) -> list[Plan]:
        """The one plan there is."""
        return [self.plan]

    @property
    def widths(self) -> tuple[tuple[int, int], ...]:
        """How many samples the border has before and after, along each axis of the kernel."""
        shape = self.plan.workload.kernel.values.shape
        return tuple(padding(k, self.options.mode) for k in shape)

    @property
    def row_step(self) -> int:
        """Of how many rows of the result a band is best a multiple: what a row of tiles gives."""
        if self.plan.tile is None or self.options.stride != 1:
            return 1
        return self.plan.tile[0] - self.plan.workload.part[0] + 1

    def run(self, array: NDArray[np.generic]) -> Samples:
        """The result; ``array`` is the one that it was prepared for.

        Where ``threads`` may be taken and the work is worth it, they share it out: compiled engines
        by tiles, the others by rows.
        """
        border = Border(self.widths, self.options.boundary, fill_value(self.options))
        bands = self._bands()
        if len(bands) == 1:
            return self._finished(array, border)
        work = self.plan.workload
        bordered, reach = border.round(array, work.precision), work.kernel.values.shape[0] - 1
        shape = *work.output, *array.shape[len(work.output) :]
        result: Samples = np.empty(shape, self.options.precision)

        def fill(band: slice) -> None:
            result[band] = self.run_bordered(bordered[band.start : band.stop + reach])

        run_parallel([partial(fill, band) for band in bands])
        return result

    def run_bordered(self, bordered: NDArray[np.generic]) -> Samples:
        """The result for samples that have their border, of ``widths``, already.

        ``bordered``: of any real dtype; it may be a part of the array that it was prepared for,
        as long as it holds all that the wanted part of the result is made of. The result is the
        caller's to change.
        """
        return self._finished(bordered, Border.none(len(self.widths)))

    def levels_bordered(
        self,
        bordered: NDArray[np.generic],
        divisor: float = 1.0,
        bias: float = 0.0,
        *,
        absolute: bool = False,
    ) -> Levels | None:
        """The result as levels, ``result / divisor + bias`` rounded half to even and clipped.

        ``bordered`` as in ``run_bordered``; ``absolute`` takes the magnitude before the bias.
        Exact; None, at once, where that is not known without a look at all results: it takes
        whole samples, taps, divisor and bias, of moderate size.
        """
        if not self._has_exact_levels(divisor, bias):
            return None
        engine, work = self.plan.engine, self.plan.workload
        if engine.run_levels is not None and self.options.stride == 1:
            scale = LevelScale(divisor, bias, absolute, whole=engine.method is Method.FFT)
            with use_threads(self._native_threads(bordered)):
                return engine.run_levels(
                    bordered, work.kernel, work.precision, Border.none(2), scale
                )
        if self._filters_levels(bordered.dtype, divisor) and not absolute:
            return filtered_levels(bordered, work.kernel.values, divisor, bias)
        return rounded_levels(self.run_bordered(bordered), divisor, bias, absolute=absolute)

    def _bands(self) -> list[slice]:
        """The rows of the result that are computed at once: all, or some for each thread."""
        rows, whole = self.plan.workload.output[0], [slice(0, self.plan.workload.output[0])]
        engine = self.plan.engine
        divisible = engine.tiling is not None or engine.method is not Method.FFT
        if threads() == 1 or self.plan.nanoseconds < _WORTH_THREADS or not divisible:
            return whole
        if engine.native:
            return whole
        if self.options.stride != 1:
            return whole
        share = math.ceil(rows / threads())
        taps = self.plan.workload.kernel.values.shape[0]
        each = max(math.ceil(share / self.row_step) * self.row_step, taps)
        return [slice(first, min(first + each, rows)) for first in range(0, rows, each)]

    def _finished(self, array: NDArray[np.generic], border: Border) -> Samples:
        work = self.plan.workload
        with (
            np.errstate(over="ignore", invalid="ignore"),
            use_threads(self._native_threads(array)),
        ):
            result = self._computed(array, border)
        if self.extreme and not np.isfinite(result).all():
            raise ResultNotFinite(
                f"the result exceeds what a {work.precision.__name__} can hold, about "
                f"{float(np.finfo(work.precision).max):.2g}"
            )
        if self._is_off_from_integers():
            np.rint(result, out=result)
            result += 0.0  # no negative zeros
        return result.astype(self.options.precision, copy=False)

    def _native_threads(self, array: NDArray[np.generic]) -> int:
        """Those that a compiled engine may take for an array, a part of what was planned maybe."""
        if threads() == 1 or not self.plan.engine.native:
            return threads()
        part = len(array) / self.operand.shape[0]
        return threads() if part * self.plan.nanoseconds >= _WORTH_NATIVE_THREADS else 1

    def _computed(self, array: NDArray[np.generic], border: Border) -> Samples:
        """The samples that the stride keeps: by phases where the plan says so, else picked out."""
        work, engine = self.plan.workload, self.plan.engine
        if self.options.stride == 1:
            return engine.run(array, work.kernel, work.precision, border)
        if max(work.stride) > 1:
            result = strided(self._run_phase, border.round(array, work.precision), work)
        else:
            result = engine.run(array, work.kernel, work.precision, border)
        asked = per_axis(self.options.stride, len(work.stride), "/stride")
        steps = zip(asked, work.stride, strict=True)
        return np.ascontiguousarray(result[tuple(slice(None, None, a // s) for a, s in steps)])

    def _run_phase(self, samples: NDArray[Any], kernel: KernelAnalysis) -> Samples:
        work = self.plan.workload
        return self.plan.engine.run(samples, kernel, work.precision, Border.none(len(self.widths)))

    def _is_off_from_integers(self) -> bool:
        return (
            self.plan.engine.method is not Method.DIRECT
            and self.largest_sum < self.plan.engine.exact_sum[self.plan.workload.precision]
            and self._has_whole_sums()
        )

    def _filters_levels(self, dtype: np.dtype[Any], divisor: float) -> bool:
        """Whether OpenCV makes levels of levels at once, exactly, and sooner."""
        kernel = self.plan.workload.kernel
        return (
            self.plan.engine.method is Method.DIRECT
            and dtype == np.uint8
            and self.options.stride == 1
            and kernel.values.ndim == 2
            and kernel.values.size <= MOST_LEVEL_TAPS
            and is_power_of_two(divisor)
        )

    def _has_whole_sums(self) -> bool:
        return whole_sums(self.operand, self.plan.workload.kernel.values, self.options)

    def _has_exact_levels(self, divisor: float, bias: float) -> bool:
        return (
            self.largest_sum + abs(bias * divisor) < ROUNDABLE_SUM
            and float(divisor).is_integer()
            and float(bias).is_integer()
            and self._has_whole_sums()
            and (self.plan.engine.method is Method.DIRECT or self._is_off_from_integers())
        )


def fill_value(options: Options) -> float:
    """The fill value where any stands in the border, else 0."""
    used = options.boundary is Boundary.CONSTANT and options.mode is not Mode.VALID
    return float(options.fill_value) if used else 0.0


def whole_sums(operand: Operand, taps: NDArray[np.float64], options: Options) -> bool:
    """Whether all that is summed up is whole."""
    return operand.whole and fill_value(options).is_integer() and integral(taps)
