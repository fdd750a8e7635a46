"""Figures instead of numbers: signals with their results, kernels with their responses."""

from __future__ import annotations

from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import orjson
import pytest
from PIL import Image

from service.convolution.options import Mode
from service.errors import InvalidRequest
from service.formats.table import FORMATS, Subject
from service.kernels.catalogue import CATALOGUE, complete_by_name
from service.pipelines.kernels import show_kernel, show_named_kernel
from tests.pipelines.calling import LIMITS, call, convolve_a_signal, npy_of

FIGURES = [e.name for e in FORMATS.values() if Subject.SIGNAL in e.writes and e.draws]
NAMED = [name for name, entry in CATALOGUE.items() if complete_by_name(entry)]
LINE = np.random.default_rng(1).normal(size=40)
MATRIX = np.random.default_rng(2).normal(size=(14, 15))
GAPPY = np.where(np.arange(40) // 6 % 3 == 1, np.nan, LINE)
TAPS = [1, -2, 4, 0.5]
SMALL = [[1.0, 2, 0], [0, -1, 3]]
PANELS = {"Original signal", "Kernel = filter response", "Convolved signal"}


def texts(svg):
    return {
        "".join(each.itertext()).strip()
        for each in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")  # noqa: S314
    }


REQUESTS = {
    "a line": {"signal": LINE, "kernel": TAPS},
    "a line with several kernels": {"signal": LINE, "kernel": ["box", {"name": "hann", "size": 9}]},
    "a line with steps": {
        "signal": LINE,
        "steps": [
            TAPS,
            {"kernel": "hann", "mode": "full", "stride": 3},
            {"kernel": [1, 2], "dilation": 2},
        ],
    },
    "a line with gaps": {"signal": GAPPY, "kernel": [1, 2, 3], "nan": "ignore"},
    "nothing but gaps": {"signal": np.full(9, np.nan), "kernel": [1, 2, 3], "nan": "ignore"},
    "one sample": {"signal": np.array([3.0]), "kernel": [1]},
    "a long line": {"signal": np.sin(np.arange(50_000.0)), "kernel": TAPS},
    "a matrix": {"signal": MATRIX, "kernel": SMALL},
    "a matrix with a bank": {"signal": MATRIX, "kernel": "sobel"},
    "a matrix with kernels of different heights": {
        "signal": MATRIX,
        "steps": [SMALL, {"name": "box", "size": 5}, [[1, 2, 3]], "sobel"],
    },
    "a matrix with gaps": {"signal": GAPPY.reshape(5, 8), "kernel": [[1, 2]], "nan": "ignore"},
    "a batch": {"signal": MATRIX, "kernel": TAPS, "axis": -1},
    "a batch of columns": {"signal": MATRIX, "kernel": ["box", [1, 2]], "axis": 0, "stride": 2},
    "a batch with steps": {"signal": MATRIX, "steps": [TAPS, [1, 2], "hann"], "axis": 1},
    "the smallest numbers": {"signal": np.array([5e-324, 0, -5e-324]), "kernel": [1]},
    "large numbers": {"signal": np.array([9e299, 0, -9e299]), "kernel": [1]},
    "large numbers in a matrix": {"signal": np.array([[9e299, 0], [-9e299, 1]]), "kernel": [[1]]},
}


def figure(name, output):
    options = {key: value for key, value in REQUESTS[name].items() if key != "signal"}
    return convolve_a_signal(file=npy_of(REQUESTS[name]["signal"]), output=output, **options).body


def test_figures_are_of_the_kinds_that_these_tests_read():
    assert sorted(FIGURES) == ["png", "svg"]


@pytest.mark.parametrize("name", REQUESTS)
def test_every_convolution_of_a_signal_is_drawn(name):
    assert texts(figure(name, "svg")) >= PANELS


@pytest.mark.parametrize("name", ["a line", "a line with gaps", "a matrix", "a batch"])
def test_a_figure_is_a_picture_as_well(name):
    with Image.open(BytesIO(figure(name, "png"))) as picture:
        assert min(picture.size) > 300
        assert len(set(picture.convert("L").get_flattened_data())) > 10


def test_the_same_request_gives_the_same_figure_and_another_another():
    first, again, other = (
        convolve_a_signal(signal=LINE.tolist(), kernel=kernel, output="svg").body
        for kernel in (TAPS, TAPS, TAPS[::-1])
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([{"stride": 6}, {"stride": 1}], [{"stride": 2}, {"stride": 3}]),
        ([{}, {}], [{"mode": "full"}, {"mode": "valid"}]),
        ([{"stride": 2}, {}], [{"stride": 2, "mode": "full", "dilation": 2}, {"mode": "valid"}]),
    ],
    ids=["strides", "modes", "both"],
)
def test_the_result_of_steps_is_drawn_where_its_samples_lie(one, other):
    # Kernels that leave a signal as it is: what comes to lie elsewhere would be drawn elsewhere.
    first, second = (
        convolve_a_signal(
            signal=LINE.tolist(),
            steps=[{"kernel": [0, 1, 0], **step} for step in steps],
            output="svg",
        ).body
        for steps in (one, other)
    )
    assert first == second


