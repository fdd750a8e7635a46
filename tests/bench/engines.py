"""The engines: the planner's choice beside its alternatives, and beside other libraries."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import cv2
import numpy as np

from service.convolution.compiled import AUTO, native_in_use
from service.convolution.convolve import prepare
from service.convolution.engines import ENGINES, Engine
from service.convolution.planner import Plan
from service.convolution.threads import use_threads
from tests.bench import roofline
from tests.bench.engine_cases import Case, few_cases, picture_cases, signal_cases
from tests.bench.engine_peers import Run, missing, peers_of
from tests.bench.engine_targets import targets
from tests.bench.measure import compare
from tests.bench.tables import Chart, Section, Table, Target, comparison, significant

# The chosen engine may be slower than the best by this factor.
BOUND = 1.15
# An engine whose estimate is so many times the chosen one's is not tried.
HOPELESS = 4.0
# Terms of a kernel of high rank are no alternative, and take long to find.
MOST_PASSES = 8
# What is shorter is called as often as fills a turn, but not more often than this.
TURN_SECONDS, MOST_CALLS = 0.005, 50
# Threads of a candidate may spin for a while, waiting for more; after so many seconds they sleep.
SPINNING_SECONDS = 0.03
CHARTED = ("1920x1080x3, 3x3 dense", "1920x1080x3, 15x15 dense", "1920x1080x3, 50x50 rank 1")
CURVES = ("ours", "OpenCV filter2D", "scipy oaconvolve", "oaconvolve on ducc0", "scipy convolve2d")

Medians = dict[str, float]
# Of a case: ours and the peers; then the chosen engine's name, and all own engines.
Found = tuple[Medians, str, Medians]


def section(*, quick: bool = False) -> Section:
    """Pictures in float32 and float64, signals in float64; then some of them on two threads."""
    rounds = 3 if quick else 5
    bounds = roofline.measured_roofline()
    alone = {
        "Pictures, float32": measured(picture_cases(np.float32, quick=quick), rounds),
        "Pictures, float64": measured(picture_cases(np.float64, quick=quick), rounds),
        "Signals, float64": measured(signal_cases(quick=quick), rounds),
    }
    together = measured(few_cases(quick=quick), rounds, threads=2)
    tables = [_comparison(f"{title}, same, one thread", each) for title, each in alone.items()]
    tables.append(_comparison("Pictures and signals, same, two threads", together))
    choices = {
        f"{title.split()[1]}: {case.name}": (chosen, own)
        for title, found in alone.items()
        for case, (_, chosen, own) in found.items()
    }
    every = {case: medians for found in alone.values() for case, (medians, _, _) in found.items()}
    both = {case: medians for case, (medians, _, _) in together.items()}
    return Section(
        "The engines",
        [*tables, _choices_table(choices)],
        notes=_notes(bounds),
        missing=missing(),
        charts=[*_dots(alone), *_curves(alone["Pictures, float32"], bounds)],
        targets=[
            *targets(every, "one thread"),
            *targets(both, "two threads"),
            _choice_target(choices),
        ],
    )


def own_engines(case: Case) -> tuple[str, dict[str, Run]]:
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

    runs: dict[str, Run] = {}
    for engine in ENGINES:
        if engine is chosen or worth_trying(engine):
            each = replace(prepared, plan=Plan(engine, work, forced=False))
            runs[engine.name] = lambda each=each: each.run(case.samples)
    return chosen.name, runs


def measured(cases: Iterable[Case], rounds: int, threads: int = 1) -> dict[Case, Found]:
    """What every case took, all candidates with so many threads; own ones in turn with peers."""
    found: dict[Case, Found] = {}
    cv2.setNumThreads(threads)
    with use_threads(threads):
        for case in cases:
            chosen, own = own_engines(case)
            if threads > 1:
                own = {chosen: own[chosen]}
            peers = peers_of(case, threads)
            medians = turns(own | peers, rounds, SPINNING_SECONDS if threads > 1 else 0.0)
            ours = {"ours": medians[chosen]} | {name: medians[name] for name in peers}
            found[case] = ours, chosen, {name: medians[name] for name in own}
    cv2.setNumThreads(1)
    return found


def turns(candidates: dict[str, Run], rounds: int, rest: float) -> Medians:
    """The median seconds of a call; what is short is called several times in its turn.

    The first call of a turn finds other candidates' samples and code in the caches.
    """
    counts = {name: _calls(run) for name, run in candidates.items()}

    def turn(name: str) -> None:
        for _ in range(counts[name]):
            candidates[name]()

    medians = compare({name: partial(turn, name) for name in candidates}, rounds, rest=rest)
    return {name: each / counts[name] for name, each in medians.items()}


def _calls(run: Run) -> int:
    """How many calls fill a turn, the first left out, which finds nothing in the caches."""
    run()
    start = time.perf_counter()
    run()
    return max(1, min(MOST_CALLS, int(TURN_SECONDS / (time.perf_counter() - start))))


def _notes(bounds: roofline.Roofline) -> list[str]:
    return [
        (
            "Every candidate has the threads that the title says, where it takes any (scipy's "
            "convolve2d and numpy take one). Channels are interleaved; for torch, in planes."
        ),
        f"Own engines whose estimate is over {HOPELESS:g} times the chosen one's are not run.",
        f"What takes less than {1e3 * TURN_SECONDS:g} ms is called several times in its turn.",
        (
            f"With two threads a turn comes after {1e3 * SPINNING_SECONDS:g} ms of rest, in which "
            "threads of the candidate before that spin have gone to sleep."
        ),
        "ducc0 and FFTW compute the transforms beneath scipy.signal.oaconvolve.",
        f"Compiled engines: {native_in_use(AUTO)}.",
        (
            f"One core does {significant(bounds.operations)} float32 operations a nanosecond (a "
            f"product of matrices by BLAS) and moves {significant(bounds.bytes)} bytes (a copy)."
        ),
    ]


def _comparison(title: str, found: dict[Case, Found]) -> Table:
    return comparison(title, {case.name: medians for case, (medians, _, _) in found.items()})


def _dots(alone: dict[str, dict[Case, Found]]) -> list[Chart]:
    charts = []
    for title, found in alone.items():
        medians = {case.name: each for case, (each, _, _) in found.items()}
        charted = {name: _ratios(medians[name]) for name in CHARTED if name in medians}
        if charted:
            charts.append(Chart(f"{title}, same, one thread", "times ours", charted))
    return charts


def _curves(found: dict[Case, Found], bounds: roofline.Roofline) -> list[Chart]:
    """The largest picture that all kernels were run on, beside the roofline."""
    dense = {case: medians for case, (medians, _, _) in found.items() if case.kind == "dense"}
    shapes = dict.fromkeys(case.samples.shape for case in dense)
    shape = (1080, 1920, 3) if (1080, 1920, 3) in shapes else next(iter(shapes))
    seconds = {
        case.kernel.shape[0]: {name: medians[name] for name in CURVES if name in medians}
        for case, medians in dense.items()
        if case.samples.shape == shape
    }
    height, width, channels = shape
    title = f"{width}x{height}x{channels}, float32, one thread, beside the machine's roofline"
    return [roofline.chart(title, height * width * channels, seconds, bounds)]


def _choice_ratios(choices: dict[str, tuple[str, Medians]]) -> Medians:
    return {name: own[chosen] / min(own.values()) for name, (chosen, own) in choices.items()}


def _choice_target(choices: dict[str, tuple[str, Medians]]) -> Target:
    ratios = _choice_ratios(choices)
    worst = max(ratios, key=lambda name: ratios[name])
    what = f"chosen over best own engine, worst case: {worst}"
    return Target(what, BOUND, ratios[worst], "times")


def _choices_table(choices: dict[str, tuple[str, Medians]]) -> Table:
    rows = []
    for name, ratio in _choice_ratios(choices).items():
        chosen, medians = choices[name]
        others = ", ".join(
            f"{engine} {significant(1e3 * seconds)}"
            for engine, seconds in medians.items()
            if engine != chosen
        )
        mine = f"{chosen} {significant(1e3 * medians[chosen])}"
        rows.append([name, mine, others or "-", significant(ratio)])
    return Table(
        "The planner's choice beside the other engines",
        ["case", "chosen, ms", "others, ms", "chosen over best"],
        rows,
    )


def _ratios(medians: Medians) -> Medians:
    return {name: each / medians["ours"] for name, each in medians.items() if name != "ours"}
