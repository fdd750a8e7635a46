"""Several kernels in one request, and kernels turned, mirrored, scaled and biased."""

from __future__ import annotations

import numpy as np
import orjson
import pytest

from service.errors import InvalidRequest, LimitExceeded, ServiceError
from service.kernels.kernel import Combine
from tests.pipelines.calling import convolve_a_picture, convolve_a_signal
from tests.pipelines.expectation import expected, levels

FIRST = np.array([[1.0, 2, 0], [0, -1, 3]])
SECOND = np.array([[0.5, -4], [1, 2], [0, 0.25], [3, 1], [-1, 0]])
THIRD = np.array([[2.0, -1, 4, 0.5]])
# Objects, because arrays alone would be the rows of one array of taps.
KERNELS = [{"name": "custom", "values": each.tolist()} for each in (FIRST, SECOND, THIRD)]
RAMP = np.add.outer(np.arange(9) * 5, np.arange(10) * 2).astype(np.uint8)

BY_HAND = {
    Combine.MAGNITUDE: lambda results: np.sqrt(np.sum(np.square(results), axis=0)),
    Combine.MAX: lambda results: np.max(results, axis=0),
    Combine.SUM: lambda results: np.sum(results, axis=0),
    Combine.MEAN: lambda results: np.mean(results, axis=0),
}


def pointers(error):
    return [fault.pointer for fault in error.value.faults]


@pytest.mark.parametrize("how", Combine)
@pytest.mark.parametrize("boundary", ["symmetric", "constant"])
def test_kernels_of_mixed_sizes_lie_on_one_another_by_their_origins(draw, how, boundary):
    picture = draw(9, 10)
    options = {"combine": how, "boundary": boundary, "fill_value": 30}
    answer = convolve_a_picture(picture, kernel=KERNELS, output="npy", **options)
    results = [
        expected(picture, each, boundary=boundary, fill_value=30) for each in (FIRST, SECOND, THIRD)
    ]
    np.testing.assert_allclose(answer.array, BY_HAND[how](results), rtol=0, atol=1e-10)


@pytest.mark.parametrize("mode", ["full", "valid"])
def test_the_largest_sides_say_how_large_the_result_is(draw, mode):
    picture = draw(9, 10)
    answer = convolve_a_picture(
        picture, kernel=KERNELS, combine="sum", mode=mode, boundary="wrap", output="npy"
    )
    frame = np.zeros((5, 4))
    for kernel in (FIRST, SECOND, THIRD):
        start = [
            (outer - 1) // 2 - (k - 1) // 2 for outer, k in zip((5, 4), kernel.shape, strict=True)
        ]
        frame[start[0] :, start[1] :][: kernel.shape[0], : kernel.shape[1]] += kernel
    wanted = expected(picture, frame, mode, "wrap")
    np.testing.assert_allclose(answer.array, wanted, rtol=0, atol=1e-10)


@pytest.mark.parametrize("how", Combine)
def test_kernels_of_signals_are_combined_as_well(how):
    signal = np.random.default_rng(4).normal(size=19)
    kernels = [np.array([1.0, -2, 3]), np.array([0.5, 0.25, 4, 1, -1]), np.array([-2.0, 1])]
    answer = convolve_a_signal(
        signal=signal.tolist(),
        kernel=[{"name": "custom", "values": each.tolist()} for each in kernels],
        combine=how,
    )
    results = [expected(signal, each, boundary="constant") for each in kernels]
    np.testing.assert_allclose(answer.json["result"], BY_HAND[how](results), atol=1e-12)
    assert len(answer.json["plan"]) == 3


def test_the_default_is_the_magnitude_and_a_combination_says_for_itself(draw):
    picture = draw(9, 10)

    def result(kernel, **options):
        return convolve_a_picture(picture, kernel=kernel, output="npy", **options).array

    named = {"name": "combination", "kernels": KERNELS}
    np.testing.assert_array_equal(result(KERNELS), result(KERNELS, combine="magnitude"))
    np.testing.assert_array_equal(result(named, combine="max"), result(KERNELS, combine="max"))
    own = result({**named, "combine": "mean"}, combine="max")
    np.testing.assert_array_equal(own, result(KERNELS, combine="mean"))


def test_a_list_of_one_kernel_is_that_kernel(draw):
    picture = draw(6, 7)
    for how in Combine:
        answer = convolve_a_picture(picture, kernel=KERNELS[:1], combine=how, output="npy")
        np.testing.assert_allclose(answer.array, expected(picture, FIRST), atol=1e-10)


