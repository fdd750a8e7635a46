"""Plans: what would be done, told without doing it."""

from __future__ import annotations

import numpy as np
import orjson
import pytest

from service.errors import InvalidRequest, LimitExceeded, ServiceError
from service.kernels.catalogue import CATALOGUE, complete_by_name, entry_dimensions
from service.pipelines.plans import SampleType, plan_convolution
from service.pipelines.signals import JSON_BODY
from tests.pipelines.calling import LIMITS, call, convolve_a_picture, convolve_a_signal, npy_of

NAMED = [name for name, entry in CATALOGUE.items() if complete_by_name(entry)]
LINES = [name for name in NAMED if 1 in entry_dimensions(CATALOGUE[name])]
HD = [1080, 1920, 3]
SMALL = [[1.0, 2, 0], [0, -1, 3]]


def plan(limits=None, **request):
    bounds = LIMITS if limits is None else limits
    return call(plan_convolution, {JSON_BODY: orjson.dumps(request)}, bounds).json


def plan_line(document):
    """The plans as the header Convolution-Plan tells them."""
    lines = []
    for each in document["plan"]:
        rank = "1" if each["separable"] else "2+"
        tile = f"tile={'x'.join(map(str, each['tile']))}; " if each["tile"] else ""
        lines.append(
            f"{each['method']}; engine={each['engine']}; rank={rank}; "
            f"passes={each['passes']}; {tile}precision={each['precision']}; "
            f"multiply-adds={each['multiply_adds']:.3g}"
        )
    return ", ".join(lines)


def white(shape):
    """A picture of the largest level, of which no result lies between two levels by chance."""
    return np.full(shape, 255, np.uint8)


def pointers(error):
    return [fault.pointer for fault in error.value.faults]


@pytest.mark.parametrize("name", NAMED)
def test_every_kernel_is_planned_for_a_large_picture(name):
    document = plan(shape=HD, kernel=name)
    assert document["admitted"] is True
    assert document["refusals"] == []
    assert document["shape"] == HD
    assert len(document["plan"]) == len(document["kernels"]) >= 1
    assert document["multiply_adds"] == pytest.approx(
        sum(each["multiply_adds"] for each in document["plan"]), abs=len(document["plan"])
    )
    assert document["milliseconds"] > 0
    for each in document["plan"]:
        assert each["multiply_adds"] >= 1080 * 1920 * 3
        assert each["reason"]
    for each in document["kernels"]:
        assert each["separable"] == (each["rank"] <= 1)


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_plan_of_a_picture_is_the_one_that_its_convolution_answers(name, channels):
    shape = [40, 41] if channels == 1 else [40, 41, channels]
    document = plan(shape=shape, kernel=name)
    assert plan_line(document) == convolve_a_picture(white(shape), kernel=name).facts["plan"]


@pytest.mark.parametrize(
    ("name", "shape"), [(n, [50]) for n in LINES] + [(n, [12, 13]) for n in NAMED]
)
def test_the_plan_of_a_signal_is_the_one_that_its_convolution_answers(name, shape):
    signal = np.random.default_rng(1).normal(size=shape)
    document = plan(shape=shape, kernel=name, dtype="float64", boundary="wrap")
    answer = convolve_a_signal(file=npy_of(signal), kernel=name, boundary="wrap")
    told = answer.json["plan"]
    done = told if isinstance(told, list) else [told]
    planned = [{k: v for k, v in each.items() if k != "milliseconds"} for each in document["plan"]]
    assert planned == done
    assert document["shape"] == answer.json["shape"]


OPTIONS = {
    "full": {"kernel": SMALL, "mode": "full"},
    "valid": {"kernel": SMALL, "mode": "valid"},
    "forced": {"kernel": np.ones((9, 8)).tolist(), "method": "fft"},
    "whole taps beyond what a transform in float32 tells": {
        "kernel": (np.arange(63 * 64).reshape(63, 64) % 7).tolist(),
        "method": "fft",
    },
    "stride": {"kernel": SMALL, "stride": [3, 2], "mode": "full"},
    "dilation": {"kernel": SMALL, "dilation": [3, 2], "mode": "full"},
    "a large bias": {"kernel": {"name": "box", "bias": 1e9}},
    "several": {"kernel": ["box", {"name": "custom", "values": SMALL}], "combine": "sum"},
    "steps": {
        "steps": [SMALL, {"kernel": "sobel", "mode": "full"}, {"kernel": "box", "stride": 2}]
    },
    "one step": {"steps": ["gaussian"]},
}


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("shape", [[70, 71], [70, 71, 3], [70, 71, 2]], ids=str)
def test_every_option_is_planned_as_it_is_done(name, shape):
    options = OPTIONS[name]
    document = plan(shape=shape, **options)
    answer = convolve_a_picture(white(shape), **options)
    assert plan_line(document) == answer.facts["plan"]
    assert document["shape"] == list(answer.picture.shape)


