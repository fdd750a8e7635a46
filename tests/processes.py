"""A process's children, by the kernel's own account."""

from __future__ import annotations

import contextlib
from pathlib import Path


def child_ids(parent: int) -> list[int]:
    """The process ids of the children of every thread of ``parent``."""
    found: list[int] = []
    for task in Path(f"/proc/{parent}/task").iterdir():
        # A thread may end between the listing and the reading; its children go to another.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, (task / "children").read_text().split())
    return found
