"""The whole way of a picture, from file to file, gives what scipy gives."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import scipy.signal

from service.convolution.options import Boundary, Method, Mode, Operation
from service.errors import InvalidRequest
from service.kernels.catalogue import CATALOGUE
from service.kernels.edges import COMPASS
from tests.pipelines.calling import convolve_a_picture
from tests.pipelines.expectation import expected, levels

ODD = np.array([[1.0, 2, -1], [0, 3, 1], [-2, 1, -1]]) / 4
EVEN = np.array([[1.0, -2, 3, 1], [2, 0, 1, -3]]) / 8
SHAPES = [(7, 9), (6, 8), (3, 2)]
EVERY_WAY = list(product(Mode, Boundary, Operation))

SMOOTHING = [n for n, entry in CATALOGUE.items() if entry.family in ("smoothing", "window")]
# Some entries exist for few sizes, for odd ones or for even ones alone.
LARGE_SIZE = dict.fromkeys(SMOOTHING, 101) | {"kaiser_bessel_derived": 100, "smooth": 5}
SMALL_SIZE = dict.fromkeys(SMOOTHING, 8) | {"smooth": 3, "frame": 9}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kernel", [ODD, EVEN], ids=["odd", "even"])
@pytest.mark.parametrize(("mode", "boundary", "operation"), EVERY_WAY)
def test_every_mode_boundary_and_operation_gives_scipys_levels(
    draw, shape, kernel, mode, boundary, operation
):
    picture = draw(*shape)
    options = {"mode": mode, "boundary": boundary, "operation": operation, "fill_value": 17.0}
    if mode is Mode.VALID and np.any(np.less(shape, kernel.shape)):
        with pytest.raises(InvalidRequest):
            convolve_a_picture(picture, kernel=kernel.tolist(), **options)
        return
    answer = convolve_a_picture(picture, kernel=kernel.tolist(), **options)
    np.testing.assert_array_equal(answer.picture, levels(expected(picture, kernel, **options)))


@pytest.mark.parametrize("boundary", Boundary)
def test_a_kernel_much_larger_than_the_picture_wraps_round_it_as_numpy_pad_does(draw, boundary):
    picture, kernel = draw(4, 3), np.random.default_rng(1).normal(size=(17, 14)) / 30
    answer = convolve_a_picture(
        picture, kernel=kernel.tolist(), boundary=boundary, mode="full", output="npy"
    )
    wanted = expected(picture, kernel, "full", boundary)
    np.testing.assert_allclose(answer.array, wanted, rtol=0, atol=1e-10)


@pytest.mark.parametrize("method", Method)
def test_every_method_gives_the_same_levels(draw, method):
    picture, kernel = draw(20, 31), np.outer([1.0, 3, -1, 2], [2.0, -1, 1, 5, 1]) / 41.7
    answer = convolve_a_picture(picture, kernel=kernel.tolist(), method=method)
    np.testing.assert_array_equal(answer.picture, levels(expected(picture, kernel)))


def test_each_channel_of_rgb_is_convolved_on_its_own(draw):
    picture = draw(9, 8, 3)
    answer = convolve_a_picture(picture, kernel=ODD.tolist())
    for channel in range(3):
        np.testing.assert_array_equal(
            answer.picture[:, :, channel], levels(expected(picture[:, :, channel], ODD))
        )


def test_an_impulse_becomes_the_kernel_unflipped():
    picture = np.zeros((5, 5), np.uint8)
    picture[2, 2] = 1
    kernel = np.arange(1, 10).reshape(3, 3)
    answer = convolve_a_picture(picture, kernel=kernel.tolist())
    np.testing.assert_array_equal(answer.picture[1:4, 1:4], kernel)


@pytest.mark.parametrize("size", [2, 4, 6, 10, 12])
def test_a_box_rounds_its_exact_halves_to_even(draw, size):
    picture, area = draw(200, 301), size * size
    answer = convolve_a_picture(picture, kernel={"name": "box", "size": size}, mode="valid")
    sums = scipy.signal.convolve2d(picture.astype(np.int64), np.ones((size, size), int), "valid")
    whole, rest = np.divmod(sums, area)
    assert np.any(2 * rest == area), "no sum is an exact half: the test tests nothing"
    rounded = whole + ((2 * rest > area) | ((2 * rest == area) & (whole % 2 == 1)))
    np.testing.assert_array_equal(answer.picture, rounded)


@pytest.mark.parametrize("size", [3, 4, 15])
def test_integer_kernels_give_the_exact_levels(draw, size):
    picture = draw(60, 71)
    kernel = np.random.default_rng(size).integers(-9, 10, (size, size + 1))
    answer = convolve_a_picture(picture, kernel=kernel.tolist(), mode="valid", bias=100)
    exact = scipy.signal.convolve2d(picture.astype(np.int64), kernel, "valid") + 100
    np.testing.assert_array_equal(answer.picture, np.clip(exact, 0, 255))


@pytest.mark.parametrize("name", SMOOTHING)
@pytest.mark.parametrize("small", [False, True], ids=["large", "small"])
def test_smoothing_puts_at_most_one_pixel_in_ten_thousand_on_the_next_level(draw, name, small):
    picture = draw(400, 401)
    specification = {"name": name, "size": (SMALL_SIZE if small else LARGE_SIZE)[name]}
    answer = convolve_a_picture(picture, kernel=specification)
    (kernel,) = CATALOGUE[name].model_validate(specification).build(2).kernels
    before = [(k // 2, (k - 1) // 2) for k in kernel.taps.shape]
    wide = np.pad(picture.astype(np.float64), before, mode="symmetric")
    exact = scipy.signal.fftconvolve(wide, kernel.taps, "valid")
    distance = np.abs(answer.picture.astype(int) - levels(exact))
    # At a half either level is right within the rounding of the taps themselves; kernels whose
    # halves are exact have a test of their own.
    halves = np.abs(exact - np.floor(exact) - 0.5) < 1e-9
    assert distance.max() <= 1
    assert np.count_nonzero(distance[~halves]) <= picture.size / 10_000


def test_taps_that_nearly_cancel_cost_no_exactness():
    picture = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(16, 48)
    answer = convolve_a_picture(picture, kernel=[[99_999, -99_998]], boundary="edge")
    exact = scipy.signal.convolve2d(
        np.pad(picture.astype(np.int64), ((0, 0), (1, 0)), mode="edge"),
        [[99_999, -99_998]],
        "valid",
    )
    np.testing.assert_array_equal(answer.picture, np.clip(exact, 0, 255))
    assert len(set(exact.ravel()) & set(range(256))) > 50


def test_a_high_gain_on_small_differences_is_as_true_as_smoothing(draw):
    picture = 100 + draw(300, 301) % 4
    kernel = np.random.default_rng(8).normal(size=(15, 14)) * 30
    kernel -= kernel.mean()
    answer = convolve_a_picture(picture, kernel=kernel.tolist(), bias=128)
    wanted = levels(expected(picture, kernel) + 128)
    assert np.count_nonzero((wanted > 0) & (wanted < 255)) > picture.size / 10
    assert np.count_nonzero(answer.picture != wanted) <= picture.size / 10_000


def test_sobel_is_the_magnitude_of_both_derivatives(draw):
    picture = draw(11, 12)
    x = expected(picture, np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]]))
    y = expected(picture, np.array([[1.0, 2, 1], [0, 0, 0], [-1, -2, -1]]))
    answer = convolve_a_picture(picture, kernel="sobel")
    np.testing.assert_array_equal(answer.picture, levels(np.sqrt(x * x + y * y)))


def test_kirsch_is_the_largest_of_the_eight_directions(draw):
    picture = draw(11, 12)
    ring = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
    results = []
    for turn in range(8):
        kernel = np.full((3, 3), -3.0)
        kernel[1, 1] = 0
        for step in range(3):
            kernel[ring[(turn + step) % 8]] = 5
        results.append(expected(picture, kernel))
    answer = convolve_a_picture(picture, kernel="kirsch", output="npy")
    np.testing.assert_array_equal(answer.array, np.max(results, axis=0))


@pytest.mark.parametrize("direction", COMPASS)
def test_one_direction_of_kirsch_is_strongest_where_brightness_grows_that_way(direction):
    down, right = np.mgrid[-8:9, -8:9]
    ways = {"N": -down, "S": down, "E": right, "W": -right}
    ramp = sum(ways[letter] for letter in direction)
    picture = (128 + 4 * ramp).astype(np.uint8)
    kernel = {"name": "kirsch", "direction": direction}
    alone = convolve_a_picture(picture, kernel=kernel, mode="valid", output="npy").array
    strongest = convolve_a_picture(picture, kernel="kirsch", mode="valid", output="npy").array
    np.testing.assert_array_equal(alone, strongest)
    assert alone.min() > 0


def test_the_kernels_own_normalize_wins_over_the_requests_which_wins_over_its_convention(draw):
    picture = draw(8, 9)
    taps = np.array([[1.0, 2, 0], [4, -1, 1]])

    def result(kernel, **options):
        return convolve_a_picture(picture, kernel=kernel, output="npy", **options).array

    raw = expected(picture, taps)
    custom = {"name": "custom", "values": taps.tolist()}
    np.testing.assert_allclose(result(custom), raw, atol=1e-12)
    np.testing.assert_allclose(result(custom, normalize="l1"), raw / 9, atol=1e-12)
    both = {**custom, "normalize": "peak"}
    np.testing.assert_allclose(result(both, normalize="l1"), raw / 4, atol=1e-12)
    box = {"name": "box", "size": 3}
    ones = expected(picture, np.ones((3, 3)))
    np.testing.assert_allclose(result(box), ones / 9, atol=1e-12)
    np.testing.assert_allclose(result(box, normalize="none"), ones, atol=1e-12)


@pytest.mark.parametrize(
    ("axes", "taps"),
    [("rows", [[1, 2, -4]]), ("columns", [[1], [2], [-4]]), ("both", np.outer(*2 * [[1, 2, -4]]))],
    ids=["rows", "columns", "both"],
)
def test_a_kernel_of_one_dimension_lies_along_the_axes_it_says(draw, axes, taps):
    picture = draw(7, 6)
    kernel = {"name": "custom", "values": [1, 2, -4], "axes": axes}
    answer = convolve_a_picture(picture, kernel=kernel, output="npy")
    np.testing.assert_array_equal(answer.array, expected(picture, np.array(taps, float)))


def test_facts_tell_the_plan_in_a_line_and_the_time_of_each_stage(draw):
    facts = convolve_a_picture(draw(5, 6), kernel="kirsch").facts
    assert list(facts["milliseconds"]) == ["decode", "plan", "convolve", "encode"]
    assert facts["plan"].count("multiply-adds=") == 8
    assert "\n" not in facts["plan"]
