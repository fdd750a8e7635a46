"""What the engines were to reach, beside the libraries that one could use instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.engine_cases import Case
from tests.bench.tables import Target

FILTER, SEPARABLE = "OpenCV filter2D", "OpenCV sepFilter2D"
OVERLAP = "scipy oaconvolve"
TILES = ("oaconvolve on ducc0", "oaconvolve on FFTW")
LARGE = 512 * 512

Medians = Mapping[str, float]


@dataclass(frozen=True)
class Aim:
    """That the fastest of some peers takes at least ``bound`` times ours, in the worst case."""

    what: str
    bound: float
    peers: Sequence[str]
    holds_for: Callable[[Case], bool]

    def target(self, measured: Mapping[Case, Medians], threads: str) -> Target | None:
        """Whether it was reached; None where no such case was measured."""
        worst: tuple[float, str] | None = None
        for case, medians in measured.items():
            known = [medians[peer] for peer in self.peers if peer in medians]
            if known and self.holds_for(case):
                ratio = min(known) / medians["ours"]
                worst = min(worst or (ratio, case.name), (ratio, case.name))
        if worst is None:
            return None
        what = f"{self.what}, {threads}; worst case: {worst[1]}"
        return Target(what, self.bound, worst[0], "times ours", at_least=True)


def _dense(dtype: str, least: int, most: int) -> Callable[[Case], bool]:
    def holds(case: Case) -> bool:
        side = case.kernel.shape[0]
        return case.kind == "dense" and case.samples.dtype == dtype and least <= side <= most

    return holds


def _sized(holds: Callable[[Case], bool], *, large: bool) -> Callable[[Case], bool]:
    return lambda case: holds(case) and (case.samples.size > LARGE) == large


def _of_50_taps(case: Case) -> bool:
    rank_1 = case.kind == "rank 1" and case.samples.dtype == "float32"
    return rank_1 and case.kernel.shape[0] == 50


def _a_million(case: Case) -> bool:
    return case.kind == "1-D" and case.samples.size == 1_000_000


AIMS = (
    Aim("filter2D, float32, 3x3 and 5x5", 0.9, [FILTER], _dense("float32", 3, 5)),
    Aim("filter2D, float32, 7x7", 1.2, [FILTER], _dense("float32", 7, 7)),
    Aim(
        "filter2D, float32, 15x15 to 101x101, large pictures",
        5.0,
        [FILTER],
        _sized(_dense("float32", 15, 101), large=True),
    ),
    Aim(
        "filter2D, float32, 15x15 to 101x101, 512x512",
        3.0,
        [FILTER],
        _sized(_dense("float32", 15, 101), large=False),
    ),
    Aim("sepFilter2D, float32, 50 taps", 3.0, [SEPARABLE], _of_50_taps),
    Aim("ducc0 or FFTW in tiles, float64, dense", 2.0, TILES, _dense("float64", 9, 1000)),
    Aim("oaconvolve, a million samples", 3.0, [OVERLAP], _a_million),
)


def targets(measured: Mapping[Case, Medians], threads: str) -> Iterator[Target]:
    """Every aim that these cases tell of."""
    for aim in AIMS:
        target = aim.target(measured, threads)
        if target is not None:
            yield target
