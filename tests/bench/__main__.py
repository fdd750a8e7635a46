"""``make bench``: the engines, the codecs, whole jobs and the service beside what one would use.

Writes ``REPORT.md`` and ``report.svg`` beside this file. Names of parts measure those alone,
and leave what the report says of the others. ``--quick`` does less, tells little, and writes
into the cache folder instead.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from tests.bench.environment import as_worker, cache_folder
from tests.bench.peers.installing import python_with_libraries
from tests.bench.report import REPORT, write_report
from tests.bench.results import read_all

PARTS = ("engines", "codecs", "jobs", "service", "vgg16")


def main() -> int:
    """Measure the parts asked for; 1 where one of them failed, after all the others."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="fewer cases and rounds")
    parser.add_argument("--only-write", action="store_true", help="the report, from what is there")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    folder = cache_folder() / "quick" if asked.quick else Path(__file__).parent
    parts = [] if asked.only_write else asked.parts or PARTS
    failed = [
        part
        for part in parts
        if not measure(part, folder / "results" / f"{part}.json", quick=asked.quick)
    ]
    write_report(read_all(folder / "results", PARTS), folder)
    sys.stdout.write(f"The report is {folder / REPORT}.\n")
    if failed:
        sys.stderr.write(f"Failed, and left as they were: {', '.join(failed)}.\n")
    return 1 if failed else 0


def measure(part: str, file: Path, *, quick: bool) -> bool:
    """Whether the part was measured; in a process of its own."""
    sys.stdout.write(f"Measuring {part} ...\n")
    sys.stdout.flush()
    command = [python_for(part), "-m", "tests.bench.run_part", part, str(file)]
    command += ["--quick"] if quick else []
    return subprocess.run(command, check=False, env=as_worker()).returncode == 0


def python_for(part: str) -> str:
    """The Python that measures a part: one with more libraries where it compares with them."""
    if part != "engines":
        return sys.executable
    return str(python_with_libraries(cache_folder() / "libraries"))


if __name__ == "__main__":
    raise SystemExit(main())