def test_names_objects_and_taps_stand_in_one_list(draw):
    picture = draw(8, 9)
    kernels = ["box", {"name": "sobel", "direction": "x"}, FIRST.tolist()]
    answer = convolve_a_picture(picture, kernel=kernels, combine="sum", output="npy")
    wanted = (
        expected(picture, np.full((3, 3), 1 / 9))
        + expected(picture, np.outer([1.0, 2, 1], [1.0, 0, -1]))
        + expected(picture, FIRST)
    )
    np.testing.assert_allclose(answer.array, wanted, rtol=0, atol=1e-10)


@pytest.mark.parametrize("in_spec", [False, True], ids=["field", "spec"])
def test_a_list_comes_as_a_form_field_and_in_the_whole_specification(draw, in_spec):
    picture = draw(8, 9)
    options = {"kernel": KERNELS, "combine": "max", "boundary": "reflect"}
    given = {"spec": orjson.dumps(options).decode()} if in_spec else options
    answer = convolve_a_picture(picture, **given)
    results = [expected(picture, each, boundary="reflect") for each in (FIRST, SECOND, THIRD)]
    np.testing.assert_array_equal(answer.picture, levels(np.max(results, axis=0)))


FAULTS = [
    ({"kernel": ["box", {"name": "gaussian", "sigma": -1}]}, ["/kernel/1/sigma"]),
    ({"kernel": ["box", "bocks"]}, ["/kernel/1"]),
    ({"kernel": ["box", [[1, 2], [3]]]}, ["/kernel/1/1"]),
    ({"kernel": ["box", [[1, "2"]]]}, ["/kernel/1/0/1"]),
    ({"kernel": ["box", {"name": "combination", "kernels": ["box"]}]}, ["/kernel/1"]),
    ({"kernel": {"name": "combination", "kernels": ["box", 3]}}, ["/kernel/kernels/1"]),
    ({"kernel": {"name": "combination", "kernels": []}}, ["/kernel/kernels"]),
    ({"kernel": ["box", {"name": "box", "normalize": "all"}]}, ["/kernel/1/normalize"]),
    ({"kernel": ["box", "laplacian"], "normalize": "sum"}, ["/normalize"]),
    ({"kernel": ["box"], "combine": "median"}, ["/combine"]),
    ({"kernel": ["box"], "combine": ["max"]}, ["/combine"]),
    ({"kernel": ["box", "sobel"], "combine": "max"}, ["/kernel/1"]),
    ({"kernel": ["box"] * 65}, ["/kernel"]),
    ({"kernel": "box", "combine": "max"}, ["/combine"]),
    ({"kernel": "sobel", "combine": "max"}, ["/combine"]),
    ({"steps": ["box", [[1, 2]]], "combine": "max"}, ["/combine"]),
    ({"steps": ["box", {"kernel": "sobel", "combine": "max"}]}, ["/steps/1/combine"]),
    ({"steps": [["box"], {"kernel": "box", "combine": "sum"}]}, ["/steps/1/combine"]),
]


@pytest.mark.parametrize(("options", "wanted"), FAULTS)
def test_a_fault_in_a_list_is_told_with_its_place(draw, options, wanted):
    with pytest.raises(ServiceError) as caught:
        convolve_a_picture(draw(3, 3), **options)
    assert pointers(caught) == wanted


def test_a_kernel_over_its_limit_is_told_by_its_place_in_the_list(draw):
    with pytest.raises(LimitExceeded) as caught:
        convolve_a_picture(
            draw(9, 9), kernel=["box", {"name": "box", "size": 9}], limits={"max_kernel_side": 8}
        )
    assert pointers(caught) == ["/kernel/1/size"]


# What becomes of the taps, by numpy alone.
TURNS = {
    "rotate 90": ({"rotate": 90}, np.rot90),
    "rotate -90": ({"rotate": -90}, lambda taps: np.rot90(taps, -1)),
    "rotate 180": ({"rotate": 180}, lambda taps: np.rot90(taps, 2)),
    "flip horizontal": ({"flip": "horizontal"}, np.fliplr),
    "flip vertical": ({"flip": "vertical"}, np.flipud),
    "rotate, then flip": (
        {"rotate": 90, "flip": "vertical"},
        lambda taps: np.flipud(np.rot90(taps)),
    ),
    "scale": ({"scale": -2.5}, lambda taps: -2.5 * taps),
    "normalize, then scale": (
        {"scale": 3, "normalize": "l1"},
        lambda taps: 3 * taps / np.abs(taps).sum(),
    ),
}


