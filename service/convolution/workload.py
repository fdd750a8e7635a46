"""What a convolution amounts to: the kernel, the samples of the result, the phases of a stride."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from service.convolution.arrays import Array, integral
from service.convolution.rank import Terms, outer_factors, outer_terms
from service.convolution.samples import Precision
from service.convolution.tiling import Tiling, cheapest_tiling


@dataclass(frozen=True)
class KernelAnalysis:
    """A kernel, (taps,) or (rows, columns), with what engines ask of it."""

    values: Array
    # (column, row) of which a 2-D kernel is the outer product, if it is one.
    factors: tuple[Array, Array] | None

    @staticmethod
    def of(values: Array) -> KernelAnalysis:
        """The analysis of a kernel of which nothing is known yet."""
        return KernelAnalysis(values, outer_factors(values) if values.ndim == 2 else None)

    @cached_property
    def nonzero(self) -> int:
        """The number of taps that are not zero."""
        return int(np.count_nonzero(self.values))

    @cached_property
    def whole(self) -> bool:
        """Whether all taps are whole."""
        return integral(self.values)

    @cached_property
    def terms(self) -> dict[Precision, Terms]:
        """The fewest outer products that a 2-D kernel is the sum of, in each precision."""
        return outer_terms(self.values)

    def residues(self, stride: Sequence[int]) -> tuple[tuple[int, ...], ...]:
        """For each axis the remainders, by the stride, of the places of non-zero taps."""
        if max(stride) == 1 or not self.nonzero:
            return ((0,),) * len(stride)
        places = np.nonzero(self.values)
        return tuple(
            tuple(np.unique(place % s).tolist()) for place, s in zip(places, stride, strict=True)
        )

    def phase(self, first: Sequence[int], stride: Sequence[int]) -> KernelAnalysis:
        """The kernel of every ``stride``-th tap from ``first`` on, with its factors."""
        taken = tuple(slice(start, None, s) for start, s in zip(first, stride, strict=True))
        factors = self.factors
        if factors is not None:
            factors = (factors[0][taken[0]], factors[1][taken[1]])
        return KernelAnalysis(self.values[taken], factors)


@dataclass(frozen=True)
class Workload:
    """What is to be computed: the output's size along each axis, channels, kernel, precision.

    With a ``stride`` the kernel falls into phases, whose results are added up: see
    ``polyphase``. ``output`` is what comes out of each of them.
    """

    output: tuple[int, ...]
    channels: int
    kernel: KernelAnalysis
    precision: Precision
    stride: tuple[int, ...]

    @property
    def samples(self) -> int:
        """Output samples over all channels."""
        return math.prod(self.output) * self.channels

    @cached_property
    def residues(self) -> tuple[tuple[int, ...], ...]:
        """Where the phases begin, along each axis."""
        return self.kernel.residues(self.stride)

    @property
    def phases(self) -> int:
        """The number of convolutions that are added up."""
        if max(self.stride) == 1:
            return 1
        return math.prod(map(len, self.residues))

    @property
    def lengths(self) -> tuple[int, ...]:
        """The taps of all phases together, along each axis."""
        if max(self.stride) == 1:
            return self.kernel.values.shape
        axes = zip(self.kernel.values.shape, self.residues, self.stride, strict=True)
        return tuple(sum(-(-(k - start) // s) for start in starts) for k, starts, s in axes)

    @property
    def part(self) -> tuple[int, ...]:
        """The shape of the largest phase of the kernel."""
        if max(self.stride) == 1:
            return self.kernel.values.shape
        return tuple(-(-k // s) for k, s in zip(self.kernel.values.shape, self.stride, strict=True))

    @cached_property
    def tiling(self) -> Tiling:
        """The tiles that overlap-save would take for each channel and phase."""
        return cheapest_tiling(self.output, self.part, self.precision)
