"""Chains: what several steps give is what several requests would, with nothing lost between."""

from __future__ import annotations

import numpy as np
import orjson
import pytest

from service.errors import LimitExceeded
from service.formats.table import FORMATS, Subject
from service.pipelines.requests import MOST_STEPS
from tests.pipelines.calling import convolve_a_picture, convolve_a_signal, npy_of
from tests.pipelines.expectation import dilated, expected, levels

LINE = np.random.default_rng(1).normal(size=23)
MATRIX = np.random.default_rng(2).normal(size=(11, 13))
SMALL = np.array([[1.0, 2, 0], [0, -1, 3]])
TALL = np.array([[1.0], [-2], [0.5], [4]])
SQUARE = np.array([[0.5, 1, -2], [0, 3, 1], [1, 0, 0.25]])

# Each is a chain of options of single requests.
CHAINS = {
    "two kernels": [{"kernel": SMALL.tolist()}, {"kernel": TALL.tolist()}],
    "every option": [
        {"kernel": SMALL.tolist(), "mode": "full", "boundary": "wrap", "operation": "correlate"},
        {"kernel": SQUARE.tolist(), "mode": "valid", "normalize": "l1", "method": "fft"},
        {"kernel": TALL.tolist(), "boundary": "constant", "fill_value": 7.5},
        {"kernel": SMALL.tolist(), "stride": [2, 1], "dilation": [1, 2], "boundary": "reflect"},
    ],
    "catalogue": [{"kernel": "gaussian"}, {"kernel": "sobel"}, {"kernel": {"name": "box"}}],
    "combinations": [
        {"kernel": [SMALL.tolist(), {"name": "box", "size": 4}, "scharr"], "combine": "magnitude"},
        {"kernel": ["emboss", TALL.tolist()], "combine": "max"},
    ],
    "one kernel": [{"kernel": SMALL.tolist()}],
    "as many as there may be": [{"kernel": [[0.5, 1.0], [0.0, -0.25]]}] * MOST_STEPS,
}


@pytest.mark.parametrize("name", CHAINS)
def test_steps_on_a_signal_are_one_request_after_the_other(name):
    chain = CHAINS[name]
    result = MATRIX
    for options in chain:
        result = convolve_a_signal(file=npy_of(result), output="npy", **options).array
    answer = convolve_a_signal(file=npy_of(MATRIX), output="npy", steps=chain)
    np.testing.assert_array_equal(answer.array, result)


@pytest.mark.parametrize("name", CHAINS)
def test_steps_on_a_picture_are_not_rounded_in_between(draw, name):
    picture, chain = draw(11, 13), CHAINS[name]
    result = picture.astype(np.float64)
    for options in chain:
        boundary = {"boundary": "symmetric"} | options
        result = convolve_a_signal(file=npy_of(result), output="npy", **boundary).array
    answer = convolve_a_picture(picture, output="npy", steps=chain)
    scale = np.abs(result).max()
    np.testing.assert_allclose(answer.array, result, rtol=0, atol=1e-13 * scale)
    shown = convolve_a_picture(picture, steps=chain, scaling="clip").picture
    undecided = np.abs(result % 1 - 0.5) < 1e-9
    np.testing.assert_array_equal(shown[~undecided], levels(result)[~undecided])


def test_steps_give_what_scipy_gives_kernel_by_kernel():
    answer = convolve_a_signal(
        signal=LINE.tolist(),
        mode="full",
        steps=[[1, 2, -4], {"kernel": [3, 0, 0, 1], "mode": "same"}, {"kernel": [1, -0.5]}],
    )
    wanted = np.convolve(LINE, [1, 2, -4])
    wanted = np.convolve(wanted, [3, 0, 0, 1])[1 : 1 + len(wanted)]
    wanted = np.convolve(wanted, [1, -0.5])
    np.testing.assert_allclose(answer.json["result"], wanted, atol=1e-12)
    assert answer.json["shape"] == [len(LINE) + 2 + 1]
    assert len(answer.json["plan"]) == 3


# What a request says for all of its steps, and a step that says otherwise.
INHERITED = {
    "mode": ("full", "valid"),
    "boundary": ("wrap", "edge"),
    "fill_value": (5.0, -3.0),
    "operation": ("correlate", "convolve"),
    "normalize": ("l1", "peak"),
    "method": ("direct", "fft"),
    "stride": (2, [1, 3]),
    "dilation": (2, [3, 1]),
    "combine": ("sum", "max"),
}


@pytest.mark.parametrize("option", INHERITED)
def test_a_step_takes_from_the_request_what_it_does_not_say_itself(option):
    common, own = INHERITED[option]
    kernel = [SMALL.tolist(), "identity"] if option == "combine" else SMALL.tolist()
    spelt = [{"kernel": kernel, option: common}, {"kernel": kernel, option: own}]
    short = [{"kernel": kernel}, {"kernel": kernel, option: own}]
    wanted = convolve_a_signal(file=npy_of(MATRIX), output="npy", steps=spelt)
    answer = convolve_a_signal(file=npy_of(MATRIX), output="npy", steps=short, **{option: common})
    np.testing.assert_array_equal(answer.array, wanted.array)
    if option != "method":
        other = convolve_a_signal(file=npy_of(MATRIX), output="npy", steps=short)
        assert other.body != answer.body


BARE = [
    "laplacian",
    {"name": "gaussian", "sigma": 0.8},
    SMALL.tolist(),
    [SMALL.tolist(), "box", {"name": "hann", "size": 5}],
]


