"""Tiles: large enough for the kernel, enough of them, and the cheapest by the costs."""

import math
from dataclasses import replace

import numpy as np
import pytest

from service.convolution.costs import DEFAULT_COSTS, use_costs
from service.convolution.tiling import cheapest_tiling

every_precision = pytest.mark.parametrize("precision", [np.float32, np.float64])


@every_precision
@pytest.mark.parametrize("dimensions", [1, 2])
@pytest.mark.parametrize("output", [1, 5, 100, 5000])
@pytest.mark.parametrize("k", [1, 2, 31, 1024, 600_000])
def test_tiles_hold_the_kernel_and_cover_the_output(output, k, dimensions, precision):
    tiling = cheapest_tiling([output] * dimensions, [k] * dimensions, precision)
    assert min(tiling.tile) >= k
    given = math.prod(tile - k + 1 for tile in tiling.tile)
    assert tiling.count * given >= output**dimensions
    assert tiling.samples == tiling.count * math.prod(tiling.tile)


def test_oblong_kernels_have_oblong_tiles():
    rows, columns = cheapest_tiling([4000, 4000], [9, 200], np.float32).tile
    assert rows < columns


def test_little_is_not_spread_over_a_large_tile():
    assert cheapest_tiling([40, 50], [7, 9], np.float32).tile == (64, 64)


def test_the_tile_is_the_cheapest_by_the_costs():
    tables = {"picture_tiles": {64: 1.0, 128: 0.1, 256: 1.0}}
    measured = replace(DEFAULT_COSTS, float32=replace(DEFAULT_COSTS.float32, **tables))
    with use_costs(measured):
        tiling = cheapest_tiling([2000, 2000], [9, 9], np.float32)
    assert tiling.tile == (128, 128)
    assert tiling.nanoseconds == pytest.approx(0.1 * tiling.samples)
