"""What is wrong in one of several steps is told at that step."""

from __future__ import annotations

import numpy as np
import pytest

from service.errors import InvalidRequest, LimitExceeded, ServiceError
from service.pipelines.requests import MOST_STEPS
from tests.pipelines.calling import convolve_a_picture, convolve_a_signal

MATRIX = np.random.default_rng(2).normal(size=(11, 13))
SMALL = np.array([[1.0, 2, 0], [0, -1, 3]])


def pointers(error):
    return [fault.pointer for fault in error.value.faults]


FAULTS = {
    "in a kernel": ([{"kernel": {"name": "gaussian", "sigma": -1}}], ["/steps/0/kernel/sigma"]),
    "in a kernel alone": (["box", {"name": "gaussian", "sigma": -1}], ["/steps/1/sigma"]),
    "in taps": (["box", {"kernel": [[1, 2], [3]]}], ["/steps/1/kernel/1"]),
    "in taps alone": (["box", [[1, 2], [3]]], ["/steps/1/1"]),
    "in a kernel of a list": (
        [{"kernel": ["box", {"name": "box", "size": 0}]}],
        ["/steps/0/kernel/1/size"],
    ),
    "in a kernel of a list alone": (
        ["box", ["box", {"name": "box", "size": 0}]],
        ["/steps/1/1/size"],
    ),
    "in an unknown name": (["box", {"kernel": "bocks"}], ["/steps/1/kernel"]),
    "in an unknown name alone": (["box", "bocks"], ["/steps/1"]),
    "in its own rule": ([{"kernel": [[1, -1]], "normalize": "sum"}], ["/steps/0/normalize"]),
    "in the kernel's rule": (
        ["box", {"kernel": {"name": "laplacian", "normalize": "sum"}}],
        ["/steps/1/kernel/normalize"],
    ),
    "in its mode": (
        ["box", "box", {"kernel": np.ones((12, 2)).tolist(), "mode": "valid"}],
        ["/steps/2/mode"],
    ),
    "in its method": ([{"kernel": SMALL.tolist(), "method": "separable"}], ["/steps/0/method"]),
    "in its options": (
        [{"kernel": "box", "mode": "some", "stride": 0, "bias": "much"}],
        ["/steps/0/mode", "/steps/0/stride", "/steps/0/bias"],
    ),
    "in an unknown option": (["box", {"kernel": "box", "scaling": "clip"}], ["/steps/1/scaling"]),
    "without a kernel": (["box", {"mode": "full"}], ["/steps/1/kernel"]),
    "in an empty step": ([{}], ["/steps/0/kernel"]),
    "in no step": ([None], ["/steps/0"]),
    "in a number": (["box", 7], ["/steps/1"]),
    "with no steps": ([], ["/steps"]),
    "with too many": (["box"] * (MOST_STEPS + 1), ["/steps"]),
    "with a name": ("box", ["/steps"]),
    "with an object": ({"kernel": "box"}, ["/steps"]),
    "with null": (None, ["/steps"]),
    "with steps in steps": ([{"steps": ["box"]}], ["/steps/0/kernel", "/steps/0/steps"]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_a_step_is_told_where_it_stands(draw, name):
    steps, wanted = FAULTS[name]
    with pytest.raises(ServiceError) as caught:
        convolve_a_signal(signal=MATRIX.tolist(), steps=steps)
    assert pointers(caught) == wanted
    with pytest.raises(ServiceError) as caught:
        convolve_a_picture(draw(11, 13), steps=steps)
    assert pointers(caught) == wanted


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"normalize": "sum", "steps": ["box", [[1, -1]]]}, ["/normalize"]),
        ({"mode": "valid", "steps": ["box", np.ones((12, 2)).tolist()]}, ["/mode"]),
        ({"method": "separable", "steps": ["box", SMALL.tolist()]}, ["/method"]),
        ({"mode": "some", "steps": ["box"]}, ["/mode"]),
    ],
)
def test_a_fault_of_what_is_said_for_all_steps_is_told_there(options, wanted):
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_signal(signal=MATRIX.tolist(), **options)
    assert pointers(caught) == wanted


def test_a_pair_of_distances_is_none_for_a_signal_and_told_at_its_step():
    for option in ("stride", "dilation"):
        with pytest.raises(InvalidRequest) as caught:
            convolve_a_signal(signal=[1, 2, 3], steps=[[1], {"kernel": [1, 2], option: [1, 2]}])
        assert pointers(caught) == [f"/steps/1/{option}"]


def test_a_kernel_and_steps_exclude_each_other():
    with pytest.raises(InvalidRequest, match="can't stand beside kernel") as caught:
        convolve_a_signal(signal=[1, 2, 3], kernel=[1], steps=[[1]])
    assert pointers(caught) == ["/steps"]


def test_without_a_kernel_and_steps_the_kernel_is_missing():
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_signal(signal=[1, 2, 3])
    assert pointers(caught) == ["/kernel"]


def test_a_limit_of_a_kernel_is_told_at_its_step():
    large = {"name": "box", "size": 9}
    for step, wanted in (
        (large, "/steps/1/size"),
        ({"kernel": large}, "/steps/1/kernel/size"),
        ({"kernel": "box", "dilation": 4}, "/steps/1/dilation"),
    ):
        with pytest.raises(LimitExceeded) as caught:
            convolve_a_signal(
                signal=MATRIX.tolist(), steps=["box", step], limits={"max_kernel_side": 8}
            )
        assert pointers(caught) == [wanted]
