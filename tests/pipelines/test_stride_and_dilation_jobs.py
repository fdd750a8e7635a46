"""Every so many-th sample, and taps that lie apart, of signals and pictures."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from service.convolution.options import Boundary, Method, Mode, Operation
from service.errors import InvalidRequest, LimitExceeded
from tests.pipelines.calling import convolve_a_picture, convolve_a_signal
from tests.pipelines.expectation import dilated, expected, levels

LINE = np.random.default_rng(5).normal(size=29)
TAPS = np.array([1.0, -2, 0.5, 3])
KERNEL = np.array([[1.0, 2, 0], [0.5, 0, -3]])
PAIRS = [1, 2, 5, [1, 3], [2, 1], [3, 2], [40, 50]]


def each(distance):
    return (distance, distance) if isinstance(distance, int) else tuple(distance)


def test_a_signal_by_the_naive_loop_of_the_definition():
    stride, dilation = 3, 2
    answer = convolve_a_signal(
        signal=LINE.tolist(), kernel=TAPS.tolist(), mode="full", stride=stride, dilation=dilation
    )
    length = len(LINE) + (len(TAPS) - 1) * dilation
    wanted = [
        sum(
            tap * LINE[place - index * dilation]
            for index, tap in enumerate(TAPS)
            if 0 <= place - index * dilation < len(LINE)
        )
        for place in range(0, length, stride)
    ]
    np.testing.assert_allclose(answer.json["result"], wanted, atol=1e-12)


@pytest.mark.parametrize(("mode", "boundary"), list(product(Mode, Boundary)))
@pytest.mark.parametrize(("stride", "dilation"), [(1, 3), (2, 1), (3, 2), (30, 1), (2, 5)])
def test_signals_in_every_mode_and_boundary(mode, boundary, stride, dilation):
    options = {"mode": mode, "boundary": boundary, "fill_value": 1.5}
    answer = convolve_a_signal(
        signal=LINE.tolist(), kernel=TAPS.tolist(), stride=stride, dilation=dilation, **options
    )
    wanted = expected(LINE, dilated(TAPS, dilation), **options)[::stride]
    assert answer.json["shape"] == list(wanted.shape)
    np.testing.assert_allclose(answer.json["result"], wanted, atol=1e-12)


@pytest.mark.parametrize("stride", PAIRS, ids=str)
@pytest.mark.parametrize("dilation", [1, 3, [1, 4], [5, 2]], ids=str)
@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("mode", ["full", "same"])
def test_pictures_with_one_distance_or_one_for_each_axis(draw, stride, dilation, operation, mode):
    picture = draw(13, 15, 3)
    options = {"operation": operation, "mode": mode}
    answer = convolve_a_picture(
        picture, kernel=KERNEL.tolist(), stride=stride, dilation=dilation, **options
    )
    rows, columns = each(stride)
    wanted = expected(picture, dilated(KERNEL, *each(dilation)), **options)[::rows, ::columns]
    np.testing.assert_array_equal(answer.picture, levels(wanted))


@pytest.mark.parametrize("method", Method)
def test_every_method_gives_the_same(draw, method):
    picture, kernel = draw(20, 31), np.outer([1.0, 3, -1, 2], [2.0, -1, 1, 5, 1]) / 41.7
    answer = convolve_a_picture(
        picture, kernel=kernel.tolist(), method=method, stride=[2, 3], dilation=[3, 2]
    )
    wanted = expected(picture, dilated(kernel, 3, 2))[::2, ::3]
    np.testing.assert_array_equal(answer.picture, levels(wanted))


def test_the_kernels_of_a_bank_all_have_them(draw):
    picture = draw(12, 13)
    x = expected(picture, dilated(np.outer([1.0, 2, 1], [1.0, 0, -1]), 3))
    y = expected(picture, dilated(np.outer([1.0, 0, -1], [1.0, 2, 1]), 3))
    answer = convolve_a_picture(picture, kernel="sobel", dilation=3, stride=2, output="npy")
    np.testing.assert_allclose(answer.array, np.hypot(x, y)[::2, ::2], rtol=1e-12)


def test_the_kernel_included_is_the_one_that_was_sent():
    options = {"signal": LINE.tolist(), "kernel": TAPS.tolist(), "include": ["kernel"]}
    answer = convolve_a_signal(**options, dilation=4)
    assert answer.json["kernel"]["kernels"][0]["values"] == TAPS.tolist()


def test_valid_counts_the_kernel_with_its_distances():
    fits = convolve_a_signal(signal=[1, 2, 4, 8, 16], kernel=[1, 1], dilation=4, mode="valid")
    assert fits.json["result"] == [17]
    with pytest.raises(InvalidRequest, match="the kernel is 6, the input 5") as caught:
        convolve_a_signal(signal=[1, 2, 4, 8, 16], kernel=[1, 1], dilation=5, mode="valid")
    assert [fault.pointer for fault in caught.value.faults] == ["/mode"]


def test_a_stride_beyond_the_result_leaves_the_first_sample():
    answer = convolve_a_signal(signal=[3, 1, 2], kernel=[2], stride=1024)
    assert answer.json["result"] == [6]
    assert convolve_a_picture(np.full((3, 4), 7, np.uint8), kernel="box", stride=99).picture == 7


WRONG = [0, -1, 1.5, True, [1], [1, 2, 3], "2", 10**9, 1025, None, {}, [1, None], [0, 1], [[1, 2]]]


@pytest.mark.parametrize("option", ["stride", "dilation"])
@pytest.mark.parametrize("value", [*WRONG, [1, 1025], [1.0, 2], [True, 1]], ids=str)
def test_what_is_no_distance_is_refused(draw, option, value):
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_signal(signal=[[1, 2], [3, 4]], kernel=[[1]], **{option: value})
    assert [fault.pointer for fault in caught.value.faults] == [f"/{option}"]
    if value == "2":
        return  # the text of a form's field is a number
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_picture(draw(3, 3), kernel="box", **{option: value})
    assert [fault.pointer for fault in caught.value.faults] == [f"/{option}"]


@pytest.mark.parametrize("option", ["stride", "dilation"])
def test_a_signal_of_one_dimension_has_one_distance(option):
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_signal(signal=[1, 2, 3], kernel=[1, 2], **{option: [1, 2]})
    assert [fault.pointer for fault in caught.value.faults] == [f"/{option}"]


def test_a_kernel_that_distances_make_too_large_is_refused_for_them(draw):
    with pytest.raises(LimitExceeded, match="2,049") as caught:
        convolve_a_picture(draw(3, 3), kernel="box", dilation=1024)
    assert [fault.pointer for fault in caught.value.faults] == ["/dilation"]
