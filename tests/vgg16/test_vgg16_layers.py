"""One layer at a time: the convolutions, and the stages between blocks of rows."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate

from service.vgg16.architecture import Layer
from service.vgg16.im2col import Im2col
from service.vgg16.streaming import block_rows, convolved, pooled, rectify, strips, windows
from service.vgg16.team import Team
from service.vgg16.winograd import Winograd
from tests.vgg16.network_reference import assert_close, correlated, halved, random_weights

CONVOLUTIONS = {
    "im2col": lambda weights: Im2col(weights.kernel, weights.bias),
    "winograd": lambda weights: Winograd(weights.kernel, weights.bias, Team(1)),
}
every_convolution = pytest.mark.parametrize("make", CONVOLUTIONS.values(), ids=CONVOLUTIONS)

SIZES = [(1, 1), (1, 9), (7, 1), (2, 3), (4, 4), (5, 6), (8, 12), (13, 11)]


def window_around(picture):
    return np.pad(picture, ((1, 1), (1, 1), (0, 0)))


def random_picture(height, width, channels):
    random = np.random.default_rng(height * 100 + width)
    return random.normal(scale=60, size=(height, width, channels)).astype(np.float32)


@every_convolution
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("channels", "filters"), [(1, 1), (3, 5), (17, 4)])
def test_a_convolution_is_scipys_correlation_plus_the_bias(make, size, channels, filters):
    weights = random_weights(Layer("own", 1, channels, filters))
    picture = random_picture(*size, channels)
    out = np.empty((*size, filters), np.float32)
    make(weights)(window_around(picture), out)
    exact = window_around(picture.astype(np.float64))
    expected = [
        correlate(exact, weights.kernel[..., filter_].astype(np.float64), "valid")[..., 0] + bias
        for filter_, bias in enumerate(weights.bias.astype(np.float64))
    ]
    assert_close(out, np.stack(expected, axis=-1), 1e-5)


@every_convolution
def test_an_impulse_gives_the_kernel_turned(make):
    weights = random_weights(Layer("own", 1, 2, 3))
    picture = np.zeros((3, 3, 2), np.float32)
    picture[1, 1, 1] = 1
    out = np.empty((3, 3, 3), np.float32)
    make(weights)(window_around(picture), out)
    expected = weights.kernel[::-1, ::-1, 1] + weights.bias
    np.testing.assert_allclose(out, expected, atol=1e-5)


@every_convolution
@pytest.mark.parametrize("size", [(4, 8), (5, 6)])
def test_a_convolution_writes_a_part_of_an_array_and_nothing_beside_it(make, size):
    height, width = size
    weights = random_weights(Layer("own", 1, 20, 5))
    picture = random_picture(height, width, 20)
    whole = np.full((height + 2, width + 3, 5), np.nan, np.float32)
    part = whole[1:-1, 2:-1]
    make(weights)(window_around(picture), part)
    assert_close(part, correlated(picture, weights), 1e-5)
    assert np.isnan(whole).sum() == whole.size - part.size


@every_convolution
def test_a_layer_of_the_networks_own_size_is_exact_to_a_hundred_thousandth(make):
    weights = random_weights(Layer("own", 5, 512, 96))
    picture = np.maximum(random_picture(14, 14, 512), 0)
    out = np.empty((14, 14, 96), np.float32)
    make(weights)(window_around(picture), out)
    assert_close(out, correlated(picture, weights), 1e-5)


@given(
    heights=st.lists(st.integers(0, 9), min_size=1).filter(any),
    width=st.integers(1, 5),
    rows=st.integers(1, 12),
)
def test_windows_hold_each_row_with_its_neighbours(heights, width, rows):
    height = sum(heights)
    picture = random_picture(height, width, 2)
    blocks = np.split(picture, np.cumsum(heights)[:-1])
    found = [window.copy() for window in windows(blocks, picture.shape, rows)]
    tops = range(0, height, rows)
    assert len(found) == len(tops)
    around = window_around(picture)
    for window, top in zip(found, tops, strict=True):
        np.testing.assert_array_equal(window, around[top : top + rows + 2])


@settings(deadline=None)
@given(
    height=st.integers(1, 200),
    width=st.integers(1, 40_000),
    threads=st.integers(1, 8),
)
def test_strips_cover_each_pixel_once_and_are_small(height, width, threads):
    parts = strips(height, width, threads)
    seen = np.zeros((height, width), np.uint8)
    for part in parts:
        assert seen[part].size <= 2048
        seen[part] += 1
    assert seen.min() == seen.max() == 1


@pytest.mark.parametrize("threads", [2, 3, 4])
@pytest.mark.parametrize("size", [(16, 16), (4, 224), (64, 4), (14, 14)])
def test_every_thread_gets_a_strip(size, threads):
    assert len(strips(*size, threads)) >= threads


@given(rows=st.integers(1, 6), height=st.integers(1, 30), width=st.integers(1, 7))
def test_pooling_takes_the_maximum_of_each_two_by_two(rows, height, width):
    maps = random_picture(height, width, 3)
    blocks = list(pooled(np.split(maps, range(2 * rows, height, 2 * rows))))
    expected = halved(maps)
    if expected.size:
        np.testing.assert_array_equal(np.concatenate(blocks), expected)
    else:
        assert not blocks


def test_rectifying_leaves_no_negative_value():
    values = np.array([[[-1.5, 2.5], [0, -0.0]], [[3, -4], [5, 6]]], np.float32)
    rectify(values)
    np.testing.assert_array_equal(values, [[[0, 2.5], [0, 0]], [[3, 0], [5, 6]]])


@pytest.mark.parametrize(
    ("width", "channels", "block_bytes", "rows"),
    [(10, 8, 4 * 320, 4), (10, 8, 11 * 320, 8), (10, 8, 12 * 320, 12), (32_768, 64, 2**20, 4)],
)
def test_blocks_have_a_multiple_of_four_rows_and_at_least_four(width, channels, block_bytes, rows):
    assert block_rows(width, channels, block_bytes) == rows


@settings(max_examples=30, deadline=None)
@given(
    size=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    rows=st.sampled_from([4, 8, 32]),
    threads=st.sampled_from([1, 3]),
    cut=st.integers(1, 30),
)
def test_a_stage_gives_the_rectified_convolution_whatever_the_blocks(size, rows, threads, cut):
    weights = random_weights(Layer("own", 1, 18, 4))
    picture = random_picture(*size, 18)
    blocks = np.split(picture, [min(cut, size[0])])
    with Team(threads) as team:
        convolution = Winograd(weights.kernel, weights.bias, team)
        found = list(convolved(blocks, picture.shape, convolution, 4, rows, team))
    assert [len(block) for block in found[:-1]] == [rows] * (len(found) - 1)
    expected = np.maximum(correlated(picture, weights), 0)
    assert_close(np.concatenate(found), expected, 1e-5)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_one_part_of_the_work_raises_is_raised(threads):
    def fail(part):
        if part == 3:
            raise MemoryError

    with Team(threads) as team, pytest.raises(MemoryError):
        team.each(fail, range(5))


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_so_many_threads_work_at_once(threads):
    together = threading.Barrier(threads, timeout=10)
    with Team(threads) as team:
        team.each(lambda _: together.wait(), range(3 * threads))
