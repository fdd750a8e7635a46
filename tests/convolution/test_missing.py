"""Missing samples: normalised convolution against a loop of its own."""

import numpy as np
import pytest

from service.convolution.convolve import Options, convolve, output_shape
from service.convolution.missing import convolve_ignoring, prepare_ignoring
from service.convolution.options import Boundary, Method, Mode, Operation
from service.errors import InvalidRequest, LimitExceeded, ResultNotFinite
from tests.convolution.reference import SOURCE, span

FILL = 1.5
METHODS = {1: [Method.DIRECT, Method.FFT], 2: [Method.DIRECT, Method.SEPARABLE, Method.FFT]}
PICTURE_KERNEL = np.outer([1.0, 2.5, -0.5, 0.25], [3.0, 0.5, 1.25])
SIGNAL_KERNEL = np.array([0.25, 4.0, 1.5, -0.75, 2.0])


def ignoring(array, kernel, mode, boundary, stride=1, dilation=1):
    """Sum over the numbers in reach, over the taps that met them, times the sum of all taps."""
    taps = {tuple(dilation * u for u in at): kernel[at] for at in np.ndindex(*kernel.shape)}
    lengths = array.shape[: kernel.ndim]
    extents = [(k - 1) * dilation + 1 for k in kernel.shape]
    spans = [span(n, k, mode)[::stride] for n, k in zip(lengths, extents, strict=True)]
    result = np.full((*map(len, spans), *array.shape[kernel.ndim :]), np.nan)
    for at in np.ndindex(result.shape):
        total = weight = 0.0
        for tap, value in taps.items():
            axes = zip(spans, at, tap, lengths, strict=False)
            source = [SOURCE[boundary](kept[i] - t, n) for kept, i, t, n in axes]
            sample = FILL if None in source else array[(*source, *at[kernel.ndim :])]
            if not np.isnan(sample):
                total += value * sample
                weight += value
        if abs(weight) > 1e-9 * np.abs(kernel).sum():
            result[at] = total / weight * kernel.sum()
    return result


def with_gaps(shape, share=0.3, seed=1):
    random = np.random.default_rng([seed, *shape])
    array = random.normal(size=shape)
    array[random.uniform(size=shape) < share] = np.nan
    return array


def assert_same(result, expected):
    assert result.shape == expected.shape
    np.testing.assert_array_equal(np.isnan(result), np.isnan(expected))
    scale = np.nanmax(np.abs(expected), initial=1.0)
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-11 * scale)


every_mode = pytest.mark.parametrize("mode", Mode)
every_boundary = pytest.mark.parametrize("boundary", Boundary)


@every_mode
@every_boundary
@pytest.mark.parametrize("method", METHODS[1])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2), (3, 2)])
def test_a_signal_with_gaps_is_convolved_over_the_numbers_in_reach(
    mode, boundary, method, stride, dilation
):
    signal = with_gaps((21,), 0.5)
    signal[7:16] = np.nan
    options = Options(mode, boundary, FILL, method=method, stride=stride, dilation=dilation)
    result, _ = convolve_ignoring(signal, SIGNAL_KERNEL, options)
    assert_same(result, ignoring(signal, SIGNAL_KERNEL, mode, boundary, stride, dilation))


@every_mode
@every_boundary
@pytest.mark.parametrize("method", METHODS[2])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (2, 2)])
def test_each_channel_of_a_picture_has_gaps_of_its_own(mode, boundary, method, stride, dilation):
    picture = with_gaps((9, 8, 2))
    options = Options(mode, boundary, FILL, method=method, stride=stride, dilation=dilation)
    result, _ = convolve_ignoring(picture, PICTURE_KERNEL, options)
    assert_same(result, ignoring(picture, PICTURE_KERNEL, mode, boundary, stride, dilation))


@pytest.mark.parametrize("method", METHODS[1])
def test_a_correlation_ignores_what_is_missing_too(method):
    signal = with_gaps((21,))
    options = Options(operation=Operation.CORRELATE, fill_value=FILL, method=method)
    result, _ = convolve_ignoring(signal, SIGNAL_KERNEL, options)
    assert_same(result, ignoring(signal, SIGNAL_KERNEL[::-1], Mode.SAME, Boundary.CONSTANT))


