"""What the compiled engines cost on this machine, with every instruction set that it has."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.convolution.boundary import Border
from service.convolution.costs import DEFAULT_COSTS, NativeCosts, NativePrecisionCosts
from service.convolution.native import INSTRUCTION_SETS, NativeEngines, load
from service.convolution.native.tiles import (
    picture_nanoseconds,
    picture_tile,
    signal_nanoseconds,
    signal_tile,
)
from service.convolution.samples import Precision
from tests.bench.stopwatch import line, nanoseconds

RANDOM = np.random.default_rng(1)
# As large as the rows that a job computes at once.
CACHED_SHAPE, FAR_SHAPE = (182, 1920, 3), (1080, 1920, 3)


def native_direct_costs(engines: NativeEngines, precision: Precision) -> tuple[float, float]:
    """Of a sample and of a tap in the compiled sum over a picture."""
    picture = RANDOM.random(CACHED_SHAPE).astype(precision)
    points = {}
    for side in (3, 11):
        kernel = RANDOM.random((side, side)).astype(precision)
        border = Border(((side // 2, side // 2),) * 2)
        taken = nanoseconds(lambda k=kernel, b=border: engines.direct(picture, k, b))
        points[kernel.size] = taken / picture.size
    return line(points)


def native_pass_costs(engines: NativeEngines, precision: Precision) -> tuple[float, float]:
    """Of a sample and of a tap of either pass."""
    picture = RANDOM.random(CACHED_SHAPE).astype(precision)
    points = {}
    for length in (7, 49):
        taps = RANDOM.random(length).astype(precision)
        border = Border(((length // 2, length // 2),) * 2)
        taken = nanoseconds(lambda k=taps, b=border: engines.separable(picture, k, k, b))
        points[2 * length] = taken / picture.size
    return line(points)


def native_line_costs(engines: NativeEngines, precision: Precision) -> tuple[float, float]:
    """Of a sample and of a tap in the compiled sum over a signal."""
    signal = RANDOM.random(100_000).astype(precision)
    points = {}
    for length in (5, 50):
        taps = RANDOM.random(length).astype(precision)
        taken = nanoseconds(lambda k=taps: engines.direct_signal(signal, k))
        points[length] = taken / signal.size
    return line(points)


def native_picture_tiles(engines: NativeEngines, precision: Precision) -> float:
    """How many times the estimate transforms of a picture take: the geometric mean of some."""
    itemsize = np.dtype(precision).itemsize
    ratios = []
    for shape, side in itertools.product((CACHED_SHAPE, (512, 512, 1)), (9, 15, 31, 101)):
        picture = RANDOM.random(shape).astype(precision)
        kernel = RANDOM.random((side, side)).astype(precision)
        border = Border(((side // 2, side // 2),) * 2)
        tile = picture_tile(shape, kernel.shape, engines.lanes(itemsize), itemsize)
        taken = nanoseconds(
            lambda p=picture, k=kernel, b=border, t=tile: engines.overlap_save(p, k, b, tile=t)
        )
        ratios.append(taken / picture_nanoseconds(shape, kernel.shape, tile, itemsize))
    return statistics.geometric_mean(ratios)


def native_signal_tiles(engines: NativeEngines, precision: Precision) -> float:
    """The same of a signal."""
    itemsize = np.dtype(precision).itemsize
    ratios = []
    for length, taps in ((100_000, 100), (1_000_000, 100), (1_000_000, 1000), (1_000_000, 50_000)):
        signal = RANDOM.random(length).astype(precision)
        kernel = RANDOM.random(taps).astype(precision)
        result = length - taps + 1
        tile = signal_tile(result, taps, engines.lanes(itemsize), itemsize)
        taken = nanoseconds(
            lambda s=signal, k=kernel, t=tile: engines.overlap_save_signal(s, k, tile=t)
        )
        ratios.append(taken / signal_nanoseconds(result, taps, tile, itemsize))
    return statistics.geometric_mean(ratios)


def native_far_samples(engines: NativeEngines, precision: Precision) -> tuple[float, float]:
    """What a sample takes besides where the picture is large: in the sum, and in two passes."""
    taps, border = RANDOM.random(3).astype(precision), Border(((1, 1),) * 2)
    kernel = np.outer(taps, taps)
    near, far = (RANDOM.random(shape).astype(precision) for shape in (CACHED_SHAPE, FAR_SHAPE))

    def besides(run: Callable[[NDArray[Any]], object]) -> float:
        each = [nanoseconds(lambda p=picture: run(p)) / picture.size for picture in (near, far)]
        return max(each[1] - each[0], 1e-3)

    return (
        besides(lambda picture: engines.direct(picture, kernel, border)),
        besides(lambda picture: engines.separable(picture, taps, taps, border)),
    )


def native_precision_costs(engines: NativeEngines, precision: Precision) -> NativePrecisionCosts:
    """All of one instruction set and precision."""
    return NativePrecisionCosts(
        *native_direct_costs(engines, precision),
        *native_pass_costs(engines, precision),
        *native_line_costs(engines, precision),
        native_picture_tiles(engines, precision),
        native_signal_tiles(engines, precision),
        *native_far_samples(engines, precision),
    )


def native_costs() -> dict[str, NativeCosts]:
    """All of the instruction sets that the processor has, and of the others what is known."""
    measured = {
        name: NativeCosts(
            native_precision_costs(engines, np.float32), native_precision_costs(engines, np.float64)
        )
        for name in INSTRUCTION_SETS
        if (engines := load(name)) is not None
    }
    return {**DEFAULT_COSTS.native, **measured}
