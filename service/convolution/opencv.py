"""What OpenCV's filters have in common: their borders, and where their answer is valid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import cv2
from numpy.typing import NDArray

from service.convolution.boundary import Border
from service.convolution.geometry import padding
from service.convolution.options import Boundary, Mode
from service.convolution.samples import Samples

# OpenCV knows no other constant than zero here, and no wrapping.
_BORDER_TYPES: Final[Mapping[Boundary, int]] = {
    Boundary.CONSTANT: cv2.BORDER_CONSTANT,
    Boundary.EDGE: cv2.BORDER_REPLICATE,
    Boundary.REFLECT: cv2.BORDER_REFLECT_101,
    Boundary.SYMMETRIC: cv2.BORDER_REFLECT,
}


def border_type(border: Border, kernel_shape: Sequence[int]) -> int | None:
    """OpenCV's word for this border, or None where its filters can't imagine it.

    They answer in the input's size and centre a kernel on tap ``k // 2``, which is ``same``.
    """
    if border.widths != tuple(padding(k, Mode.SAME) for k in kernel_shape):
        return None
    if border.boundary is Boundary.CONSTANT and border.fill_value != 0:
        return None
    return _BORDER_TYPES.get(border.boundary)


def valid_part(
    filtered: NDArray[Any], shape: tuple[int, ...], kernel_shape: tuple[int, int]
) -> Samples:
    """The valid part of what filter2D or sepFilter2D made of a (height, width, channels) array.

    They drop a channel axis of one. A view.
    """
    rows, columns = kernel_shape
    height, width = shape[0] - rows + 1, shape[1] - columns + 1
    top, left = rows // 2, columns // 2
    valid = filtered[top : top + height, left : left + width]
    return cast("Samples", valid.reshape(height, width, shape[2]))
