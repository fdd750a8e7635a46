"""What a measurement was made on: processor, memory, system, versions; no names of hosts."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# Of a processor's many abilities those that the libraries' fast paths ask for.
NOTABLE_FLAGS = ("sse4_2", "avx2", "fma", "avx512f", "avx512_vnni", "asimd", "sve")
LIBRARIES = (
    *("numpy", "scipy", "opencv-python-headless", "pillow", "isal", "orjson"),
    *("fastapi", "uvicorn", "uvloop", "httptools"),
)


def describe(libraries: Sequence[str] = LIBRARIES) -> str:
    """The machine and the installed libraries in a sentence."""
    model, flags = _processor()
    able = ", ".join(flag for flag in NOTABLE_FLAGS if flag in flags)
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release().partition('-')[0]}"
    versions = ", ".join(_version(name) for name in libraries)
    return (
        f"{model}, {cores} cores ({able}), {memory:.0f} GiB; {system}, "
        f"{'-'.join(platform.libc_ver())}; Python {platform.python_version()}, {versions}"
    )


def _processor() -> tuple[str, set[str]]:
    """The model's name and the abilities that the kernel knows of."""
    told: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        told.setdefault(key.strip(), value.strip())
    model = told.get("model name", platform.machine())
    return model, set(told.get("flags", told.get("Features", "")).split())


def _version(library: str) -> str:
    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:
        return f"no {library}"
