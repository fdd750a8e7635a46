"""The parts' findings as files, a JSON document a part, from which the report is drawn.

So a part can be measured anew alone, and what the report says of the others stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.bench.tables import Chart, Section, Table, Target


@dataclass(frozen=True)
class Finding:
    """A section with when, on what and for how long it was measured."""

    section: Section
    date: str
    machine: str
    seconds: float
    quick: bool


def write(finding: Finding, file: Path) -> None:
    """Keep a finding."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asdict(finding), indent=1, ensure_ascii=False) + "\n")


def read(file: Path) -> Finding:
    """A finding that was kept."""
    document = json.loads(file.read_text())
    return Finding(**{**document, "section": _section(document["section"])})


def read_all(folder: Path, parts: Iterable[str]) -> dict[str, Finding]:
    """The findings that there are, in the order of ``parts``."""
    files = {part: folder / f"{part}.json" for part in parts}
    return {part: read(file) for part, file in files.items() if file.exists()}


def _section(document: dict[str, Any]) -> Section:
    tables = [Table(**each) for each in document["tables"]]
    charts = [Chart(**each) for each in document["charts"]]
    targets = [Target(**each) for each in document["targets"]]
    return Section(**{**document, "tables": tables, "charts": charts, "targets": targets})
