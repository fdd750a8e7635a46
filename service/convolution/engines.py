"""The table of engines: what each can do, what it costs, and how it is run.

The cost of an engine is an estimate of nanoseconds on one core, from constants measured
on two shared cores of an AMD EPYC (``make bench`` shows the ratios they stand for). Only
their ratios matter: they decide which engine the planner takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from service.convolution.arrays import Array
from service.convolution.direct import direct_1d, direct_2d
from service.convolution.options import Method
from service.convolution.overlap_save import overlap_save_1d, overlap_save_2d, tile_length
from service.convolution.rank import outer_factors
from service.convolution.samples import Precision, Samples
from service.convolution.separable import two_pass


@dataclass(frozen=True)
class KernelAnalysis:
    """A kernel, (taps,) or (rows, columns), with the factors of a rank-1 one."""

    values: Array

    @cached_property
    def factors(self) -> tuple[Array, Array] | None:
        """``(column, row)`` of which a 2-D kernel is the outer product, if it is one."""
        return outer_factors(self.values) if self.values.ndim == 2 else None


@dataclass(frozen=True)
class Workload:
    """What is to be computed: the output's size along each axis, channels, kernel, precision."""

    output: tuple[int, ...]
    channels: int
    kernel: KernelAnalysis
    precision: Precision

    @property
    def samples(self) -> int:
        """Output samples over all channels."""
        return math.prod(self.output) * self.channels

    @property
    def tile(self) -> tuple[int, ...]:
        """The tile that overlap-save would use."""
        shape = self.kernel.values.shape
        return tuple(tile_length(n, k, len(shape)) for n, k in zip(self.output, shape, strict=True))


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
# One line of samples, by numpy.convolve: it has loops of its own for up to eleven taps.
_LINE_SHORT_TAP, _LINE_SAMPLE, _LINE_TAP = 0.15, 5.0, 0.083


def _taps(work: Workload) -> int:
    return work.kernel.values.size


def _dense_multiply_adds(work: Workload) -> float:
    return float(work.samples * _taps(work))


def _two_pass_multiply_adds(work: Workload) -> float:
    return float(work.samples * sum(work.kernel.values.shape))


def _transform_steps(work: Workload) -> float:
    """Samples of all tiles, times the binary logarithm of a tile's length, both ways."""
    tile = math.prod(work.tile)
    steps = 1.0
    for n, k, t in zip(work.output, work.kernel.values.shape, work.tile, strict=True):
        steps *= math.ceil(n / (t - k + 1)) * t
    return 2.0 * steps * work.channels * math.log2(max(tile, 2))


def _line_nanoseconds(work: Workload) -> float:
    taps = _taps(work)
    each = _LINE_SHORT_TAP * taps if taps <= 11 else _LINE_SAMPLE + _LINE_TAP * taps
    return work.samples * each


def _direct_nanoseconds(work: Workload) -> float:
    each = _DIRECT_SAMPLE[work.precision] + _DIRECT_TAP[work.precision] * _taps(work)
    return work.samples * each


def _two_pass_nanoseconds(work: Workload) -> float:
    taps = sum(work.kernel.values.shape)
    slowed = 1.0 + taps / _PASS_CACHE_TAPS
    each = _DIRECT_SAMPLE[work.precision] + _PASS_TAP[work.precision] * taps * slowed
    return work.samples * each


def _transform_nanoseconds(work: Workload) -> float:
    return _TRANSFORM_START + _transform_steps(work) * _TRANSFORM_STEP[work.precision]


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
        multiply_adds=_dense_multiply_adds,
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
        multiply_adds=_dense_multiply_adds,
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
