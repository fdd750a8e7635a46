"""The whole service beside its peers, over HTTP: what a request costs, and how long it takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2

from tests.bench.cases import Case, all_cases
from tests.bench.environment import cache_folder
from tests.bench.equal_size import equal_size_table
from tests.bench.floor import bare, processor_seconds
from tests.bench.load import drive
from tests.bench.peers.installing import NotInstalled
from tests.bench.peers.table import CORES, OURS, PEERS
from tests.bench.servers import Server, running
from tests.bench.service_tables import (
    Measured,
    cost_tables,
    cost_targets,
    load_table,
    notes,
    small_chart,
)
from tests.bench.tables import Section, Target
from tests.bench.trials import take_turns
from tests.bench.under_load import (
    SIGNAL_SAMPLES,
    health_waits,
    signal_request,
    signal_waits,
    tables,
    targets,
)

GRAY = Case("gray 512x512", "png", "3x3", "png")
COLOR = Case("RGB 1920x1080", "jpeg", "3x3", "png")
WARM_CONNECTIONS = 2 * CORES


@dataclass(frozen=True)
class Plan:
    """How much is measured: seconds a turn, turns for the cost, connections, cases."""

    cases: list[Case]
    seconds: float
    turns: int
    connections: tuple[int, ...]
    busy: tuple[int, ...]
    busy_seconds: float


FULL = Plan(all_cases(), 0.7, 3, (1, 4, 16), (4, 8), 8.0)
QUICK = Plan([GRAY, COLOR], 0.5, 1, (1, 4), (4,), 3.0)


def section(*, quick: bool = False) -> Section:
    """Costs, rates, waits; PNG at equal size; small requests beside large ones."""
    cv2.setNumThreads(1)
    plan = QUICK if quick else FULL
    cache = cache_folder()
    pictures = _written_pictures(cache / "pictures")
    with ExitStack() as stack:
        servers, missing = _started(stack, cache, pictures)
        regular = {name: each for name, each in servers.items() if not each.peer.extra}
        measured = {case: measure(case, regular, plan) for case in plan.cases}
        sizes = [
            equal_size_table(case, servers, OURS.name, plan.seconds, plan.turns)
            for case in ([GRAY] if quick else [GRAY, COLOR])
        ]
        health = health_waits(regular, plan.busy, plan.busy_seconds)
        cost = signal_cost(servers[OURS.name], plan)
        signals = signal_waits(servers[OURS.name], plan.busy, plan.busy_seconds)
    return Section(
        "The whole service, over HTTP",
        [*cost_tables(measured), load_table(measured), *sizes, *tables(health, signals)],
        notes=notes(measured, [server.peer for server in servers.values()]),
        targets=[*cost_targets(measured), cost, *targets(health, signals, OURS.name)],
        missing=missing,
        charts=[small_chart(measured)],
    )


def measure(case: Case, servers: Mapping[str, Server], plan: Plan) -> Measured:
    """One case: by number of connections what each server showed, and the floor.

    The floor takes its turns between the servers' at one connection.
    """
    requests = {name: (server, server.request(case)) for name, server in servers.items()}
    run, floor = bare(case), list[float]()
    _warm_up(requests, run, plan.seconds)
    alone = take_turns(requests, 1, plan.seconds, 1)
    for _ in range(plan.turns - 1):
        floor += processor_seconds(run, plan.seconds / 2)
        for name, trial in take_turns(requests, 1, plan.seconds, 1).items():
            alone[name].add(trial)
    floor += processor_seconds(run, plan.seconds / 2)
    crowded = {
        count: take_turns(requests, count, 3 * plan.seconds, 1) for count in plan.connections[1:]
    }
    return Measured({1: alone, **crowded}, statistics.median(floor))


def signal_cost(server: Server, plan: Plan) -> Target:
    """Processor time of a small signal, while nothing else is asked."""
    requests = {server.peer.name: (server, signal_request())}
    _warm_up(requests, lambda: None, plan.seconds)
    trial = take_turns(requests, 1, plan.seconds, plan.turns)[server.peer.name]
    return Target(f"CPU of a signal of {SIGNAL_SAMPLES} samples", 1.5, 1e3 * trial.cost, "ms")


def _warm_up(
    requests: Mapping[str, tuple[Server, bytes]], run: Callable[[], object], seconds: float
) -> None:
    """What is done once in every process and thread, memory taken above all, is no request's."""
    for server, request in requests.values():
        drive(server.address, request, WARM_CONNECTIONS, seconds)
    run()


def _started(
    stack: ExitStack, cache: Path, pictures: Path
) -> tuple[dict[str, Server], dict[str, str]]:
    """The peers that run, until the stack is left, and why the others do not."""
    servers, missing = dict[str, Server](), dict[str, str]()
    for peer in PEERS:
        try:
            servers[peer.name] = stack.enter_context(running(peer, cache, pictures))
        except NotInstalled as reason:
            if peer is OURS:
                raise
            missing[peer.name] = str(reason)
    # What they do in the background after their start is no request's.
    time.sleep(2)
    return servers, missing


def _written_pictures(folder: Path) -> Path:
    """The folder with every case's picture, for who reads files."""
    folder.mkdir(parents=True, exist_ok=True)
    for case in all_cases():
        (folder / case.file_name).write_bytes(case.file())
    return folder
