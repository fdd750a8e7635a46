"""Running servers asked turn by turn, and what each answer cost."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.bench.load import Load, drive
from tests.bench.servers import Server


@dataclass
class Trial:
    """What a server showed over its turns for one request."""

    loads: list[Load] = field(default_factory=list)
    processor_seconds: list[float] = field(default_factory=list)
    """Of the server with all its processes, an answer, one number a turn."""
    client_seconds: list[float] = field(default_factory=list)

    @property
    def cost(self) -> float:
        """The median of the processor seconds that an answer costs."""
        return statistics.median(self.processor_seconds)

    @property
    def load(self) -> Load:
        """The turns together."""
        whole = Load(answer=self.loads[0].answer)
        for each in self.loads:
            whole.latencies += each.latencies
            whole.failures += each.failures
            whole.fault = whole.fault or each.fault
            whole.seconds += each.seconds
        return whole

    def add(self, other: Trial) -> None:
        """Take another's turns for further ones of this."""
        self.loads += other.loads
        self.processor_seconds += other.processor_seconds
        self.client_seconds += other.client_seconds


def take_turns(
    requests: Mapping[str, tuple[Server, bytes]], connections: int, seconds: float, turns: int
) -> dict[str, Trial]:
    """Ask each server for so many seconds in each of its turns, and no other meanwhile."""
    trials = {name: Trial() for name in requests}
    for _ in range(turns):
        for name, (server, request) in requests.items():
            before, own = server.processor_seconds(), time.process_time()
            load = drive(server.address, request, connections, seconds)
            asked = len(load.latencies) + load.failures
            trial = trials[name]
            trial.loads.append(load)
            trial.processor_seconds.append((server.processor_seconds() - before) / asked)
            trial.client_seconds.append((time.process_time() - own) / asked)
    return trials