@pytest.mark.parametrize("name", TURNS)
def test_kernels_are_turned_mirrored_and_scaled(name):
    more, by_numpy = TURNS[name]
    kernel = {"name": "custom", "values": SECOND.tolist(), **more}
    answer = convolve_a_picture(RAMP, kernel=kernel, output="npy")
    np.testing.assert_allclose(answer.array, expected(RAMP, by_numpy(SECOND)), atol=1e-10)


# Anticlockwise from the left is downwards.
@pytest.mark.parametrize(
    ("rotate", "place"), [(45, (1, -1)), (-45, (-1, -1)), (135, (1, 1)), (-135, (-1, 1))]
)
def test_a_ring_of_eight_turns_by_half_quarters(rotate, place):
    # Correlation: the one tap, left of the middle, takes the pixel where it comes to lie.
    kernel = {"name": "custom", "values": [[0, 0, 0], [1, 0, 0], [0, 0, 0]], "rotate": rotate}
    down, right = place
    answer = convolve_a_picture(RAMP, kernel=kernel, operation="correlate", mode="valid")
    rows, columns = RAMP.shape
    wanted = RAMP[1 + down : rows - 1 + down, 1 + right : columns - 1 + right]
    np.testing.assert_array_equal(answer.picture, wanted)


def test_the_bias_of_a_kernel_is_added_before_the_magnitude_and_the_requests_after(draw):
    picture = draw(7, 8)
    kernel = {"name": "custom", "values": FIRST.tolist(), "bias": -30.5}
    answer = convolve_a_picture(picture, kernel=kernel, absolute=True, bias=2, output="npy")
    wanted = np.abs(expected(picture, FIRST) - 30.5) + 2
    np.testing.assert_allclose(answer.array, wanted, rtol=0, atol=1e-10)


@pytest.mark.parametrize("how", Combine)
def test_biases_in_a_list_come_before_combining_and_that_of_the_whole_after(draw, how):
    picture = draw(7, 8)
    kernels = [{**KERNELS[0], "bias": 12.5}, {**KERNELS[1], "bias": -3}]
    whole = {"name": "combination", "kernels": kernels, "combine": how, "bias": -100}
    answer = convolve_a_picture(picture, kernel=whole, output="npy")
    results = [expected(picture, FIRST) + 12.5, expected(picture, SECOND) - 3]
    np.testing.assert_allclose(answer.array, BY_HAND[how](results) - 100, rtol=0, atol=1e-10)


def test_the_bias_of_a_gradient_is_added_to_its_magnitude(draw):
    picture = draw(7, 8)
    plain = convolve_a_picture(picture, kernel="sobel", output="npy").array
    answer = convolve_a_picture(picture, kernel={"name": "sobel", "bias": 9.5}, output="npy")
    np.testing.assert_array_equal(answer.array, plain + 9.5)


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"rotate": 30}, "/kernel/rotate"),
        ({"rotate": 45}, "/kernel/rotate"),
        ({"rotate": 90.5}, "/kernel/rotate"),
        ({"rotate": 10**9}, "/kernel/rotate"),
        ({"flip": "diagonal"}, "/kernel/flip"),
        ({"scale": 0}, "/kernel/scale"),
        ({"scale": "2"}, "/kernel/scale"),
        ({"bias": 1e13}, "/kernel/bias"),
        ({"bias": True}, "/kernel/bias"),
    ],
)
def test_what_is_no_turn_scale_or_bias_is_refused(draw, more, wanted):
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_picture(draw(5, 5), kernel={"name": "custom", "values": SECOND.tolist(), **more})
    assert pointers(caught) == [wanted]


def test_many_large_kernels_that_cancel_still_give_true_levels(draw):
    picture, random = draw(150, 151), np.random.default_rng(6)
    taps = [random.normal(size=(7, 6)) for _ in range(24)]
    taps = [each * 2 / np.abs(each).sum() for each in taps]
    taps += [-np.flipud(each) for each in taps]
    kernels = [{"name": "custom", "values": each.tolist()} for each in taps]
    answer = convolve_a_picture(picture, kernel=kernels, combine="sum", bias=128)
    wanted = levels(expected(picture, np.sum(taps, axis=0)) + 128)
    distance = np.abs(answer.picture.astype(int) - wanted)
    assert distance.max() <= 1
    assert np.count_nonzero(distance) <= picture.size / 10_000
