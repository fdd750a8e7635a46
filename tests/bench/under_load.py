"""How long small requests wait while large pictures keep a server busy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tests.bench.cases import Case, head
from tests.bench.load import Load, drive, side_by_side
from tests.bench.servers import Server
from tests.bench.tables import Table, Target, significant

BUSY_CASE = Case("RGB 1920x1080", "png", "15x15", "png")
SIGNAL_SAMPLES = 300
PAUSE_SECONDS = 0.02
COLUMNS = (
    *("server", "connections with pictures", "p50, ms", "p99, ms", "longest, ms"),
    *("answered", "lost", "pictures lost"),
)


@dataclass(frozen=True)
class Wait:
    """What small requests came to on one connection, and the pictures on so many beside them."""

    server: str
    connections: int
    small: Load
    pictures: Load

    def row(self) -> list[str]:
        """A line of the table."""
        times = [significant(1e3 * self.small.percentile(percent)) for percent in (50, 99, 100)]
        counts = [len(self.small.latencies), self.small.failures, self.pictures.failures]
        return [self.server, str(self.connections), *times, *map(str, counts)]


def health_waits(
    servers: Mapping[str, Server], connections: Sequence[int], seconds: float
) -> list[Wait]:
    """The health probe of each server beside its pictures."""
    return [
        _beside(server, head("GET", server.peer.health), count, seconds)
        for count in connections
        for server in servers.values()
    ]


def signal_waits(server: Server, connections: Sequence[int], seconds: float) -> list[Wait]:
    """A small signal to the service beside its pictures."""
    return [_beside(server, signal_request(), count, seconds) for count in connections]


def tables(health: Sequence[Wait], signals: Sequence[Wait]) -> list[Table]:
    """Both as tables."""
    return [
        Table(f"A health probe beside pictures ({BUSY_CASE})", COLUMNS, [w.row() for w in health]),
        Table(
            f"A signal of {SIGNAL_SAMPLES} samples beside the same",
            COLUMNS,
            [w.row() for w in signals],
        ),
    ]


def targets(health: Sequence[Wait], signals: Sequence[Wait], ours: str) -> list[Target]:
    """The waits of the service that were to be reached, with nothing lost."""
    bounds = (("health probe", health, 20.0), (f"{SIGNAL_SAMPLES} samples", signals, 50.0))
    own = [wait for wait in [*health, *signals] if wait.server == ours]
    return [
        *(
            Target(
                f"{name} beside pictures on {wait.connections} connections, p99",
                bound,
                1e3 * wait.small.percentile(99),
                "ms",
            )
            for name, waits, bound in bounds
            for wait in waits
            if wait.server == ours
        ),
        Target(
            "requests lost beside pictures",
            0.0,
            float(sum(wait.small.failures + wait.pictures.failures for wait in own)),
            "",
        ),
    ]


def _beside(server: Server, request: bytes, count: int, seconds: float) -> Wait:
    small = partial(drive, server.address, request, 1, seconds, PAUSE_SECONDS)
    pictures = partial(drive, server.address, server.request(BUSY_CASE), count, seconds)
    return Wait(server.peer.name, count, *side_by_side(small, pictures))


def signal_request() -> bytes:
    """The HTTP request with a small signal."""
    signal = np.random.default_rng(4).random(SIGNAL_SAMPLES).round(6).tolist()
    kernel = {"name": "hann", "size": 50}
    body = json.dumps({"signal": signal, "kernel": kernel}).encode()
    return head("POST", "/v1/signals/convolve", "application/json", len(body)) + body
