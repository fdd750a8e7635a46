"""What a part of the benchmark found: tables, charts, targets and notes, as data.

A part gives a `Section`; the report and its chart are drawn from sections alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

NOT_MEASURED = "-"


@dataclass(frozen=True)
class Table:
    """Rows of ready text under a title."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """The table as GitHub reads it: the title, the head, a line a row."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"### {self.title}\n\n{body}\n"


@dataclass(frozen=True)
class Chart:
    """Dots on a logarithmic axis: for each case, a number for each candidate.

    Where it goes ``across`` something, lines instead: for each candidate, a number for each number
    of that, both on logarithmic axes.
    """

    title: str
    axis: str
    cases: Mapping[str, Mapping[str, float]]
    across: str = ""


@dataclass(frozen=True)
class Target:
    """A number that was to be reached: at most ``bound``, or ``at_least`` that."""

    what: str
    bound: float
    measured: float
    unit: str
    at_least: bool = False

    @property
    def reached(self) -> bool:
        """Whether it was."""
        if self.at_least:
            return self.measured >= self.bound
        return self.measured <= self.bound

    def row(self) -> list[str]:
        """A line of the report: what, the bound, the number, and by how much it fails."""
        told = "yes" if self.reached else "**no**"
        if self.bound and not self.reached:
            told += f", {significant(self.measured / self.bound)} of the bound"
        bound = f"{'at least' if self.at_least else 'at most'} {significant(self.bound)}"
        return [self.what, f"{bound} {self.unit}".rstrip(), significant(self.measured), told]


@dataclass(frozen=True)
class Section:
    """One part's findings; ``missing`` tells for each absent peer why it is absent."""

    title: str
    tables: Sequence[Table]
    notes: Sequence[str] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    charts: Sequence[Chart] = ()
    targets: Sequence[Target] = ()


def significant(value: float) -> str:
    """A number to three digits, never in exponents: 0.0123, 4.56, 1230."""
    if value == 0:
        return "0"
    return f"{float(f'{value:.3g}'):,.10g}"


def comparison(
    title: str, cases: Mapping[str, Mapping[str, float]], unit: float = 1e3, name: str = "ms"
) -> Table:
    """A line a case, a column a candidate.

    The first candidate of the first case is ours; the others' cells tell how many times ours
    they take. ``unit`` converts the measured numbers to what ``name`` says.
    """
    candidates = list(dict.fromkeys(each for medians in cases.values() for each in medians))
    ours = candidates[0]
    rows = [
        [case, *(_cell(medians, each, ours, unit) for each in candidates)]
        for case, medians in cases.items()
    ]
    return Table(title, ["case", *(f"{each}, {name}" for each in candidates)], rows)


def _cell(medians: Mapping[str, float], candidate: str, ours: str, unit: float) -> str:
    if candidate not in medians:
        return NOT_MEASURED
    told = significant(medians[candidate] * unit)
    if candidate == ours or ours not in medians:
        return told
    return f"{told} ({significant(medians[candidate] / medians[ours])}x)"
