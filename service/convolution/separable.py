"""The two-pass engine: a rank-1 kernel as a pass along the rows and one along the columns."""

from __future__ import annotations

import cv2

from service.convolution.arrays import Array
from service.convolution.opencv import valid_part
from service.convolution.samples import Samples


def two_pass(picture: Samples, column: Array, row: Array) -> Samples:
    """The valid convolution of (height, width, channels) by ``outer(column, row)``.

    By cv2.sepFilter2D, in the picture's own precision: len(column) + len(row) multiply-adds
    a sample instead of their product.
    """
    filtered = cv2.sepFilter2D(
        picture,
        -1,
        row[::-1].astype(picture.dtype),
        column[::-1].astype(picture.dtype),
        borderType=cv2.BORDER_CONSTANT,
    )
    return valid_part(filtered, picture.shape, (len(column), len(row)))
