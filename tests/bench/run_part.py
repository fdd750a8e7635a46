"""``python -m tests.bench.run_part NAME FILE [--quick]``: measure one part and keep its finding.

Each part runs in a process of its own, with the settings of a worker of the service.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import time
from pathlib import Path

from tests.bench.machine import describe
from tests.bench.results import Finding, write


def main() -> None:
    """Measure the part that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part")
    parser.add_argument("file", type=Path)
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    start = time.monotonic()
    section = importlib.import_module(f"tests.bench.{asked.part}").section(quick=asked.quick)
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    seconds = time.monotonic() - start
    write(Finding(section, date, describe(), seconds, asked.quick), asked.file)


if __name__ == "__main__":
    main()
