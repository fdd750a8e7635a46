"""The compiled engines beside OpenCV and scipy: ``python -m tests.native.bench_native [GROUP]``.

The candidates of a case take turns, on one thread each. Told are the median milliseconds of
each, and how many times our fastest that is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping

import cv2
import numpy as np
import scipy.signal

from service.convolution.boundary import Border
from service.convolution.native import LevelScale, NativeEngines, load
from service.convolution.options import Boundary
from tests.bench.measure import compare

Candidates = Mapping[str, Callable[[], object]]
Case = tuple[str, Candidates]

SIZES = {"512x512": (512, 512, 1), "1080p RGB": (1080, 1920, 3), "12 MP RGB": (3000, 4000, 3)}


def border(kernel: np.ndarray) -> Border:
    """Symmetric, for a result as large as the picture."""
    widths = [((k - 1) // 2, k // 2) for k in kernel.shape]
    return Border(tuple(widths), Boundary.SYMMETRIC)


def dense(native: NativeEngines) -> Iterator[Case]:
    """Kernels without structure on float32 pictures, beside filter2D."""
    random = np.random.default_rng(1)
    for size, shape in SIZES.items():
        picture = random.random(shape, np.float32)
        for taps in (3, 5, 7, 9, 11, 15, 21, 31, 50, 101):
            kernel = random.random((taps, taps)).astype(np.float32)
            yield (
                f"float32 {size} {taps}x{taps}",
                _picture_engines(native, picture, kernel)
                | {"filter2D": lambda p=picture, k=kernel: cv2.filter2D(p, -1, k)},
            )


def levels(native: NativeEngines) -> Iterator[Case]:
    """8 bits in and out, beside filter2D on the same."""
    random = np.random.default_rng(2)
    picture = random.integers(0, 256, SIZES["1080p RGB"], np.uint8)
    for taps in (3, 5, 7, 9, 15, 31):
        kernel = random.random((taps, taps)).astype(np.float32)
        kernel /= kernel.sum()
        yield (
            f"uint8 1080p RGB {taps}x{taps}",
            _picture_engines(native, picture, kernel, LevelScale())
            | {"filter2D": lambda k=kernel: cv2.filter2D(picture, -1, k)},
        )


def double(native: NativeEngines) -> Iterator[Case]:
    """float64 pictures."""
    random = np.random.default_rng(3)
    picture = random.random(SIZES["1080p RGB"])
    for taps in (3, 7, 15, 31):
        kernel = random.random((taps, taps))
        yield (
            f"float64 1080p RGB {taps}x{taps}",
            _picture_engines(native, picture, kernel)
            | {"filter2D": lambda k=kernel: cv2.filter2D(picture, -1, k)},
        )


def separable(native: NativeEngines) -> Iterator[Case]:
    """Outer products, beside sepFilter2D."""
    random = np.random.default_rng(4)
    for size, shape in SIZES.items():
        picture = random.random(shape, np.float32)
        for taps in (3, 5, 7, 9, 15, 31, 50):
            column, row = random.random((2, taps)).astype(np.float32)
            kernel = np.outer(column, row)
            yield (
                f"separable {size} {taps}",
                {
                    "separable": lambda p=picture, c=column, r=row, k=kernel: native.separable(
                        p, c, r, border(k)
                    ),
                    "overlap-save": lambda p=picture, k=kernel: native.overlap_save(
                        p, k, border(k)
                    ),
                    "sepFilter2D": lambda p=picture, c=column, r=row: cv2.sepFilter2D(p, -1, r, c),
                },
            )


def signals(native: NativeEngines) -> Iterator[Case]:
    """Signals in float64 and float32, beside scipy and numpy."""
    random = np.random.default_rng(5)
    for n, taps in ((10_000, 50), (10**6, 50), (10**6, 1000), (10**7, 1000), (10**6, 100_000)):
        for precision in (np.float64, np.float32):
            signal, kernel = (random.random(m).astype(precision) for m in (n, taps))
            yield (
                f"{precision.__name__} {n} by {taps}",
                {
                    "overlap-save": lambda s=signal, k=kernel: native.overlap_save_signal(s, k),
                    "direct": lambda s=signal, k=kernel: native.direct_signal(s, k),
                    "oaconvolve": lambda s=signal, k=kernel: scipy.signal.oaconvolve(s, k, "valid"),
                    "numpy": lambda s=signal, k=kernel: (
                        np.convolve(s, k, "valid") if k.size <= 1000 and s.size < 10**7 else None
                    ),
                },
            )


def _picture_engines(
    native: NativeEngines,
    picture: np.ndarray,
    kernel: np.ndarray,
    levels: LevelScale | None = None,
) -> dict[str, Callable[[], object]]:
    engines: dict[str, Callable[[], object]] = {
        "overlap-save": lambda: native.overlap_save(picture, kernel, border(kernel), levels=levels)
    }
    if kernel.shape[0] <= 13:
        engines["direct"] = lambda: native.direct(picture, kernel, border(kernel), levels=levels)
    return engines


GROUPS = {
    "dense": dense,
    "levels": levels,
    "double": double,
    "separable": separable,
    "signals": signals,
}


def main() -> None:
    """Print the groups that are named, or all."""
    cv2.setNumThreads(1)
    native = load()
    if native is None:
        sys.exit("the compiled engines are not built")
    for group in sys.argv[1:] or GROUPS:
        for name, candidates in GROUPS[group](native):
            medians = compare(candidates, rounds=5)
            ours = min(medians[c] for c in medians if c in ("overlap-save", "direct", "separable"))
            told = ", ".join(f"{c} {s * 1e3:.3g} ({s / ours:.2f})" for c, s in medians.items())
            sys.stdout.write(f"{native.instruction_set} {name}: {told}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
