"""The table of engines: what each can do, what it costs, and how it is run.

The cost of an engine is an estimate of nanoseconds on one core, from constants measured
on two shared cores of an AMD EPYC (``make bench`` shows the ratios they stand for). Only
their ratios matter: they decide which engine the planner takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from service.convolution.direct import direct_1d, direct_2d, most_blocks
from service.convolution.options import Method
from service.convolution.overlap_save import overlap_save_1d, overlap_save_2d
from service.convolution.samples import Precision, Samples
from service.convolution.separable import two_pass
from service.convolution.workload import KernelAnalysis, Workload


@dataclass(frozen=True)
class Engine:
    """One way to compute the ``valid`` part of a convolution."""

    name: str
    method: Method
    dimensions: int
    passes: int
    run: Callable[[Samples, KernelAnalysis], Samples]
    multiply_adds: Callable[[Workload], float]
    nanoseconds: Callable[[Workload], float]

    def can(self, kernel: KernelAnalysis) -> bool:
        """Whether it computes this kernel at all."""
        if kernel.values.ndim != self.dimensions:
            return False
        return self.method is not Method.SEPARABLE or kernel.factors is not None


# Nanoseconds of one multiply-add, and of what each sample costs besides, by precision.
_DIRECT_TAP: Final[Mapping[Precision, float]] = {np.float32: 0.036, np.float64: 0.10}
_DIRECT_SAMPLE: Final[Mapping[Precision, float]] = {np.float32: 0.15, np.float64: 0.6}
_PASS_TAP: Final[Mapping[Precision, float]] = {np.float32: 0.050, np.float64: 0.085}
# The column pass reads as many rows as it has taps, and slows down as they leave the cache.
_PASS_CACHE_TAPS = 150.0
_TRANSFORM_STEP: Final[Mapping[Precision, float]] = {np.float32: 0.24, np.float64: 0.36}
_TRANSFORM_START = 50_000.0
# What it takes to gather one more phase of a stride, and to call the engine on it.
_PHASE_START = 15_000.0
# One line of samples, by numpy.convolve: it has loops of its own for up to eleven taps.
_LINE_SHORT_TAP, _LINE_SAMPLE, _LINE_TAP = 0.15, 5.0, 0.083


def _line_multiply_adds(work: Workload) -> float:
    return float(work.samples * work.lengths[0])


def _direct_multiply_adds(work: Workload) -> float:
    return float(work.samples * max(1, work.kernel.nonzero))


def _two_pass_multiply_adds(work: Workload) -> float:
    return float(work.samples * _both_lengths(work))


def _transform_steps(work: Workload) -> float:
    """Samples of all tiles, times the binary logarithm of a tile's length, both ways."""
    tile = work.tile
    steps = 1.0
    for n, k, t in zip(work.output, work.part, tile, strict=True):
        steps *= math.ceil(n / (t - k + 1)) * t
    return 2.0 * steps * work.channels * work.phases * math.log2(max(math.prod(tile), 2))


def _line_nanoseconds(work: Workload) -> float:
    phases, taps = work.phases, work.lengths[0]
    short = taps <= 11 * phases
    each = _LINE_SHORT_TAP * taps if short else _LINE_SAMPLE * phases + _LINE_TAP * taps
    return _phases_start(work) + work.samples * each


def _direct_nanoseconds(work: Workload) -> float:
    taps, (rows, columns) = work.kernel.nonzero, work.part
    blocks = work.phases * most_blocks((rows, columns), -(-taps // work.phases))
    each = _DIRECT_SAMPLE[work.precision] * blocks + _DIRECT_TAP[work.precision] * taps
    return _phases_start(work) + work.samples * each


def _two_pass_nanoseconds(work: Workload) -> float:
    taps = _both_lengths(work)
    slowed = 1.0 + sum(work.part) / _PASS_CACHE_TAPS
    each = _DIRECT_SAMPLE[work.precision] * work.phases + _PASS_TAP[work.precision] * taps * slowed
    return _phases_start(work) + work.samples * each


def _transform_nanoseconds(work: Workload) -> float:
    start = _TRANSFORM_START * work.phases
    return start + _transform_steps(work) * _TRANSFORM_STEP[work.precision]


def _both_lengths(work: Workload) -> int:
    """The taps of both passes over all phases; each length occurs with all of the other axis."""
    rows, columns = work.lengths
    return rows * len(work.residues[1]) + columns * len(work.residues[0])


def _phases_start(work: Workload) -> float:
    return _PHASE_START * (work.phases - 1)


def _run_two_pass(picture: Samples, kernel: KernelAnalysis) -> Samples:
    factors = kernel.factors
    if factors is None:
        raise ValueError("the two-pass engine was given a kernel of higher rank")
    return two_pass(picture, *factors)


ENGINES: Final = (
    Engine(
        name="direct",
        method=Method.DIRECT,
        dimensions=1,
        passes=1,
        run=lambda signal, kernel: direct_1d(signal, kernel.values),
        multiply_adds=_line_multiply_adds,
        nanoseconds=_line_nanoseconds,
    ),
    Engine(
        name="overlap-save",
        method=Method.FFT,
        dimensions=1,
        passes=1,
        run=lambda signal, kernel: overlap_save_1d(signal, kernel.values),
        multiply_adds=_transform_steps,
        nanoseconds=_transform_nanoseconds,
    ),
    Engine(
        name="direct",
        method=Method.DIRECT,
        dimensions=2,
        passes=1,
        run=lambda picture, kernel: direct_2d(picture, kernel.values),
        multiply_adds=_direct_multiply_adds,
        nanoseconds=_direct_nanoseconds,
    ),
    Engine(
        name="two-pass",
        method=Method.SEPARABLE,
        dimensions=2,
        passes=2,
        run=_run_two_pass,
        multiply_adds=_two_pass_multiply_adds,
        nanoseconds=_two_pass_nanoseconds,
    ),
    Engine(
        name="overlap-save",
        method=Method.FFT,
        dimensions=2,
        passes=1,
        run=lambda picture, kernel: overlap_save_2d(picture, kernel.values),
        multiply_adds=_transform_steps,
        nanoseconds=_transform_nanoseconds,
    ),
)
