"""The table of engines: what each can do, what it costs, and how it is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from service.convolution import estimates
from service.convolution.boundary import Border
from service.convolution.direct import direct_1d, direct_2d
from service.convolution.options import Method
from service.convolution.overlap_save import overlap_save_1d, overlap_save_2d
from service.convolution.samples import Precision, Samples
from service.convolution.separable import low_rank, two_pass
from service.convolution.tiling import cheapest_tiling
from service.convolution.whole_transform import whole_transform
from service.convolution.workload import KernelAnalysis, Workload

# Computes the valid convolution of samples of any real dtype, (n,) or (height, width, channels),
# with the border imagined round them, in the precision. A new array, or a view of a new one.
Run: TypeAlias = Callable[[NDArray[Any], KernelAnalysis, Precision, Border], Samples]


# Transforms leave integers a little off. The largest errors measured are 1e-14 (float64) and
# 1.5e-6 (float32) of the largest possible sum, so that sums below these bounds are known to less
# than a half, and rounding makes them exact. Terms of a decomposition may be far larger than
# their sum, too large for float32; whole taps of rank 1 have whole factors.
TRANSFORM_EXACT: Final[Mapping[Precision, float]] = {np.float64: 2.0**40, np.float32: 2.0**18}
_TERMS_EXACT: Final[Mapping[Precision, float]] = {np.float64: 2.0**40, np.float32: 0.0}
_ALWAYS_EXACT: Final[Mapping[Precision, float]] = {np.float64: np.inf, np.float32: np.inf}


@dataclass(frozen=True)
class Engine:
    """One way to compute the ``valid`` part of a convolution.

    ``method`` is what it counts as; it is taken only unasked where it is not ``forceable``.
    ``exact_sum`` bounds the sums of whole taps and samples that rounding makes exact; ``tiled``
    says that it works through the workload's tiles.
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
    tiled: bool = False

    def can(self, kernel: KernelAnalysis) -> bool:
        """Whether it computes this kernel at all."""
        if kernel.values.ndim != self.dimensions:
            return False
        return kernel.factors is not None or not self.rank_1_only


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
        tiled=True,
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
        tiled=True,
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
)
