"""``make calibrate``: what the engines' steps cost on this machine, for the planner to go by.

Writes the file that ``service.convolution.costs.Costs.from_json`` reads. Takes some 30 seconds,
and wants a machine that does nothing else. What the machine can't run keeps the costs that it has.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import cv2
import numpy as np

from service.convolution.boundary import Border
from service.convolution.compiled import use_native
from service.convolution.convolve import prepare
from service.convolution.costs import DEFAULT_COSTS, Costs, PrecisionCosts
from service.convolution.direct import direct_1d, direct_2d
from service.convolution.native import NativeEngines, load
from service.convolution.options import Method, Options
from service.convolution.overlap_save import overlap_save_1d, overlap_save_2d
from service.convolution.samples import Precision
from service.convolution.whole_transform import whole_transform
from tests.bench import calibrate
from tests.bench.apart import in_process
from tests.bench.calibrate_native import native_costs
from tests.bench.stopwatch import line, nanoseconds

RANDOM = np.random.default_rng(1)


def direct_costs(precision: Precision, shapes: list[tuple[int, int]]) -> tuple[float, float]:
    """Of a sample and of a tap, in kernels of two shapes."""
    picture = RANDOM.random((1080, 1920, 3)).astype(precision)
    points = {}
    for shape in shapes:
        kernel, border = RANDOM.random(shape), Border(tuple((k // 2, k // 2) for k in shape))
        taken = nanoseconds(lambda k=kernel, b=border: direct_2d(picture, k, precision, b))
        points[kernel.size] = taken / picture.size
    return line(points)


def picture_tile(precision: Precision, side: int) -> float:
    """Of a sample of a tile of a picture, in a row of tiles of three channels."""
    k, across = side // 8, max(1, 1536 // side)
    step = side - k + 1
    picture = RANDOM.random((side, across * step + k - 1, 3)).astype(precision)
    kernel = RANDOM.random((k, k))
    taken = nanoseconds(lambda: overlap_save_2d(picture, kernel, (side, side)))
    return taken / ((3 * across + 0.5) * side**2)


def signal_tile(precision: Precision, side: int) -> float:
    """Of a sample of a tile of a signal, where several are filtered."""
    k, count = side // 8, max(2, 2**20 // side)
    signal = RANDOM.random(count * (side - k + 1) + k - 1).astype(precision)
    kernel = RANDOM.random(k)
    return nanoseconds(lambda: overlap_save_1d(signal, kernel, side)) / ((count + 0.5) * side)


def signal_step(precision: Precision) -> float:
    """Of a sample and a doubling in one transform of a long signal."""
    length = 2**20
    signal, kernel = RANDOM.random(length).astype(precision), RANDOM.random(length // 2)
    return nanoseconds(lambda: whole_transform(signal, kernel)) / (1.5 * length * 20)


def picture_step(precision: Precision) -> float:
    """The same of a picture."""
    height, width, channels = 1080, 1920, 3
    picture = RANDOM.random((height, width, channels)).astype(precision)
    kernel = RANDOM.random((50, 50))
    doublings = math.log2(height * width)
    taken = nanoseconds(lambda: whole_transform(picture, kernel))
    return taken / ((channels + 0.5) * height * width * doublings)


def once(method: Method, *, dimensions: int = 2, engines: NativeEngines | None = None) -> float:
    """Of a convolution that has next to nothing to do."""
    array, kernel = RANDOM.random((8, 8, 1)[: 2 * dimensions - 1]), RANDOM.random((4,) * dimensions)
    with use_native(engines):
        prepared = prepare(array, kernel, Options(method=method))
        return nanoseconds(lambda: prepared.run(array))


def precision_costs(precision: Precision, default: PrecisionCosts, side: int) -> PrecisionCosts:
    """All of one precision; ``side`` is that of the largest kernel summed up in one call."""
    direct_sample, direct_tap = direct_costs(precision, [(3, 3), (side, side)])
    row_sample, row_tap = direct_costs(precision, [(1, 9), (1, 49)])
    column_sample, column_tap = direct_costs(precision, [(9, 1), (49, 1)])
    return PrecisionCosts(
        direct_sample,
        direct_tap,
        (row_sample + column_sample) / 2,
        row_tap,
        column_tap,
        {each: picture_tile(precision, each) for each in default.picture_tiles},
        {each: signal_tile(precision, each) for each in default.signal_tiles},
        picture_step(precision),
        signal_step(precision),
    )


def measured_costs() -> Costs:
    """All of this machine, on one core."""
    cv2.setNumThreads(1)
    signal = RANDOM.random(100_000)
    times = {}
    for taps in (5, 50, 500):
        kernel = RANDOM.random(taps)
        times[taps] = nanoseconds(lambda k=kernel: direct_1d(signal, k)) / signal.size
    line_sample, line_tap = line({taps: times[taps] for taps in (50, 500)})
    engines = load()
    return Costs(
        float32=precision_costs(np.float32, DEFAULT_COSTS.float32, 11),
        float64=precision_costs(np.float64, DEFAULT_COSTS.float64, 7),
        line_sample=line_sample,
        line_tap=line_tap,
        line_short_tap=times[5] / 5,
        line_call=once(Method.DIRECT, dimensions=1),
        call=once(Method.DIRECT),
        transform_call=once(Method.FFT),
        native_call=once(Method.DIRECT, engines=engines) if engines else DEFAULT_COSTS.native_call,
        native=native_costs(),
    )


def measured_json() -> str:
    """The same as the file has it."""
    return measured_costs().to_json()


def main() -> None:
    """Measure, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="where to write the costs, as JSON")
    file: Path = parser.parse_args().file
    # With the settings of a worker: what memory costs depends on them.
    file.write_text(in_process(calibrate.measured_json))


if __name__ == "__main__":
    main()
