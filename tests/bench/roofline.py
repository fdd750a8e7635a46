"""What the machine can do at most: arithmetic by BLAS, memory by a copy; and a chart beside it.

After Williams, Waterman and Patterson, Roofline: an insightful visual performance model, 2009.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tests.bench.tables import Chart

ROUNDS = 7
MATRIX_SIDE = 1024
COPIED_BYTES = 2**26


@dataclass(frozen=True)
class Roofline:
    """The bounds of one core in float32: operations and bytes in a nanosecond."""

    operations: float
    bytes: float

    def sum_nanoseconds(self, taps: int) -> float:
        """Of a sample of a plain sum over so many taps: a product and an addition each."""
        return max(2 * taps / self.operations, self.memory_nanoseconds)

    @property
    def memory_nanoseconds(self) -> float:
        """Of a sample that is read and written once."""
        return 2 * np.dtype(np.float32).itemsize / self.bytes


def measured_roofline() -> Roofline:
    """That of this machine; BLAS must have been told to take one thread."""
    random = np.random.default_rng(1)
    left, right = random.random((2, MATRIX_SIDE, MATRIX_SIDE), dtype=np.float32)
    product = np.empty_like(left)
    source, target = np.ones((2, COPIED_BYTES), np.uint8)
    return Roofline(
        2 * MATRIX_SIDE**3 / _nanoseconds(lambda: np.matmul(left, right, out=product)),
        2 * COPIED_BYTES / _nanoseconds(lambda: np.copyto(target, source)),
    )


def chart(
    title: str, samples: int, seconds: Mapping[int, Mapping[str, float]], roofline: Roofline
) -> Chart:
    """Nanoseconds a sample by the side of a dense kernel, beside what bounds the plain sum.

    ``seconds``: for each side, what each candidate took for so many ``samples``.
    """
    candidates = dict.fromkeys(name for each in seconds.values() for name in each)
    curves = {
        name: {
            str(side): 1e9 * medians[name] / samples
            for side, medians in seconds.items()
            if name in medians
        }
        for name in candidates
    }
    curves["bound: the sum by all FMA units"] = {
        str(side): roofline.sum_nanoseconds(side**2) for side in seconds
    }
    curves["bound: memory"] = {str(side): roofline.memory_nanoseconds for side in seconds}
    return Chart(title, "nanoseconds a sample", curves, across="side of a dense kernel")


def _nanoseconds(run: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        run()
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times)
