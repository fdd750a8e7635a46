"""Arrays of many tiles: that the seams are right, and nothing is lost at the end."""

import numpy as np
import pytest
import scipy.signal

from service.convolution.overlap_save import overlap_save_1d, overlap_save_2d


def assert_close(result, expected):
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def picture_reference(picture, kernel):
    """scipy's double sum, channel by channel."""
    channels = [scipy.signal.convolve2d(c, kernel, "valid") for c in np.moveaxis(picture, 2, 0)]
    return np.stack(channels, axis=2)


@pytest.mark.parametrize("k", [1, 2, 39, 40, 200, 256])
@pytest.mark.parametrize("tile", [256, 300, 1024])
@pytest.mark.parametrize("more", [-1, 0, 1, 500])
def test_a_signal_of_several_tiles_has_no_seams(k, tile, more):
    random = np.random.default_rng([k, more + 1])
    signal, kernel = random.normal(size=3 * (tile - k + 1) + more + k), random.normal(size=k)
    assert_close(overlap_save_1d(signal, kernel, tile), np.convolve(signal, kernel, "valid"))


@pytest.mark.parametrize("tile", [64, 65_536, 131_072])
def test_a_signal_of_more_tiles_than_a_batch_has_no_seams(tile):
    random = np.random.default_rng(3)
    signal, kernel = random.normal(size=300_000), random.normal(size=40)
    assert_close(overlap_save_1d(signal, kernel, tile), np.convolve(signal, kernel, "valid"))


@pytest.mark.parametrize("kernel_shape", [(9, 7), (2, 12), (1, 5), (6, 1), (20, 20)])
@pytest.mark.parametrize("tile", [(32, 64), (20, 20), (128, 30)])
@pytest.mark.parametrize("size", [(150, 170), (64, 300), (1, 200), (200, 1)])
def test_a_picture_of_several_tiles_has_no_seams(kernel_shape, tile, size):
    random = np.random.default_rng([*kernel_shape, *size])
    height, width = (n + k - 1 for n, k in zip(size, kernel_shape, strict=True))
    picture, kernel = random.normal(size=(height, width, 2)), random.normal(size=kernel_shape)
    assert_close(overlap_save_2d(picture, kernel, tile), picture_reference(picture, kernel))


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_picture_that_ends_with_a_tile_is_whole(more):
    kernel, tile = np.random.default_rng(4).normal(size=(5, 8)), 64
    steps = [tile - k + 1 for k in kernel.shape]
    size = [2 * step + more + k - 1 for step, k in zip(steps, kernel.shape, strict=True)]
    picture = np.random.default_rng(5).normal(size=(*size, 1))
    assert_close(overlap_save_2d(picture, kernel, (tile, tile)), picture_reference(picture, kernel))
