"""What OpenCV's filters have in common: where in their answer the ``valid`` part lies."""

from __future__ import annotations

from typing import Any, cast

from numpy.typing import NDArray

from service.convolution.samples import Samples


def valid_part(
    filtered: NDArray[Any], shape: tuple[int, ...], kernel_shape: tuple[int, int]
) -> Samples:
    """The valid part of what filter2D or sepFilter2D made of a (height, width, channels) array.

    OpenCV answers in the input's size, centres an even kernel on the tap after the middle,
    and drops a channel axis of one. A view.
    """
    rows, columns = kernel_shape
    height, width = shape[0] - rows + 1, shape[1] - columns + 1
    top, left = rows // 2, columns // 2
    valid = filtered[top : top + height, left : left + width]
    return cast("Samples", valid.reshape(height, width, shape[2]))
