"""The processor time of a server with all its processes."""

from __future__ import annotations

import os
from pathlib import Path

from tests.processes import child_ids

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def processor_seconds(root: int) -> float:
    """Seconds that a process, its descendants, and those of them that have ended, computed."""
    try:
        fields = Path(f"/proc/{root}/stat").read_text().rpartition(")")[2].split()
        children = child_ids(root)
    except (FileNotFoundError, ProcessLookupError):
        # It has ended; its parent has its time once it has waited for it.
        return 0.0
    # proc(5): utime, stime, and those of children waited for, are fields 14 to 17.
    own = sum(map(int, fields[11:15])) / TICKS_PER_SECOND
    return own + sum(processor_seconds(child) for child in children)
