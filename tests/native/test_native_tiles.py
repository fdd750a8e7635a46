"""The tiles that overlap-save takes by itself."""

import math

import pytest

from service.convolution.native.tiles import LARGEST_SIDE, picture_tile, signal_tile

LANES = [2, 4, 8, 16]


def transformable(side):
    for prime in (2, 3, 5):
        while side % prime == 0:
            side //= prime
    return side == 1


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("kernel", [(1, 1), (3, 200), (31, 31), (1024, 7), (1024, 1024)])
@pytest.mark.parametrize("result", [(1, 1, 1), (512, 512, 1), (1080, 1920, 3)])
def test_a_tile_holds_the_kernel_and_whole_vectors(lanes, kernel, result):
    tile = picture_tile(result, kernel, lanes, 4)
    for side, taps in zip(tile, kernel, strict=True):
        assert side >= taps
        assert side % lanes == 0
        assert transformable(side)


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize(("result", "kernel"), [(1, 1), (10**6, 1000), (10**6, 10**5), (9, 10**6)])
def test_a_block_holds_the_kernel_of_a_signal(lanes, result, kernel):
    tile = signal_tile(result, kernel, lanes, 8)
    assert math.prod(tile) >= kernel
    assert all(side % lanes == 0 and transformable(side) for side in tile)


def test_larger_kernels_take_larger_tiles():
    areas = [math.prod(picture_tile((1080, 1920, 3), (k, k), 16, 4)) for k in (5, 15, 50, 150)]
    assert areas == sorted(areas)
    assert areas[0] < areas[-1]


def test_a_small_picture_is_one_tile_no_larger_than_it_needs():
    tile = picture_tile((64, 64, 1), (15, 15), 16, 4)
    assert max(tile) <= 96


def test_no_tile_holds_a_kernel_that_is_larger_than_all():
    with pytest.raises(ValueError, match="larger"):
        picture_tile((10, 10, 1), (LARGEST_SIDE + 1, 3), 16, 4)
    with pytest.raises(ValueError, match="larger"):
        signal_tile(10, LARGEST_SIDE**2 + 1, 16, 4)
