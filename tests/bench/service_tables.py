"""What was measured of the service and its peers, as tables, notes and a chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench.cases import Case
from tests.bench.peers.table import OURS, Peer
from tests.bench.tables import NOT_MEASURED, Chart, Table, Target, comparison, significant
from tests.bench.trials import Trial

FLOOR = "the floor, in one process"
CHARTED_KERNELS = ("3x3", "15x15")
METHOD = (
    "Kernels of 3x3 and 15x15 are asymmetric and not separable; the Gaussian's sigma is 10. CPU "
    "is read from the kernel's account of each server's processes. The floor: the service's "
    "codecs and OpenCV's convolution of 8-bit samples, called bare. The peers' versions stand in "
    "`peers/`."
)
# Milliseconds of processor time that the project set itself.
COST_BOUNDS = {
    Case("gray 512x512", "png", "3x3", "png"): 5.0,
    Case("gray 512x512", "jpeg", "3x3", "jpeg"): 3.0,
    Case("gray 512x512", "png", "15x15", "png"): 7.0,
    Case("RGB 1920x1080", "png", "3x3", "png"): 95.0,
    Case("RGB 1920x1080", "png", "3x3", "jpeg"): 75.0,
    Case("RGB 1920x1080", "png", "15x15", "png"): 110.0,
}
RATE_BOUNDS = {Case("RGB 1920x1080", "jpeg", "3x3", "png"): 42.0}
# A picture's request in processor time, times the floor.
FLOOR_BOUND = 1.15


@dataclass(frozen=True)
class Measured:
    """A case: by connections and server the trials, and the floor in processor seconds."""

    trials: Mapping[int, Mapping[str, Trial]]
    floor: float

    @property
    def costs(self) -> dict[str, float]:
        """Processor seconds an answer, ours first, then the floor."""
        ours, *others = [(name, trial.cost) for name, trial in self.trials[1].items()]
        return dict([ours, (FLOOR, self.floor), *others])


def cost_tables(measured: Mapping[Case, Measured]) -> list[Table]:
    """Processor time an answer, the answer's size, and how exact it is."""
    costs = {str(case): each.costs for case, each in measured.items()}
    sizes = {
        str(case): {name: float(len(t.load.answer)) for name, t in each.trials[1].items()}
        for case, each in measured.items()
    }
    return [
        comparison("CPU of a request, all of a server's processes, one connection", costs),
        comparison("Size of the answer", sizes, 1e-3, "KB"),
        _exactness_table(measured),
    ]


def _exactness_table(measured: Mapping[Case, Measured]) -> Table:
    servers = next(iter(measured.values())).trials[1]
    rows = [
        [str(case), *(_difference(case, each.trials[1][name]) for name in servers)]
        for case, each in measured.items()
    ]
    title = "How far the answer is from the exact result on average, in levels"
    return Table(title, ["case", *servers], rows)


def _difference(case: Case, trial: Trial) -> str:
    try:
        return f"{case.difference(trial.load.answer):.2f}"
    except ValueError:
        return "**another picture**"


def load_table(measured: Mapping[Case, Measured]) -> Table:
    """Requests a second and waits, by the number of connections."""
    servers = next(iter(measured.values())).trials[1]
    rows = [
        [str(case), str(connections), *(_rate(trials[name]) for name in servers)]
        for case, each in measured.items()
        for connections, trials in each.trials.items()
    ]
    title = "Requests a second; p50 and p99 in ms"
    return Table(title, ["case", "connections", *servers], rows)


def _rate(trial: Trial) -> str:
    load = trial.load
    told = NOT_MEASURED
    if load.latencies:
        p50, p99 = (significant(1e3 * load.percentile(percent)) for percent in (50, 99))
        told = f"{significant(load.rate)}/s; {p50}, {p99}"
    return f"{told} (**{load.failures} failed**)" if load.failures else told


def notes(measured: Mapping[Case, Measured], peers: Sequence[Peer]) -> list[str]:
    """Settings, failures, what the client itself cost, and how near the floor the service is."""
    trials = [
        (name, trial)
        for each in measured.values()
        for by_server in each.trials.values()
        for name, trial in by_server.items()
    ]
    faults = {(name, trial.load.fault) for name, trial in trials if trial.load.failures}
    ours = [trial.load for name, trial in trials if name == OURS.name]
    asked = sum(len(load.latencies) + load.failures for load in ours)
    client = max(max(trial.client_seconds) for _, trial in trials)
    ratios = [each.costs[OURS.name] / each.floor for each in measured.values()]
    return [
        *(f"{peer.name}: {peer.settings}." for peer in peers),
        METHOD,
        f"The client took at most {significant(1e3 * client)} ms of CPU a request.",
        f"The service's CPU over the floor: {min(ratios):.2f} to {max(ratios):.2f} times.",
        f"Of {asked} requests to the service {sum(load.failures for load in ours)} failed.",
        *(f"{name} failed: {fault}." for name, fault in sorted(faults)),
    ]


def cost_targets(measured: Mapping[Case, Measured]) -> list[Target]:
    """What a request to the service was to cost, how many a second, and how near the floor."""
    costs = {case: each.costs[OURS.name] for case, each in measured.items()}
    rates = {
        case: max(trials[OURS.name].load.rate for trials in each.trials.values())
        for case, each in measured.items()
    }
    return [
        *(
            Target(f"CPU of {case}", bound, 1e3 * costs[case], "ms")
            for case, bound in COST_BOUNDS.items()
            if case in costs
        ),
        *(
            Target(f"requests a second, {case}", bound, rates[case], "/s", at_least=True)
            for case, bound in RATE_BOUNDS.items()
            if case in rates
        ),
        *(
            Target(f"CPU over the floor, {case}", FLOOR_BOUND, costs[case] / each.floor, "times")
            for case, each in measured.items()
        ),
    ]


def small_chart(measured: Mapping[Case, Measured]) -> Chart:
    """Processor time an answer in the cases that tell most."""
    charted = {
        str(case): {name: 1e3 * value for name, value in each.costs.items()}
        for case, each in measured.items()
        if case.kernel in CHARTED_KERNELS and case.output == "png"
    }
    return Chart("CPU of a request over HTTP, all of a server's processes", "milliseconds", charted)
