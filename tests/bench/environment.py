"""The environments of what is measured, and the folder that is not committed."""

from __future__ import annotations

import os
from pathlib import Path

# The allocator and BLAS as the service's workers set them for themselves.
WORKER = {
    "OPENBLAS_NUM_THREADS": "1",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1),
}


def as_worker() -> dict[str, str]:
    """The environment of a process that is to compute as a worker does."""
    return os.environ | WORKER


def as_user() -> dict[str, str]:
    """The environment without that, and without settings of the service, for servers."""
    kept = (key for key in os.environ if not key.startswith("CONVOLUTION_") and key not in WORKER)
    return {key: os.environ[key] for key in kept}


def cache_folder() -> Path:
    """The benchmark's own folder in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "convolution-bench"
