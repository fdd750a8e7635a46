"""Timing candidates against one another.

Machines are shared and noisy: the candidates of a case take turns, and what counts is the
ratio of their medians.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

# A candidate that has taken longer than this in all is run no more.
PATIENCE_SECONDS = 0.5

Candidates = Mapping[str, Callable[[], object]]


def compare(
    candidates: Candidates,
    rounds: int = 7,
    clock: Callable[[], float] = time.perf_counter,
    rest: float = 0.0,
) -> dict[str, float]:
    """The median seconds of each candidate, from runs taken turn by turn.

    Every candidate runs at least once, and at most ``rounds`` times; each run comes after a
    ``rest`` of so many seconds.
    """
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, run in candidates.items():
            if sum(seconds[name]) > PATIENCE_SECONDS:
                continue
            time.sleep(rest)
            start = clock()
            run()
            seconds[name].append(clock() - start)
    return {name: statistics.median(each) for name, each in seconds.items()}