@pytest.mark.parametrize("mode", Mode)
def test_the_answer_tells_its_plan_beside_the_figure(mode):
    answer = convolve_a_signal(signal=LINE.tolist(), kernel=TAPS, output="svg", mode=mode)
    assert "multiply-adds" in answer.facts["plan"]
    assert "encode" in answer.facts["milliseconds"]


@pytest.mark.parametrize("output", FIGURES)
@pytest.mark.parametrize(
    "request_",
    [
        {"signal": [1e308, -1e308], "kernel": [1]},
        {"signal": [[1e308, -1e308]], "kernel": [[1]]},
        {"signal": [0, 1e-9], "kernel": [1e308, -1e308]},
        {"signal": [1e200, 2], "kernel": [1e107, 1]},
    ],
    ids=["line", "matrix", "kernel", "result"],
)
def test_numbers_too_large_to_be_drawn_are_refused_and_given_as_numbers(output, request_):
    with pytest.raises(InvalidRequest, match="figures show numbers up to") as caught:
        convolve_a_signal(output=output, **request_)
    assert [fault.pointer for fault in caught.value.faults] == ["/format"]
    assert convolve_a_signal(output="npy", **request_).body


@pytest.mark.parametrize("name", NAMED)
def test_every_kernel_of_the_catalogue_is_drawn(name):
    taps = call(show_named_kernel, {}, name=name, dimensions=None, output="npy").array
    bank = call(show_named_kernel, {}, name=name, dimensions=None, output="json").json
    drawn = texts(call(show_named_kernel, {}, name=name, dimensions=None, output="svg").body)
    count = len(bank.get("kernels", [bank]))
    titles = [f"{name} ({number})" for number in range(1, count + 1)] if count > 1 else [name]
    for title in titles:
        assert any(text.startswith(f"{title}: ") for text in drawn)
    single = taps[0] if "kernels" in bank else taps
    assert ("Frequency response" in drawn) == (single.ndim == 1)


def draw_kernel(kernel, dimensions=None):
    parts = {"kernel": orjson.dumps(kernel)}
    return call(show_kernel, parts, LIMITS, dimensions=dimensions, output="svg").body


@pytest.mark.parametrize(
    "kernel",
    [
        [1],
        [0, 0],
        [[0]],
        ["box", "hann"],
        {"name": "hann", "size": 20_000},
        {"name": "box", "size": 300, "axes": "rows"},
        (np.arange(400 * 3).reshape(400, 3) % 11).tolist(),
    ],
    ids=["one", "zeros", "zero", "list", "long", "flat", "high"],
)
def test_kernels_of_any_size_are_drawn(kernel):
    assert len(texts(draw_kernel(kernel))) > 3


def test_taps_too_large_to_be_drawn_are_refused():
    for kernel in ([1e308, -1e308], [[1e308, -1e308]]):
        with pytest.raises(InvalidRequest) as caught:
            draw_kernel(kernel)
        assert [fault.pointer for fault in caught.value.faults] == ["/format"]
