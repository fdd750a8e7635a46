"""PNG at equal size: what each server costs where its files are about as small as ours.

Encoding is most of the work, and who compresses less works less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.bench.cases import Case
from tests.bench.load import drive
from tests.bench.servers import Server
from tests.bench.tables import NOT_MEASURED, Table, significant
from tests.bench.trials import Trial, take_turns

# A file that is at most so many times ours counts as no larger.
TOLERANCE = 1.05


@dataclass(frozen=True)
class Setting:
    """A level of compression, and what one answer with it showed."""

    level: str
    size: int
    seconds: float


def choose(settings: list[Setting], size: int) -> Setting:
    """The fastest whose file is at most as large; the smallest file where none is."""
    fitting = [each for each in settings if each.size <= TOLERANCE * size]
    if fitting:
        return min(fitting, key=lambda each: each.seconds)
    return min(settings, key=lambda each: each.size)


def equal_size_table(
    case: Case, servers: Mapping[str, Server], ours: str, seconds: float, turns: int
) -> Table:
    """Each server by default, and at the level that gives files like ours, where it has levels."""
    requests = {name: (server, server.request(case)) for name, server in servers.items()}
    size = len(drive(servers[ours].address, requests[ours][1], 1, 0).answer)
    for name, server in servers.items():
        if server.peer.levels:
            level = choose(_settings(server, case), size).level
            requests[f"{name}, level {level}"] = (server, server.request(case, level))
    trials = take_turns(requests, 1, seconds, turns)
    rows = [_row(name, trial, trials[ours]) for name, trial in trials.items()]
    columns = ["server", "file, KB", "times ours", "CPU, ms", "times ours"]
    return Table(f"PNG at equal size: {case}", columns, rows)


def _settings(server: Server, case: Case) -> list[Setting]:
    found = []
    for level in server.peer.levels:
        load = drive(server.address, server.request(case, level), 1, 0)
        if load.answer:
            found.append(Setting(level, len(load.answer), load.percentile(50)))
    return found


def _row(name: str, trial: Trial, ours: Trial) -> list[str]:
    size, our_size = len(trial.load.answer), len(ours.load.answer)
    if not size or not our_size:
        return [name, *[NOT_MEASURED] * 4]
    return [
        name,
        significant(size / 1e3),
        significant(size / our_size),
        significant(1e3 * trial.cost),
        significant(trial.cost / ours.cost),
    ]
