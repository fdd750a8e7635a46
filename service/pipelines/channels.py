"""Which samples of a picture are convolved, and how its alpha is fitted to the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.convolution.boundary import extend
from service.convolution.geometry import origin, output_length, per_axis
from service.convolution.operand import Operand
from service.formats.picture import Picture
from service.pipelines.field_types import Channels
from service.pipelines.requests import ConvolutionOptions
from service.pipelines.rows import Mapped, Rows, Stored

_INDEX: Final = {Channels.RED: 0, Channels.GREEN: 1, Channels.BLUE: 2}
# ITU-R BT.601-7, section 2.5.1, as whole thousandths: exact in integers up to the division.
_LUMA_THOUSANDTHS: Final = (299, 587, 114)


def select_channels(picture: Picture, channels: Channels) -> Rows:
    """The samples to convolve, 1 or 3 channels, without alpha.

    In the picture's own dtype, but for the luma of a colour picture: float64, not rounded.
    """
    color = picture.color
    if channels is Channels.KEEP or color.shape[2] == 1:
        return Stored(color)
    if channels is Channels.LUMA:
        stored = Stored(color)
        height, width, _ = color.shape
        operand = Operand((height, width, 1), stored.operand.largest, whole=False)
        return Mapped(stored, _luma, operand)
    index = _INDEX[channels]
    return Stored(color[:, :, index : index + 1])


def _luma(color: NDArray[Any]) -> NDArray[np.float64]:
    weighted = color.astype(np.float64) @ np.array(_LUMA_THOUSANDTHS, dtype=np.float64)
    luma: NDArray[np.float64] = weighted[:, :, np.newaxis] / 1000
    return luma


def fit_alpha(
    alpha: NDArray[Any],
    kernel_shape: Sequence[int],
    options: ConvolutionOptions,
    opaque: float,
) -> NDArray[Any]:
    """The alpha, (height, width, 1), unconvolved, where the pixels of a result lie.

    ``kernel_shape`` is that of the kernel with its dilation. Cropped for ``valid``; for
    ``full`` extended as the picture is, and where that is by a constant, the new pixels are
    ``opaque``. Of a result with a stride, every so many-th.
    """
    widths = []
    for axis, k in enumerate(kernel_shape):
        n, first = alpha.shape[axis], origin(k, options.mode)
        length = output_length(n, k, options.mode)
        kept = slice(max(first, 0), min(first + length, n))
        alpha = alpha[(slice(None),) * axis + (kept,)]
        widths.append((max(-first, 0), max(first + length - n, 0)))
    rows, columns = per_axis(options.stride, 2, "/stride")
    return extend(alpha, widths, options.boundary, opaque)[::rows, ::columns]
