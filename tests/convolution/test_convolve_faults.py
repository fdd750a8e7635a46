"""What ``convolve`` refuses, and numbers at the end of the range."""

import numpy as np
import pytest

from service.convolution.convolve import Options, convolve
from service.convolution.options import Boundary, Method, Mode
from service.errors import InvalidRequest, LimitExceeded, ResultNotFinite
from tests.convolution.reference import convolved

RANK_TWO = np.array([[1.0, 2.0], [3.0, 4.0]])


def pointers(refused):
    return [fault.pointer for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("shape", "kernel_shape"),
    [((3,), (4,)), ((4, 9, 1), (5, 2)), ((9, 4, 3), (2, 5)), ((1, 1, 1), (2, 2))],
)
def test_valid_is_refused_where_the_kernel_is_larger_in_any_dimension(shape, kernel_shape):
    with pytest.raises(InvalidRequest) as refused:
        convolve(np.ones(shape), np.ones(kernel_shape), Options(mode=Mode.VALID))
    assert pointers(refused) == ["/mode"]
    assert " x ".join(map(str, kernel_shape)) in refused.value.detail


def test_two_passes_are_refused_for_a_kernel_of_rank_two():
    with pytest.raises(InvalidRequest) as refused:
        convolve(np.ones((5, 5, 1)), RANK_TWO, Options(method=Method.SEPARABLE))
    assert pointers(refused) == ["/method"]


def test_two_passes_are_refused_for_a_signal():
    with pytest.raises(InvalidRequest) as refused:
        convolve(np.ones(5), np.ones(3), Options(method=Method.SEPARABLE))
    assert pointers(refused) == ["/method"]


def test_the_work_limit_is_held_and_is_inclusive():
    picture, kernel = np.ones((10, 12, 3)), RANK_TWO
    work = 10 * 12 * 3 * 4
    convolve(picture, kernel, Options(method=Method.DIRECT, max_multiply_adds=work))
    with pytest.raises(LimitExceeded):
        convolve(picture, kernel, Options(method=Method.DIRECT, max_multiply_adds=work - 1))


def test_the_work_is_that_of_the_plan_and_not_of_the_direct_sum():
    random = np.random.default_rng(1)
    picture, kernel = random.normal(size=(300, 300, 1)), random.normal(size=(61, 61))
    direct_work = 300 * 300 * 61 * 61
    convolve(picture, kernel, Options(max_multiply_adds=direct_work / 10))


@pytest.mark.parametrize("method", [Method.AUTO, Method.DIRECT, Method.FFT])
def test_a_sum_beyond_float64_is_refused(method):
    with pytest.raises(ResultNotFinite):
        convolve(np.full(4, 1e308), np.full(3, 9.0), Options(method=method))
    with pytest.raises(ResultNotFinite):
        convolve(np.full((4, 4, 1), -1e308), RANK_TWO, Options(method=method))


def test_a_sum_beyond_float32_is_refused_in_float32_alone():
    picture, kernel = np.full((4, 4, 1), 1e38), RANK_TWO
    convolve(picture, kernel, Options(precision=np.float64))
    with pytest.raises(ResultNotFinite):
        convolve(picture, kernel, Options(precision=np.float32))


def test_a_sample_beyond_float32_is_refused_in_float32():
    with pytest.raises(ResultNotFinite):
        convolve(np.full((4, 4, 1), 1e300), RANK_TWO, Options(precision=np.float32))


@pytest.mark.parametrize("mode", Mode)
def test_a_fill_value_that_makes_the_sum_overflow_counts_only_where_it_is_used(mode):
    options = Options(mode=mode, fill_value=1.7e308)
    if mode is Mode.VALID:
        result, _ = convolve(np.ones(4), np.full(3, 2.0), options)
        np.testing.assert_array_equal(result, [6.0, 6.0])
    else:
        with pytest.raises(ResultNotFinite):
            convolve(np.ones(4), np.full(3, 2.0), options)


KERNELS = {
    "few taps": (5,),
    "many taps": (300,),
    "small": (2, 3),
    "large": (24, 25),
}
# What the samples and the taps are multiplied by: their products are ordinary numbers, or large
# and finite, though one of them, or the sum of one, is not far from the end of the range.
SCALES = [
    (1e300, 1.0),
    (1e305, 1e-3),
    (1e307, 1e-14),
    (1e308, 1e-300),
    (1e-300, 1e304),
    (0.0, 1e308),
]


@pytest.mark.parametrize("shape", KERNELS.values(), ids=KERNELS.keys())
@pytest.mark.parametrize("rank_one", [False, True])
@pytest.mark.parametrize("scales", SCALES, ids=str)
def test_numbers_at_the_end_of_the_range_come_out_right_under_auto(shape, rank_one, scales):
    random = np.random.default_rng(len(shape))
    if rank_one and len(shape) == 2:
        taps = np.outer(random.uniform(0.5, 1.0, shape[0]), random.uniform(0.5, 1.0, shape[1]))
    else:
        taps = random.uniform(0.5, 1.0, shape)
    samples = random.uniform(0.5, 1.0, (2000,) if len(shape) == 1 else (60, 61, 1))
    result, _ = convolve(samples * scales[0], taps * scales[1], Options(mode=Mode.VALID))
    ordinary, _ = convolve(samples, taps, Options(mode=Mode.VALID, method=Method.DIRECT))
    assert np.isfinite(result).all()
    expected = ordinary * (scales[0] * scales[1])
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("scales", SCALES, ids=str)
def test_no_method_gives_a_result_that_is_not_finite(method, scales):
    random = np.random.default_rng(5)
    samples, taps = random.uniform(0.5, 1.0, (60, 61, 1)), np.ones((15, 15))
    try:
        result, _ = convolve(samples * scales[0], taps * scales[1], Options(method=method))
    except ResultNotFinite:
        return
    assert np.isfinite(result).all()


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("fill_value", [0.0, -3.5, 1e6])
def test_the_fill_value_stands_beyond_the_border(method, fill_value):
    random = np.random.default_rng(6)
    picture, kernel = random.normal(size=(4, 5, 1)), np.outer([1.0, -2.0, 4.0], [3.0, 0.5])
    options = Options(mode=Mode.FULL, fill_value=fill_value, method=method)
    result, _ = convolve(picture, kernel, options)
    expected = convolved(picture, kernel, Mode.FULL, Boundary.CONSTANT, fill_value)
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("boundary", [b for b in Boundary if b is not Boundary.CONSTANT])
def test_the_fill_value_means_nothing_to_the_other_borders(boundary):
    picture = np.random.default_rng(7).normal(size=(4, 5, 1))
    plain, _ = convolve(picture, RANK_TWO, Options(boundary=boundary))
    filled, _ = convolve(picture, RANK_TWO, Options(boundary=boundary, fill_value=1e6))
    np.testing.assert_array_equal(filled, plain)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("boundary", [b for b in Boundary if b is not Boundary.CONSTANT])
def test_an_unused_fill_value_does_not_change_the_plan(boundary, mode):
    random = np.random.default_rng(8)
    picture, kernel = random.normal(size=(90, 91, 1)), random.normal(size=(40, 41))
    _, plain = convolve(picture, kernel, Options(mode, boundary))
    _, filled = convolve(picture, kernel, Options(mode, boundary, fill_value=1e305))
    assert filled.engine is plain.engine
