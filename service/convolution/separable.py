"""Kernels that are one outer product, or the sum of a few: a pass along each axis for each.

A pass is cv2.filter2D's direct sum. cv2.sepFilter2D takes 1.5 (15 taps) to 4 times as long
(101 taps), for all that it keeps the rows between the passes in its cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.convolution.arrays import Array
from service.convolution.boundary import Border
from service.convolution.direct import direct_2d
from service.convolution.opencv import border_type
from service.convolution.rank import Terms
from service.convolution.samples import Precision, Samples


def two_pass(
    picture: NDArray[Any], column: Array, row: Array, precision: Precision, border: Border
) -> Samples:
    """The valid convolution of (height, width, channels) by ``outer(column, row)``.

    len(column) + len(row) multiply-adds a sample instead of their product.
    """
    if border_type(border, (len(column), len(row))) is None:
        # Some borders are not what the border of the row pass's result would be.
        picture, border = border.round(picture, precision), Border.none(2)
    down, across = border.widths
    along_rows = Border(((0, 0), across), border.boundary)
    along_columns = Border((down, (0, 0)), border.boundary)
    rows_done = direct_2d(picture, row[np.newaxis], precision, along_rows)
    return direct_2d(rows_done, column[:, np.newaxis], precision, along_columns)


def low_rank(picture: NDArray[Any], terms: Terms, precision: Precision, border: Border) -> Samples:
    """The valid convolution by the sum of the terms' outer products; there is one at least."""
    bordered = border.round(picture, precision)
    total = two_pass(bordered, *terms[0], precision, Border.none(2))
    for column, row in terms[1:]:
        total += two_pass(bordered, column, row, precision, Border.none(2))
    return total
