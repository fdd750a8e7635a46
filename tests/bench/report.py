"""The report: every part's findings as one Markdown page with its chart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.bench.chart import draw
from tests.bench.results import Finding
from tests.bench.tables import Table

REPORT = "REPORT.md"
CHART = "report.svg"
# What is short, why, and what was tried: written by hand.
TRIED = Path(__file__).with_name("what_was_tried.md")
HEAD = f"""# How fast it is, beside what one could use instead

Written by `make bench` from the files in `results/`; every number is a median of runs that the
candidates took turn by turn, so read the ratios. A number in brackets says how many times ours
a candidate takes. What could not be measured is named with its reason.

![Times by candidate, on logarithmic axes]({CHART})
"""


def write_report(findings: Mapping[str, Finding], folder: Path) -> None:
    """Write the page and the chart into ``folder``."""
    parts = [page(finding) for finding in findings.values()]
    pages = [HEAD, targets_page(findings), TRIED.read_text(), *parts]
    (folder / REPORT).write_text("\n".join(pages))
    charts = [chart for finding in findings.values() for chart in finding.section.charts]
    if charts:
        draw(charts, folder / CHART)


def targets_page(findings: Mapping[str, Finding]) -> str:
    """What was to be reached, and whether it was."""
    rows = [target.row() for each in findings.values() for target in each.section.targets]
    columns = ["target", "bound", "measured", "reached"]
    return f"## Targets\n\n{Table('All parts', columns, rows).markdown()}"


def page(finding: Finding) -> str:
    """One part: where it was measured, what is missing, the tables, the notes."""
    section = finding.section
    haste = "**A quick run, good for nothing but trying out.** " if finding.quick else ""
    lines = [
        f"## {section.title}\n",
        f"{haste}Measured {finding.date} in {finding.seconds:.0f} s on {finding.machine}.\n",
        *_bullets(f"**{peer} is missing**: {reason}" for peer, reason in section.missing.items()),
        *(table.markdown() for table in section.tables),
        *_bullets(section.notes),
    ]
    return "\n".join(lines)


def _bullets(sentences: Iterable[str]) -> list[str]:
    lines = [f"- {each}" for each in sentences]
    return [*lines, ""] if lines else []
