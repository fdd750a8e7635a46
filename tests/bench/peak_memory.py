"""How much more memory a process takes at its peak."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def peak_mebibytes() -> float:
    """The most that this process has had resident so far.

    proc_pid_status(5). What getrusage tells begins with the peak of the process that started it.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(peak) / 2**10


def growth_mebibytes(run: Callable[[], object]) -> float:
    """By how much a call raises the peak; to be asked in a process of its own."""
    before = peak_mebibytes()
    run()
    return peak_mebibytes() - before
