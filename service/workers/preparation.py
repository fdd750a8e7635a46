"""What the processes of the pool do to themselves before they work: Linux' and glibc's settings."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import resource
import signal
from collections.abc import Set
from pathlib import Path

MALLOC_TRIM_THRESHOLD = -1  # M_TRIM_THRESHOLD of malloc.h
MALLOC_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of malloc.h
MALLOC_ARENAS = -8  # M_ARENA_MAX of malloc.h
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of sys/prctl.h
SET_NAME = 15  # PR_SET_NAME of sys/prctl.h
NICENESS = 5
FIRST_TO_GO = 1000  # the highest oom_score_adj, see proc_pid_oom_score_adj(5)


def prepare_fork_server(parent_pid: int, kept_descriptors: Set[int]) -> None:
    """Make this process one that ends with its parent, and by nothing else.

    Keeps no descriptor but these. SystemExit where the parent is gone already.
    """
    _close_all_but(kept_descriptors)
    # Both signals reach the whole group; when to stop is the parent's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _die_with_parent(parent_pid)
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        # Page faults dominate large pictures: blocks are kept instead of mapped anew.
        library.mallopt(MALLOC_MMAP_THRESHOLD, 2**30)
        library.mallopt(MALLOC_TRIM_THRESHOLD, 2**31 - 1)
        # And all threads share them: an arena of a thread's own can't hold large blocks.
        library.mallopt(MALLOC_ARENAS, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it would hold what callers sent


def prepare_worker(parent_pid: int, memory_bytes: int) -> None:
    """Make a fork of such a process one that takes no more than ``memory_bytes``; 0 is no limit.

    SystemExit where the parent is gone already.
    """
    _die_with_parent(parent_pid)
    ctypes.CDLL(None).prctl(SET_NAME, b"worker")  # for ps and top
    if memory_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        # The files in memory are no part of the address space until they are mapped.
        resource.setrlimit(resource.RLIMIT_FSIZE, (memory_bytes, memory_bytes))
    with contextlib.suppress(OSError):
        # Where the whole machine or container runs out, a worker is to go, not its parents.
        Path("/proc/self/oom_score_adj").write_text(f"{FIRST_TO_GO}")
    _silence_libraries()
    # The event loop, which all callers wait for, comes first where processors are short.
    os.nice(NICENESS)


def _close_all_but(kept: Set[int]) -> None:
    # uvloop hands on whatever is inheritable, which a server's listening socket may be.
    for path in list(Path("/dev/fd").iterdir()):
        if int(path.name) not in kept:
            with contextlib.suppress(OSError):  # the listing's own descriptor is closed already
                os.close(int(path.name))


def _die_with_parent(parent_pid: int) -> None:
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it died before the line above
        raise SystemExit("the parent process is gone")


def _silence_libraries() -> None:
    """Leave the standard error to crashes: libtiff has a line there for every fault of a file."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    faulthandler.enable(kept)
    os.dup2(nothing, 2)
    os.close(nothing)