@pytest.mark.parametrize("method", METHODS[1])
def test_where_no_number_is_in_reach_the_result_is_missing(method):
    signal = np.arange(1.0, 401.0)
    signal[100:300] = np.nan
    kernel = np.random.default_rng(2).uniform(0.1, 1.0, 31)
    result, _ = convolve_ignoring(signal, kernel, Options(method=method))
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(result)), np.arange(115, 285))


@pytest.mark.parametrize("method", METHODS[1])
def test_a_signal_of_nothing_but_gaps_stays_missing(method):
    options = Options(mode=Mode.VALID, method=method)
    result, _ = convolve_ignoring(np.full(40, np.nan), SIGNAL_KERNEL, options)
    assert np.isnan(result).all()
    assert result.shape == output_shape((40,), (5,), options)


@pytest.mark.parametrize("method", METHODS[2])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
def test_whole_taps_that_miss_nothing_give_the_plain_result_to_the_last_bit(method, dtype):
    random = np.random.default_rng(3)
    picture = random.integers(0, 256, (30, 31, 2)).astype(dtype)
    kernel = np.outer([1.0, 2.0, 4.0], [3.0, 0.0, -1.0, 5.0])
    options = Options(method=method, fill_value=7.0)
    plain, _ = convolve(picture, kernel, options)
    np.testing.assert_array_equal(convolve_ignoring(picture, kernel, options)[0], plain)
    if dtype is not np.uint8:
        picture[20, 20, 0] = np.nan
        result, _ = convolve_ignoring(picture, kernel, options)
        np.testing.assert_array_equal(result[:, :, 1], plain[:, :, 1])
        np.testing.assert_array_equal(result[:17, :, 0], plain[:17, :, 0])
        assert np.any(result[:, :, 0] != plain[:, :, 0])


def test_a_constant_with_gaps_stays_constant():
    signal = np.full(50, 3.0)
    signal[[4, 5, 20, 49]] = np.nan
    result, _ = convolve_ignoring(signal, SIGNAL_KERNEL, Options(boundary=Boundary.REFLECT))
    np.testing.assert_allclose(result, 3.0 * SIGNAL_KERNEL.sum(), rtol=1e-14)


@pytest.mark.parametrize("kernel", [[1.0, 0.0, -1.0], [0.1, 0.2, -0.3], [0.0, 0.0]])
@pytest.mark.parametrize("gaps", [True, False])
def test_a_kernel_whose_sum_is_zero_is_refused_whether_or_not_something_is_missing(kernel, gaps):
    signal = with_gaps((9,)) if gaps else np.ones(9)
    with pytest.raises(InvalidRequest) as refused:
        convolve_ignoring(signal, np.array(kernel), Options())
    assert [fault.pointer for fault in refused.value.faults] == ["/nan"]


def test_the_work_of_both_convolutions_counts():
    signal, options = with_gaps((90,)), Options(method=Method.DIRECT)
    prepared = prepare_ignoring(signal, SIGNAL_KERNEL, options)
    assert sum(plan.work for plan in prepared.plans) == 2 * 90 * 5
    limited = Options(method=Method.DIRECT, max_multiply_adds=2 * 90 * 5 - 1)
    with pytest.raises(LimitExceeded):
        convolve_ignoring(signal, SIGNAL_KERNEL, limited)


@pytest.mark.parametrize(
    ("sample", "taps"),
    [
        (1.0, [1e308, 1e308]),
        (1.7e308, [1.0, 1.0]),
        (1e308, [3.0, -1.5]),
    ],
)
def test_what_a_float64_can_not_hold_is_refused(sample, taps):
    signal = np.array([np.nan, sample, -sample, np.nan, sample, sample, np.nan])
    with pytest.raises(ResultNotFinite):
        convolve_ignoring(signal, np.array(taps), Options())


def test_a_sum_that_only_the_missing_weight_makes_too_large_is_refused():
    signal = np.array([np.nan, 1.7e308, np.nan])
    with pytest.raises(ResultNotFinite):
        convolve_ignoring(signal, np.array([0.1, 1.0]), Options())


def test_the_array_is_left_as_it_was():
    signal = with_gaps((30,))
    before = signal.copy()
    signal.flags.writeable = False
    convolve_ignoring(signal, SIGNAL_KERNEL, Options())
    np.testing.assert_array_equal(signal, before)