@pytest.mark.parametrize("kernel", BARE, ids=["name", "object", "taps", "list"])
def test_a_kernel_alone_is_a_step(kernel):
    several = isinstance(kernel, list) and "box" in kernel
    options = {"boundary": "wrap"} | ({"combine": "mean"} if several else {})
    whole = convolve_a_signal(signal=MATRIX.tolist(), kernel=kernel, **options)
    answer = convolve_a_signal(signal=MATRIX.tolist(), steps=[kernel], **options)
    assert answer.body == whole.body


def test_magnitude_and_bias_of_a_step_come_before_the_next_one(draw):
    picture = draw(9, 10)
    answer = convolve_a_picture(
        picture,
        steps=[
            {"kernel": SMALL.tolist(), "absolute": True, "bias": -40.25},
            {"kernel": SQUARE.tolist(), "bias": 3},
        ],
        absolute=True,
        bias=1.5,
        output="npy",
    )
    first = np.abs(expected(picture, SMALL)) - 40.25
    wanted = np.abs(expected(first, SQUARE) + 3) + 1.5
    np.testing.assert_allclose(answer.array, wanted, rtol=0, atol=1e-10)


def test_each_channel_goes_through_all_steps_on_its_own(draw):
    picture = draw(8, 9, 3)
    answer = convolve_a_picture(picture, steps=[SMALL.tolist(), SQUARE.tolist()], output="npy")
    wanted = expected(expected(picture, SMALL), SQUARE)
    np.testing.assert_allclose(answer.array, wanted, rtol=0, atol=1e-10)


def test_alpha_grows_with_every_full_step(draw):
    picture = draw(5, 6, 4)
    steps = [{"kernel": SMALL.tolist()}, {"kernel": SQUARE.tolist(), "dilation": 2}]
    answer = convolve_a_picture(picture, steps=steps, mode="full", boundary="constant")
    wide = dilated(SQUARE, 2)
    color = picture[:, :, :3].astype(float)
    for kernel in (SMALL, wide):
        color = expected(color, kernel, "full", "constant")
    np.testing.assert_array_equal(answer.picture[:, :, :3], levels(color))
    rows, columns = (SMALL.shape[axis] + wide.shape[axis] - 2 for axis in (0, 1))
    assert answer.picture.shape[:2] == (5 + rows, 6 + columns)
    # The origin is tap (k - 1) // 2: as much grows before as there are taps before it.
    top, left = ((SMALL.shape[a] - 1) // 2 + (wide.shape[a] - 1) // 2 for a in (0, 1))
    opacity = np.full(answer.picture.shape[:2], 255)
    opacity[top : top + 5, left : left + 6] = picture[:, :, 3]
    np.testing.assert_array_equal(answer.picture[:, :, 3], opacity)


def test_the_kernels_included_are_a_list_with_one_entry_a_step(draw):
    steps = [[[1, 3]], "sobel"]
    options = {"steps": steps, "normalize": "l1", "include": ["kernel"]}
    for answer in (
        convolve_a_signal(signal=MATRIX.tolist(), **options),
        convolve_a_picture(draw(4, 5), output="json", **options),
    ):
        first, second = answer.json["kernel"]
        assert first["kernels"][0]["values"] == [[0.25, 0.75]]
        assert (second["combine"], len(second["kernels"])) == ("magnitude", 2)
    alone = convolve_a_signal(signal=MATRIX.tolist(), **(options | {"steps": steps[:1]}))
    assert alone.json["kernel"]["kernels"][0]["values"] == [[0.25, 0.75]]


@pytest.mark.parametrize("in_spec", [False, True], ids=["fields", "spec"])
def test_steps_come_as_a_form_field_and_in_the_whole_specification(draw, in_spec):
    options = {"steps": [SMALL.tolist(), {"kernel": "box", "mode": "valid"}], "boundary": "edge"}
    given = {"spec": orjson.dumps(options).decode()} if in_spec else options
    picture = draw(8, 9)
    wanted = convolve_a_picture(picture, kernel=SMALL.tolist(), boundary="edge", output="npy")
    wanted = expected(wanted.array, np.full((3, 3), 1 / 9), "valid")
    answer = convolve_a_picture(picture, output="npy", **given)
    np.testing.assert_allclose(answer.array, wanted, atol=1e-11)


@pytest.mark.parametrize("output", [e.name for e in FORMATS.values() if Subject.SIGNAL in e.writes])
def test_every_output_of_signals_takes_steps(output):
    steps = ["box", SMALL.tolist(), {"kernel": "sobel", "stride": 2}]
    assert convolve_a_signal(signal=MATRIX.tolist(), steps=steps, output=output).body


@pytest.mark.parametrize("kind", ["signal", "picture"])
def test_the_limit_on_work_is_one_for_all_steps(draw, kind):
    def run(count, most):
        options = {"steps": [SMALL.tolist()] * count, "limits": {"max_multiply_adds": most}}
        if kind == "signal":
            return convolve_a_signal(signal=MATRIX.tolist(), **options)
        return convolve_a_picture(draw(30, 31), output="json", **options)

    plan = run(3, 1e9).json["plan"]
    work = sum(each["multiply_adds"] for each in plan)
    assert run(3, work).body
    with pytest.raises(LimitExceeded) as caught:
        run(4, work)
    # What is told are all the work so far and the limit itself, not what is left of it.
    assert f"the limit is {work:.2g}" in caught.value.detail
    assert f"{work + plan[0]['multiply_adds']:.2g} multiply-adds" in caught.value.detail
