"""The table of engines: what each can do, what it costs, and how it is run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from service.convolution import compiled, estimates
from service.convolution.boundary import Border
from service.convolution.compiled import native_engines
from service.convolution.direct import direct_1d, direct_2d
from service.convolution.native import LevelScale
from service.convolution.native.engines import MOST_DIRECT_ROWS
from service.convolution.options import Method
from service.convolution.overlap_save import overlap_save_1d, overlap_save_2d
from service.convolution.samples import Precision, Samples
from service.convolution.separable import low_rank, two_pass
from service.convolution.tiling import Tiling, cheapest_tiling
from service.convolution.whole_transform import whole_transform
from service.convolution.workload import KernelAnalysis, Workload

# Computes the valid convolution of samples of any real dtype, (n,) or (height, width, channels),
# with the border imagined round them, in the precision. A new array, or a view of a new one.
Run: TypeAlias = Callable[[NDArray[Any], KernelAnalysis, Precision, Border], Samples]
# The same, made levels of an 8-bit picture in the same pass: a new array of uint8.
RunLevels: TypeAlias = Callable[
    [NDArray[Any], KernelAnalysis, Precision, Border, LevelScale], NDArray[np.uint8]
]

# Transforms leave integers a little off. The largest errors measured are 1e-14 (float64) and
# 1.5e-6 (float32) of the largest possible sum, so that sums below these bounds are known to less
# than a half, and rounding makes them exact. Terms of a decomposition may be far larger than
# their sum, too large for float32; whole taps of rank 1 have whole factors.
TRANSFORM_EXACT: Final[Mapping[Precision, float]] = {np.float64: 2.0**40, np.float32: 2.0**18}
# Of the compiled ones, over all sides of tiles and instruction sets, with a single tap and white
# noise, they are 6e-15 and 1.6e-6 (signals in blocks of a million; pictures 1.4e-6).
NATIVE_TRANSFORM_EXACT: Final[Mapping[Precision, float]] = {
    np.float64: 2.0**40,
    np.float32: 2.0**17,
}
_TERMS_EXACT: Final[Mapping[Precision, float]] = {np.float64: 2.0**40, np.float32: 0.0}
_ALWAYS_EXACT: Final[Mapping[Precision, float]] = {np.float64: np.inf, np.float32: np.inf}
# The compiled transforms take sides of up to twice as many samples.
_LONGEST_SIDE: Final = 1024.0
_LONGEST_LINE: Final = 2.0**20


@dataclass(frozen=True)
class Engine:
    """One way to compute the ``valid`` part of a convolution.

    ``method`` is what it counts as; it is taken only unasked where it is not ``forceable``.
    ``exact_sum`` bounds the sums of whole taps and samples that rounding makes exact; ``tiling``
    tells in which tiles it works, if it does. A ``native`` one is there where compiled engines may
    be used, and shares its tiles among ``threads`` itself. ``largest`` is the shape that kernels
    may have at most. ``run_levels`` is there where it makes levels of its sums as it stores them.
    """

    name: str
    method: Method
    dimensions: int
    run: Run
    multiply_adds: Callable[[Workload], float]
    nanoseconds: Callable[[Workload], float]
    passes: Callable[[Workload], int] = lambda _: 1
    exact_sum: Mapping[Precision, float] = field(default_factory=lambda: _ALWAYS_EXACT, hash=False)
    rank_1_only: bool = False
    forceable: bool = True
    tiling: Callable[[Workload], Tiling] | None = None
    native: bool = False
    largest: tuple[float, ...] = (math.inf, math.inf)
    run_levels: RunLevels | None = None

    def can(self, kernel: KernelAnalysis) -> bool:
        """Whether it computes this kernel at all."""
        shape = kernel.values.shape
        return (
            len(shape) == self.dimensions
            and (kernel.factors is not None or not self.rank_1_only)
            and (native_engines() is not None or not self.native)
            and all(k <= most for k, most in zip(shape, self.largest, strict=False))
        )


def _run_direct_1d(
    signal: NDArray[Any], kernel: KernelAnalysis, precision: Precision, border: Border
) -> Samples:
    return direct_1d(border.round(signal, precision), kernel.values)


def _run_direct_2d(
    picture: NDArray[Any], kernel: KernelAnalysis, precision: Precision, border: Border
) -> Samples:
    return direct_2d(picture, kernel.values, precision, border)


def _run_two_pass(
    picture: NDArray[Any], kernel: KernelAnalysis, precision: Precision, border: Border
) -> Samples:
    if kernel.factors is None:
        raise ValueError("the two-pass engine was given a kernel of higher rank")
    return two_pass(picture, *kernel.factors, precision, border)


def _run_low_rank(
    picture: NDArray[Any], kernel: KernelAnalysis, precision: Precision, border: Border
) -> Samples:
    return low_rank(picture, kernel.terms[precision], precision, border)


def _run_overlap_save(
    samples: NDArray[Any], kernel: KernelAnalysis, precision: Precision, border: Border
) -> Samples:
    bordered, taps = border.round(samples, precision), kernel.values
    output = [n - k + 1 for n, k in zip(bordered.shape, taps.shape, strict=False)]
    tile = cheapest_tiling(output, taps.shape, precision).tile
    if taps.ndim == 1:
        return overlap_save_1d(bordered, taps, *tile)
    return overlap_save_2d(bordered, taps, cast("tuple[int, int]", tile))


def _run_whole_transform(
    samples: NDArray[Any], kernel: KernelAnalysis, precision: Precision, border: Border
) -> Samples:
    return whole_transform(border.round(samples, precision), kernel.values)


def _tiling(work: Workload) -> Tiling:
    return work.tiling


def _low_rank_passes(work: Workload) -> int:
    return 2 * len(work.kernel.terms[work.precision])


ENGINES: Final = (
    Engine(
        name="direct",
        method=Method.DIRECT,
        dimensions=1,
        run=_run_direct_1d,
        multiply_adds=estimates.line_multiply_adds,
        nanoseconds=estimates.line_nanoseconds,
    ),
    Engine(
        name="overlap-save",
        method=Method.FFT,
        dimensions=1,
        run=_run_overlap_save,
        multiply_adds=estimates.overlap_save_multiply_adds,
        nanoseconds=estimates.overlap_save_nanoseconds,
        exact_sum=TRANSFORM_EXACT,
        tiling=_tiling,
    ),
    Engine(
        name="whole-transform",
        method=Method.FFT,
        dimensions=1,
        run=_run_whole_transform,
        multiply_adds=estimates.whole_transform_multiply_adds,
        nanoseconds=estimates.whole_transform_nanoseconds,
        exact_sum=TRANSFORM_EXACT,
    ),
    Engine(
        name="native-direct",
        method=Method.DIRECT,
        dimensions=1,
        run=compiled.run_direct_1d,
        multiply_adds=estimates.line_multiply_adds,
        nanoseconds=estimates.native_line_nanoseconds,
        native=True,
    ),
    Engine(
        name="native-overlap-save",
        method=Method.FFT,
        dimensions=1,
        run=compiled.run_overlap_save_1d,
        multiply_adds=estimates.native_overlap_save_multiply_adds,
        nanoseconds=estimates.native_overlap_save_nanoseconds,
        exact_sum=NATIVE_TRANSFORM_EXACT,
        tiling=estimates.native_tiling,
        native=True,
        largest=(_LONGEST_LINE,),
    ),
    Engine(
        name="direct",
        method=Method.DIRECT,
        dimensions=2,
        run=_run_direct_2d,
        multiply_adds=estimates.direct_multiply_adds,
        nanoseconds=estimates.direct_nanoseconds,
    ),
    Engine(
        name="two-pass",
        method=Method.SEPARABLE,
        dimensions=2,
        run=_run_two_pass,
        multiply_adds=estimates.two_pass_multiply_adds,
        nanoseconds=estimates.two_pass_nanoseconds,
        passes=lambda _: 2,
        rank_1_only=True,
    ),
    Engine(
        name="low-rank",
        method=Method.SEPARABLE,
        dimensions=2,
        run=_run_low_rank,
        multiply_adds=estimates.low_rank_multiply_adds,
        nanoseconds=estimates.low_rank_nanoseconds,
        passes=_low_rank_passes,
        exact_sum=_TERMS_EXACT,
        forceable=False,
    ),
    Engine(
        name="overlap-save",
        method=Method.FFT,
        dimensions=2,
        run=_run_overlap_save,
        multiply_adds=estimates.overlap_save_multiply_adds,
        nanoseconds=estimates.overlap_save_nanoseconds,
        exact_sum=TRANSFORM_EXACT,
        tiling=_tiling,
    ),
    Engine(
        name="whole-transform",
        method=Method.FFT,
        dimensions=2,
        run=_run_whole_transform,
        multiply_adds=estimates.whole_transform_multiply_adds,
        nanoseconds=estimates.whole_transform_nanoseconds,
        exact_sum=TRANSFORM_EXACT,
    ),
    Engine(
        name="native-direct",
        method=Method.DIRECT,
        dimensions=2,
        run=compiled.run_direct_2d,
        multiply_adds=estimates.native_direct_multiply_adds,
        nanoseconds=estimates.native_direct_nanoseconds,
        native=True,
        largest=(MOST_DIRECT_ROWS, math.inf),
        run_levels=compiled.run_direct_2d,
    ),
    Engine(
        name="native-two-pass",
        method=Method.SEPARABLE,
        dimensions=2,
        run=compiled.run_two_pass,
        multiply_adds=estimates.two_pass_multiply_adds,
        nanoseconds=estimates.native_two_pass_nanoseconds,
        passes=lambda _: 2,
        rank_1_only=True,
        native=True,
        run_levels=compiled.run_two_pass,
    ),
    Engine(
        name="native-overlap-save",
        method=Method.FFT,
        dimensions=2,
        run=compiled.run_overlap_save_2d,
        multiply_adds=estimates.native_overlap_save_multiply_adds,
        nanoseconds=estimates.native_overlap_save_nanoseconds,
        exact_sum=NATIVE_TRANSFORM_EXACT,
        tiling=estimates.native_tiling,
        native=True,
        largest=(_LONGEST_SIDE, _LONGEST_SIDE),
        run_levels=compiled.run_overlap_save_2d,
    ),
)
