"""The engines: the planner's choice beside its alternatives, and beside other libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import cv2
import numpy as np

from service.convolution.convolve import prepare
from service.convolution.engines import ENGINES, Engine
from service.convolution.planner import Plan
from tests.bench.engine_cases import Case, picture_cases, signal_cases
from tests.bench.engine_peers import missing, picture_peers, signal_peers
from tests.bench.measure import compare
from tests.bench.tables import Chart, Section, Table, Target, comparison, significant

# The chosen engine may be slower than the best by this factor.
BOUND = 1.15
# An engine whose estimate is so many times the chosen one's is not tried.
HOPELESS = 4.0
# Terms of a kernel of high rank are no alternative, and take long to find.
MOST_PASSES = 8
CHARTED = ("1920x1080x3, 3x3 dense", "1920x1080x3, 15x15 dense", "1920x1080x3, 50x50 rank 1")

Medians = dict[str, float]


def section(*, quick: bool = False) -> Section:
    """Pictures in float32 and float64, signals in float64."""
    cv2.setNumThreads(1)
    rounds = 3 if quick else 5
    tables, choices, charts = [], {}, []
    groups = {
        "Pictures, float32, same, one thread": (
            picture_cases(np.float32, quick=quick),
            picture_peers,
        ),
        "Pictures, float64, same, one thread": (
            picture_cases(np.float64, quick=quick),
            picture_peers,
        ),
        "Signals, float64, same, one thread": (signal_cases(quick=quick), signal_peers),
    }
    for title, (cases, peers) in groups.items():
        compared, chosen = _measure(cases, peers, rounds)
        tables.append(comparison(title, compared))
        choices |= {f"{title.split(',')[1].strip()}: {name}": each for name, each in chosen.items()}
        charted = {name: _ratios(compared[name]) for name in CHARTED if name in compared}
        if charted:
            charts.append(Chart(title, "times ours", charted))
    ratios = {name: each[chosen] / min(each.values()) for name, (chosen, each) in choices.items()}
    worst = max(ratios, key=lambda name: ratios[name])
    return Section(
        "The engines",
        [*tables, _choices_table(choices, ratios)],
        notes=[
            "Every candidate has one thread. Channels are interleaved; for torch, in planes.",
            f"Own engines whose estimate is over {HOPELESS:g} times the chosen one's are not run.",
            "ducc0 and FFTW compute the transforms beneath scipy.signal.oaconvolve.",
        ],
        missing=missing(),
        charts=charts,
        targets=[
            Target(
                f"chosen over best own engine, worst case: {worst}", BOUND, ratios[worst], "times"
            )
        ],
    )


def own_engines(case: Case) -> tuple[str, dict[str, Callable[[], object]]]:
    """The name of the chosen engine, and every engine that might be as fast."""
    prepared = prepare(case.samples, case.kernel, case.options)
    work, chosen = prepared.plan.workload, prepared.plan.engine

    def worth_trying(engine: Engine) -> bool:
        return (
            engine.can(work.kernel)
            and engine.nanoseconds(work) <= HOPELESS * prepared.plan.nanoseconds
            and (max(work.kernel.values.shape) <= 64 or engine.name != "low-rank")
            and engine.passes(work) <= MOST_PASSES
        )

    runs: dict[str, Callable[[], object]] = {}
    for engine in ENGINES:
        if engine is chosen or worth_trying(engine):
            each = replace(prepared, plan=Plan(engine, work, forced=False))
            runs[engine.name] = lambda each=each: each.run(case.samples)
    return chosen.name, runs


def _measure(
    cases: Iterable[Case],
    peers_of: Callable[[Case], dict[str, Callable[[], object]]],
    rounds: int,
) -> tuple[dict[str, Medians], dict[str, tuple[str, Medians]]]:
    """For each case: ours and the peers; and the chosen engine with all own ones."""
    compared: dict[str, Medians] = {}
    choices: dict[str, tuple[str, Medians]] = {}
    for case in cases:
        chosen, own = own_engines(case)
        peers = peers_of(case)
        medians = compare(own | peers, rounds)
        compared[case.name] = {"ours": medians[chosen]} | {name: medians[name] for name in peers}
        choices[case.name] = (chosen, {name: medians[name] for name in own})
    return compared, choices


def _choices_table(choices: dict[str, tuple[str, Medians]], ratios: Medians) -> Table:
    rows = []
    for name, (chosen, medians) in choices.items():
        others = ", ".join(
            f"{engine} {significant(1e3 * seconds)}"
            for engine, seconds in medians.items()
            if engine != chosen
        )
        mine = f"{chosen} {significant(1e3 * medians[chosen])}"
        rows.append([name, mine, others or "-", significant(ratios[name])])
    return Table(
        "The planner's choice beside the other engines",
        ["case", "chosen, ms", "others, ms", "chosen over best"],
        rows,
    )


def _ratios(medians: Medians) -> Medians:
    return {name: each / medians["ours"] for name, each in medians.items() if name != "ours"}
