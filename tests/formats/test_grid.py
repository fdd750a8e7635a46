"""Cells in rows and columns, and cells made larger."""

import numpy as np
import pytest

from service.formats.grid import enlarged, grid_shape, lay_out


def cells_of(count, height=2, width=3, channels=1):
    cells = np.arange(count * height * width * channels, dtype=np.uint8)
    return cells.reshape(count, height, width, channels)


@pytest.mark.parametrize("gap", [0, 1, 5])
@pytest.mark.parametrize(("count", "columns"), [(1, 1), (7, 3), (6, 3), (2, 8), (5, 1)])
def test_cells_stand_row_by_row_with_white_between_and_around_them(count, columns, gap):
    cells = cells_of(count, channels=3)
    picture = lay_out(cells, columns, gap)
    assert picture.shape == (*grid_shape(count, (2, 3), columns, gap), 3)
    covered = np.zeros(picture.shape[:2], bool)
    for index, cell in enumerate(cells):
        top = gap + index // columns * (2 + gap)
        left = gap + index % columns * (3 + gap)
        np.testing.assert_array_equal(picture[top : top + 2, left : left + 3], cell)
        covered[top : top + 2, left : left + 3] = True
    assert (picture[~covered] == 255).all()


def test_there_are_no_more_columns_than_cells():
    assert grid_shape(2, (10, 20), columns=8, gap=4) == (18, 52)


def test_a_larger_cell_repeats_each_sample_as_evenly_as_can_be():
    (cell,) = enlarged(cells_of(1), 4, 7)
    assert (
        cell[:, :, 0].tolist()
        == [[0] * 3 + [1] * 2 + [2] * 2] * 2 + [[3] * 3 + [4] * 2 + [5] * 2] * 2
    )