def test_steps_are_planned_each_for_the_result_of_the_last():
    steps = [{"kernel": [1] * 11, "mode": "full"}, {"kernel": "hann", "stride": 4}, [1, 2]]
    document = plan(shape=[1000], dtype="float64", steps=steps)
    assert document["shape"] == [253]
    assert [len(document["plan"]), len(document["kernels"])] == [3, 3]
    assert document["kernels"][0] == {"shape": [11], "sum": 11, "rank": 1, "separable": True}


@pytest.mark.parametrize("dtype", SampleType)
@pytest.mark.parametrize("shape", [[300], [30, 31], [30, 31, 1], [30, 31, 4]], ids=str)
def test_every_type_of_numbers_is_planned(dtype, shape):
    document = plan(shape=shape, dtype=dtype, kernel="box")
    assert document["admitted"] is True
    precise = dtype is not SampleType.UINT8 or len(shape) == 1
    assert document["plan"][0]["precision"] == ("float64" if precise else "float32")


REFUSED = {
    "samples": {"shape": [4_000_001], "dtype": "float64"},
    "samples of a matrix": {"shape": [2_001, 2_000], "dtype": "float32"},
    "pixels": {"shape": [10_000, 10_000]},
    "a side": {"shape": [32_769, 2, 3]},
    "numbers of no memory": {"shape": [2**40, 2**40, 3]},
    "a number of 64 bits": {"shape": [2**63 - 1]},
    "work": {
        "shape": [5_000, 5_000, 3],
        "kernel": np.ones((100, 100)).tolist(),
        "method": "direct",
    },
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_over_a_limit_is_not_admitted_and_told_why(name):
    document = plan(**({"kernel": "box"} | REFUSED[name]))
    assert document["admitted"] is False
    (sentence,) = document["refusals"]
    assert "limit" in sentence
    assert (document["shape"] is None) == (name != "work")


def test_the_work_of_all_steps_is_held_against_the_limit():
    step = {"kernel": np.ones((80, 80)).tolist(), "method": "direct"}
    one = plan(shape=[4_000, 4_000], steps=[step])
    assert one["admitted"] is True
    assert plan(shape=[4_000, 4_000], steps=[step, step])["admitted"] is False


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        ({"kernel": "box"}, ["/shape"]),
        ({"shape": [9]}, ["/kernel"]),
        ({"shape": [9], "kernel": [1], "steps": [[1]]}, ["/steps"]),
        ({"shape": [], "kernel": [1]}, ["/shape"]),
        ({"shape": [1, 2, 3, 4], "kernel": [1]}, ["/shape"]),
        ({"shape": [0], "kernel": [1]}, ["/shape"]),
        ({"shape": [3, -1], "kernel": [1]}, ["/shape"]),
        ({"shape": [3, 3, 5], "kernel": [1]}, ["/shape/2"]),
        ({"shape": [3, 2.5], "kernel": [1]}, ["/shape/1"]),
        ({"shape": [3, "2"], "kernel": [1]}, ["/shape/1"]),
        ({"shape": [3, True], "kernel": [1]}, ["/shape/1"]),
        ({"shape": [3, None], "kernel": [1]}, ["/shape/1"]),
        ({"shape": [3, [2]], "kernel": [1]}, ["/shape/1"]),
        ({"shape": 9, "kernel": [1]}, ["/shape"]),
        ({"shape": "9", "kernel": [1]}, ["/shape"]),
        ({"shape": {"0": 9}, "kernel": [1]}, ["/shape"]),
        ({"shape": None, "kernel": [1]}, ["/shape"]),
        ({"shape": [9], "kernel": [1], "dtype": "complex64"}, ["/dtype"]),
        ({"shape": [9], "kernel": [1], "dtype": 8}, ["/dtype"]),
        ({"shape": [9], "kernel": [1], "dtype": ["uint8"]}, ["/dtype"]),
        ({"shape": [9], "kernel": [[1]]}, ["/kernel"]),
        ({"shape": [3, 3], "kernel": "boks"}, ["/kernel"]),
        ({"shape": [3], "kernel": [1, 2, 3, 4], "mode": "valid"}, ["/mode"]),
        (
            {"shape": [3], "steps": [[1], {"kernel": [1, 2, 3, 4], "mode": "valid"}]},
            ["/steps/1/mode"],
        ),
        ({"shape": [9], "kernel": [1, 2], "stride": [1, 2]}, ["/stride"]),
        ({"shape": [9], "kernel": [1], "signal": [1]}, ["/signal"]),
        ({"shape": [3, 3], "kernel": SMALL, "method": "separable"}, ["/method"]),
    ],
)
def test_a_fault_is_told_with_its_place(request_, wanted):
    with pytest.raises(ServiceError) as caught:
        plan(**request_)
    assert pointers(caught) == wanted


def test_a_kernel_over_its_limit_is_refused_as_where_it_would_be_used():
    with pytest.raises(LimitExceeded) as caught:
        plan(shape=[40, 40], kernel={"name": "box", "size": 1_025})
    assert pointers(caught) == ["/kernel/size"]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"7", b'"box"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(body):
    with pytest.raises(InvalidRequest):
        call(plan_convolution, {JSON_BODY: body})
