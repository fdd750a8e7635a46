"""How much more memory a process takes at its peak."""

from __future__ import annotations

import resource
from collections.abc import Callable


def peak_mebibytes() -> float:
    """The most that this process has had resident so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def growth_mebibytes(run: Callable[[], object]) -> float:
    """By how much a call raises the peak; to be asked in a process of its own."""
    before = peak_mebibytes()
    run()
    return peak_mebibytes() - before
