"""The benchmark's measuring and reporting: turns, tables, targets, missing peers, requests."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest

from tests.bench import engine_cases, measure, roofline
from tests.bench.cases import KERNELS, Case, all_cases
from tests.bench.engine_targets import Aim
from tests.bench.equal_size import Setting, choose
from tests.bench.floor import bare
from tests.bench.measure import compare
from tests.bench.peers.table import OURS, PEERS
from tests.bench.report import CHART, REPORT, write_report
from tests.bench.results import Finding, read_all, write
from tests.bench.tables import Chart, Section, Table, Target, comparison, significant

GRAY = Case("gray 512x512", "png", "3x3", "png")
SECTION = Section(
    "Engines",
    [Table("Speed", ["case", "ms"], [["small", "4.2"]])],
    notes=["One thread."],
    missing={"ducc0": "it is not installed; `pip install ducc0` gets it"},
    charts=[Chart("Times", "ms", {"small": {"ours": 4.2, "scipy": 420.0}, "large": {"ours": 9.0}})],
    targets=[
        Target("wait", 20.0, 19.9, "ms"),
        Target("cost", 5.0, 7.5, "ms"),
        Target("rate", 42.0, 21.0, "/s", at_least=True),
        Target("lost", 0.0, 1.0, ""),
    ],
)
FINDING = Finding(SECTION, "2026-01-31", "a machine", 61.5, quick=False)


# Turns and tables.


def test_candidates_take_turns():
    order: list[str] = []
    compare({name: partial(order.append, name) for name in "abc"}, rounds=3)
    assert "".join(order) == "abcabcabc"


def test_the_median_of_the_turns_counts():
    ticks = iter([0.0, 0.125, 10.0, 10.3125, 20.0, 20.25])
    assert compare({"it": lambda: None}, rounds=3, clock=lambda: next(ticks)) == {"it": 0.25}


def test_a_slow_candidate_is_run_once_and_the_others_go_on():
    order: list[str] = []
    now = [0.0]

    def run(name: str, seconds: float) -> None:
        order.append(name)
        now[0] += seconds

    candidates = {
        "slow": partial(run, "s", 2 * measure.PATIENCE_SECONDS),
        "fast": partial(run, "f", 0.1),
    }
    compare(candidates, rounds=4, clock=lambda: now[0])
    assert "".join(order) == "sffff"


def test_a_comparison_tells_how_many_times_ours_and_leaves_nothing_out():
    table = comparison(
        "Speed", {"a": {"ours": 0.002, "x": 0.005}, "b": {"ours": 0.004, "y": 0.002}}
    )
    assert table.columns == ["case", "ours, ms", "x, ms", "y, ms"]
    assert table.rows == [["a", "2", "5 (2.5x)", "-"], ["b", "4", "-", "2 (0.5x)"]]


@pytest.mark.parametrize(
    ("value", "told"), [(0, "0"), (0.012345, "0.0123"), (4.567, "4.57"), (1234.5, "1,230")]
)
def test_numbers_have_three_digits_and_no_exponents(value, told):
    assert significant(value) == told


# The report.


def test_the_report_names_missing_peers_with_the_reason(tmp_path):
    write_report({"engines": FINDING}, tmp_path)
    page = (tmp_path / REPORT).read_text()
    assert "**ducc0 is missing**: it is not installed; `pip install ducc0` gets it" in page
    assert "| small | 4.2 |" in page
    assert "- One thread." in page
    assert "a machine" in page


def test_the_report_says_which_targets_were_missed_and_by_how_much(tmp_path):
    write_report({"engines": FINDING}, tmp_path)
    page = (tmp_path / REPORT).read_text()
    assert "| wait | at most 20 ms | 19.9 | yes |" in page
    assert "| cost | at most 5 ms | 7.5 | **no**, 1.5 of the bound |" in page
    assert "| rate | at least 42 /s | 21 | **no**, 0.5 of the bound |" in page
    assert "| lost | at most 0 | 1 | **no** |" in page


def test_a_chart_across_numbers_shows_a_line_a_candidate_and_the_bounds(tmp_path):
    lines = {"ours": {"3": 0.5, "15": 1.2}, "bound: memory": {"3": 0.4, "15": 0.4}}
    chart = Chart("Beside the roofline", "nanoseconds", lines, across="side")
    write_report({"engines": replace(FINDING, section=replace(SECTION, charts=[chart]))}, tmp_path)
    drawn = (tmp_path / CHART).read_text()
    assert all(
        f">{word}<" in drawn for word in ("ours", "bound: memory", "15", "Beside the roofline")
    )


def test_an_aim_counts_the_worst_of_its_cases_beside_the_fastest_of_its_peers():
    def case(side, dtype=np.float32):
        return engine_cases.Case(
            f"{side}", "dense", np.ones((9, 9, 1), dtype), np.ones((side, side))
        )

    aim = Aim("x", 3.0, ["a", "b"], lambda case: case.samples.dtype == np.float32)
    measured = {
        case(3): {"ours": 1.0, "a": 9.0, "b": 4.0},
        case(5): {"ours": 2.0, "a": 4.0, "c": 1.0},
        case(7): {"ours": 1.0, "c": 1.0},
        case(9, np.float64): {"ours": 1.0, "a": 0.1},
    }
    target = aim.target(measured, "one thread")
    assert (target.measured, target.reached) == (2.0, False)
    assert "worst case: 5" in target.what
    assert aim.target({case(7): {"ours": 1.0}}, "one thread") is None


def test_the_roofline_is_of_memory_for_small_kernels_and_of_arithmetic_for_large_ones():
    bounds = roofline.Roofline(operations=100.0, bytes=10.0)
    assert bounds.sum_nanoseconds(9) == bounds.memory_nanoseconds == 0.8
    assert bounds.sum_nanoseconds(225) == 4.5


@pytest.mark.parametrize("quick", [True, False])
def test_a_quick_run_is_not_taken_for_a_measurement(tmp_path, quick):
    write_report({"engines": replace(FINDING, quick=quick)}, tmp_path)
    assert ("A quick run" in (tmp_path / REPORT).read_text()) == quick


def test_the_chart_shows_every_case_and_candidate_and_is_the_same_each_time(tmp_path):
    drawn = []
    for _ in range(2):
        write_report({"engines": FINDING}, tmp_path)
        drawn.append((tmp_path / CHART).read_text())
    assert all(f">{name}<" in drawn[0] for name in ("small", "large", "ours", "scipy", "Times"))
    assert drawn[0] == drawn[1]


def test_findings_are_kept_and_a_part_can_be_measured_anew_alone(tmp_path):
    write(FINDING, tmp_path / "engines.json")
    write(replace(FINDING, machine="another"), tmp_path / "service.json")
    found = read_all(tmp_path, ["service", "codecs", "engines"])
    assert list(found) == ["service", "engines"]
    assert json.dumps(found["engines"].section.charts[0].cases) == json.dumps(
        SECTION.charts[0].cases
    )
    assert found["service"].machine == "another"
    assert found["engines"].section.tables == SECTION.tables
    assert found["engines"].section.targets == SECTION.targets
    assert found["engines"].section.missing == SECTION.missing


# What the peers are asked.


@pytest.mark.parametrize("case", all_cases(), ids=str)
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_request_has_the_length_that_it_says(peer, case):
    start, _, body = peer.request(case, None).partition(b"\r\n\r\n")
    told = re.search(rb"Content-Length: (\d+)", start)
    assert len(body) == (int(told[1]) if told else 0)
    assert (case.file() in body) or case.file_name.encode() in start


def test_the_service_is_asked_for_the_flipped_kernel_as_it_convolves():
    taps = KERNELS["3x3"].values
    assert json.dumps(taps[::-1, ::-1].astype(int).tolist()).encode() in OURS.request(GRAY, None)
    assert not np.array_equal(taps, taps[::-1, ::-1])


def test_the_floor_computes_what_is_asked_and_an_unfiltered_answer_is_told_apart():
    assert GRAY.difference(bare(GRAY)()) < 0.01
    assert GRAY.difference(GRAY.file()) > 1
    small = cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes()
    with pytest.raises(ValueError, match="size asked for"):
        GRAY.difference(small)


def test_the_fastest_level_with_files_as_small_as_ours_is_chosen():
    settings = [Setting("1", 150, 1.0), Setting("2", 104, 2.0), Setting("3", 90, 3.0)]
    assert choose(settings, 100).level == "2"
    assert choose(settings, 50).level == "3"
