"""The grid that the engines are measured on: pictures and signals, with kernels of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from service.convolution.options import Options
from service.convolution.samples import Precision, Samples

SHAPES = ((512, 512, 1), (1080, 1920, 3), (3000, 4000, 3))
DENSE = (3, 5, 7, 9, 11, 15, 21, 31, 50, 101, 200)
SEPARABLE = (3, 7, 15, 31, 50, 101)
RANK_2 = (15, 31, 50)
LENGTHS = (300, 10_000, 100_000, 1_000_000, 10_000_000)
TAPS = (5, 50, 1000, 100_000)
QUICK_SHAPES, QUICK_SIDES, QUICK_LENGTHS = SHAPES[:1], (3, 15, 50), LENGTHS[:3]


# On several threads.
FEW_DENSE, FEW_SEPARABLE, FEW_DOUBLE = (3, 5, 7, 15, 31, 101), (50,), (15, 31)


@dataclass(frozen=True, eq=False)
class Case:
    """One convolution, ``same`` with zeros beyond the border."""

    name: str
    kind: str
    samples: Samples
    kernel: NDArray[np.float64]

    @property
    def options(self) -> Options:
        """For the service's own core."""
        precision: Precision = np.float32 if self.samples.dtype == np.float32 else np.float64
        return Options(precision=precision)

    @property
    def multiply_adds(self) -> float:
        """Of the plain sum."""
        return float(self.samples.size) * self.kernel.size


def picture_cases(precision: Precision, *, quick: bool) -> Iterator[Case]:
    """Pictures of every size with dense kernels, and those of rank 1 and 2."""
    random = np.random.default_rng(1)
    for shape in QUICK_SHAPES if quick else SHAPES:
        picture = random.random(shape).astype(precision)
        for kind, sides in (("dense", DENSE), ("rank 1", SEPARABLE), ("rank 2", RANK_2)):
            for side in sides:
                if not quick or side in QUICK_SIDES:
                    yield _case(kind, side, picture, random)


def few_cases(*, quick: bool) -> Iterator[Case]:
    """Those that are run on several threads, too."""
    random = np.random.default_rng(3)
    for shape in QUICK_SHAPES if quick else SHAPES:
        picture = random.random(shape)
        for precision, kind, sides in (
            (np.float32, "dense", FEW_DENSE),
            (np.float32, "rank 1", FEW_SEPARABLE),
            (np.float64, "dense", FEW_DOUBLE),
        ):
            typed = picture.astype(precision)
            for side in sides:
                if not quick or side in QUICK_SIDES:
                    case = _case(kind, side, typed, random)
                    yield replace(case, name=f"{np.dtype(precision)}: {case.name}")
    signal = random.random(10_000 if quick else 1_000_000)
    for taps in TAPS[1:3]:
        yield _signal_case(signal, taps, random)


def _case(kind: str, side: int, picture: Samples, random: np.random.Generator) -> Case:
    height, width, channels = picture.shape
    name = f"{width}x{height}x{channels}, {side}x{side} {kind}"
    return Case(name, kind, picture, _kernel(kind, side, random))


def _signal_case(signal: Samples, taps: int, random: np.random.Generator) -> Case:
    return Case(f"{signal.size:,} samples, {taps:,} taps", "1-D", signal, random.random(taps))


def signal_cases(*, quick: bool) -> Iterator[Case]:
    """Signals of every length with kernels no longer than they."""
    random = np.random.default_rng(2)
    for length in QUICK_LENGTHS if quick else LENGTHS:
        signal = random.random(length)
        for taps in TAPS:
            if taps <= length:
                yield _signal_case(signal, taps, random)


def _kernel(kind: str, side: int, random: np.random.Generator) -> NDArray[np.float64]:
    if kind == "dense":
        return random.random((side, side))
    terms = 1 if kind == "rank 1" else 2
    return sum(np.outer(random.random(side), random.random(side)) for _ in range(terms))
