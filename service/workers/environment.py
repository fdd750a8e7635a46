"""The environment variables of the workers: what libraries must be told before they load."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

# Several threads of a job call BLAS and OpenCV, one each: more would only wait for one another,
# which OpenCV's do by turning round and round.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
}
# What is wrong with a picture is told to its sender, not to the log.
QUIET = {"OPENCV_LOG_LEVEL": "SILENT"}
# Huge pages take fewer page faults, which a fresh worker is slow by at large pictures.
HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


def worker_environment() -> dict[str, str]:
    """The parent's environment, with one thread a library and this package importable."""
    environment = {**HUGE_PAGES, **os.environ, **ONE_THREAD, **QUIET}
    home = str(Path(__file__).resolve().parents[2])
    if home not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        paths = [home, os.environ.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return environment
