"""How long a call takes, and the line that costs lie on, for calibrations."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

ROUNDS = 3
LEAST_SECONDS = 0.002


def nanoseconds(run: Callable[[], object]) -> float:
    """The median time of a call, from calls repeated until the clock can tell."""
    start = time.perf_counter()
    run()
    calls = max(1, int(LEAST_SECONDS / (time.perf_counter() - start)))
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(calls):
            run()
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times) * 1e9


def line(points: dict[int, float]) -> tuple[float, float]:
    """``(start, slope)`` of the straight line through two points; neither below 1e-3."""
    (x0, y0), (x1, y1) = sorted(points.items())
    slope = max((y1 - y0) / (x1 - x0), 1e-3)
    return max(y0 - slope * x0, 1e-3), slope
