"""Many small pictures as one: in rows and columns, on white."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_WHITE = 255


def grid_shape(cells: int, cell: tuple[int, int], columns: int, gap: int) -> tuple[int, int]:
    """Height and width in pixels of the grid that ``lay_out`` makes."""
    wide = min(columns, cells)
    rows = -(-cells // wide)
    return rows * (cell[0] + gap) + gap, wide * (cell[1] + gap) + gap


def lay_out(cells: NDArray[np.uint8], columns: int, gap: int) -> NDArray[np.uint8]:
    """The cells, (n, h, w, c), row by row, ``gap`` pixels of white between and around them.

    No more columns are made than there are cells. The result is (height, width, c).
    """
    count, height, width, channels = cells.shape
    total = grid_shape(count, (height, width), columns, gap)
    picture = np.full((*total, channels), _WHITE, np.uint8)
    for index, cell in enumerate(cells):
        row, column = divmod(index, min(columns, count))
        top, left = gap + row * (height + gap), gap + column * (width + gap)
        picture[top : top + height, left : left + width] = cell
    return picture


def enlarged(cells: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """The cells, (n, h, w, c), with each sample repeated until they are (n, height, width, c).

    Where the size is no multiple, some samples get a pixel more than others.
    """
    rows = np.arange(height) * cells.shape[1] // height
    columns = np.arange(width) * cells.shape[2] // width
    return cells[:, rows][:, :, columns]
