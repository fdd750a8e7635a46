"""Convolution with 3x3 kernels by Winograd's minimal filtering, F(4x4, 3x3).

Four outputs of a 1-D filter of three taps take six multiplications instead of twelve: the six
inputs and the taps are taken as polynomials, evaluated at six points, multiplied there, and
brought back. In two dimensions 36 multiplications give 4x4 outputs instead of 144. Over many
channels and tiles the 36 products become 36 matrix products, a quarter of the arithmetic of
the plain one, and the evaluations are products with the small matrices below.

Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", arXiv:1509.09308. The
points are 0, 1, -1, 1/2, -2 and infinity, from Barabasz et al., "Error Analysis and Improving
the Accuracy of Winograd Convolution for Deep Neural Networks", arXiv:1803.10986: in float32
they leave less than half the error of the usual 0, 1, -1, 2, -2.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.vgg16.team import Team

OUTPUT_SIDE: Final = 4
"""Rows and columns of the output that a tile gives."""

_INPUT_SIDE = OUTPUT_SIDE + 2
POINTS: Final = _INPUT_SIDE**2
"""Matrix products that all the tiles take together."""

# The point (1, 1) goes into all 4x4 outputs with weight 1, so that the bias is added there.
_POINT_OF_ONES = _INPUT_SIDE + 1

# Row i holds the coefficients of the product of (x - p) over all finite points p but the
# i-th; the last row that over all of them. B transposed in the papers.
_INPUT: Final = np.array(
    [
        [1, -3 / 2, -2, 3 / 2, 1, 0],
        [0, -1, 1 / 2, 5 / 2, 1, 0],
        [0, 1, -5 / 2, 1 / 2, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 1 / 2, -1, -1 / 2, 1, 0],
        [0, 1, -3 / 2, -2, 3 / 2, 1],
    ],
    np.float32,
)

# The powers 0 to 2 of each point, over the product of its differences to the others. G in
# the papers.
_KERNEL: Final = np.array(
    [
        [1, 0, 0],
        [1 / 3, 1 / 3, 1 / 3],
        [-1 / 3, 1 / 3, -1 / 3],
        [-16 / 15, -8 / 15, -4 / 15],
        [1 / 15, -2 / 15, 4 / 15],
        [0, 0, 1],
    ]
)

# The powers 0 to 3 of each point, a column a point. A transposed in the papers.
_OUTPUT: Final = np.array(
    [
        [1, 1, 1, 1, 1, 0],
        [0, 1, -1, 1 / 2, -2, 0],
        [0, 1, 1, 1 / 4, 4, 0],
        [0, 1, -1, 1 / 8, -8, 1],
    ],
    np.float32,
)

# Columns of a kernel that are transformed at a time, so that they stay in the cache.
_COLUMNS = 4096


class Winograd:
    """A convolution layer without its ReLU, for strips of any size.

    ``kernel`` is (3, 3, channels, filters), ``bias`` (filters,), both float32.
    """

    def __init__(self, kernel: NDArray[np.float32], bias: NDArray[np.float32], team: Team) -> None:
        self._kernel = _transformed(kernel, team)
        self._bias = bias

    def __call__(self, window: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """Write the layer's output for ``window``, (h + 2, w + 2, channels), to ``out``.

        ``out`` is (h, w, filters) float32, of any strides.
        """
        height, width, filters = out.shape
        rows, columns = -(-height // OUTPUT_SIDE), -(-width // OUTPUT_SIDE)
        sides = (rows * OUTPUT_SIDE, columns * OUTPUT_SIDE)
        if sides == (height, width):
            self._whole_tiles(window, out)
            return
        padded = np.zeros((sides[0] + 2, sides[1] + 2, window.shape[2]), np.float32)
        padded[: height + 2, : width + 2] = window
        whole = np.empty((*sides, filters), np.float32)
        self._whole_tiles(padded, whole)
        out[...] = whole[:height, :width]

    def _whole_tiles(self, window: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """As ``__call__``, for a height and a width of whole tiles."""
        rows, columns = (side // OUTPUT_SIDE for side in out.shape[:2])
        filters = out.shape[2]
        products = self._inputs(window, rows, columns) @ self._kernel
        products[_POINT_OF_ONES] += self._bias
        # To (4 rows, 4 columns) of each tile, from the (6, 6) points: first down, then along.
        down = (_OUTPUT @ products.reshape(_INPUT_SIDE, -1)).reshape(OUTPUT_SIDE, _INPUT_SIDE, -1)
        along = (_OUTPUT @ down).reshape(OUTPUT_SIDE, OUTPUT_SIDE, rows, columns, filters)
        tiles = out.reshape(rows, OUTPUT_SIDE, columns, OUTPUT_SIDE, filters, copy=False)
        tiles[...] = along.transpose(2, 0, 3, 1, 4)

    def _inputs(self, window: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
        """The tiles of ``window``, evaluated at the 36 points: (36, tiles, channels)."""
        channels = window.shape[2]
        # Tiles overlap by two columns, which are copied, and by two rows, which are not.
        lines = np.empty((len(window), _INPUT_SIDE, columns, channels), np.float32)
        last = (columns - 1) * OUTPUT_SIDE
        for column in range(_INPUT_SIDE):
            lines[:, column] = window[:, column : column + last + 1 : OUTPUT_SIDE]
        line, sample = lines.strides[0], lines.itemsize
        bands: NDArray[np.float32] = np.ndarray(
            (rows, _INPUT_SIDE, line // sample),
            np.float32,
            lines.data,
            strides=(OUTPUT_SIDE * line, line, sample),
        )
        down = (_INPUT @ bands).reshape(rows, _INPUT_SIDE, _INPUT_SIDE, columns * channels)
        inputs = np.empty((_INPUT_SIDE, _INPUT_SIDE, rows, columns * channels), np.float32)
        np.matmul(_INPUT, down, out=inputs.transpose(2, 0, 1, 3))
        return inputs.reshape(POINTS, rows * columns, channels)


def _transformed(kernel: NDArray[np.float32], team: Team) -> NDArray[np.float32]:
    """The kernel (3, 3, channels, filters), evaluated at the points: (36, channels, filters)."""
    *_, channels, filters = kernel.shape
    taps = kernel.reshape(-1, channels * filters)
    matrix = np.kron(_KERNEL, _KERNEL).astype(np.float32)
    transformed = np.empty((POINTS, channels * filters), np.float32)

    def transform(first: int) -> None:
        part = slice(first, first + _COLUMNS)
        np.matmul(matrix, taps[:, part], out=transformed[:, part])

    team.each(transform, range(0, channels * filters, _COLUMNS))
    return transformed.reshape(POINTS, channels, filters)
