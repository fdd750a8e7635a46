"""Single filters of a layer, to look at and to convolve with."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Channel = int | Literal["mean", "rgb"]
"""Which input channel of a filter: one by its index, the mean of all, or, of the three that the
first layer has, all at once as the colours they are."""


def filter_cells(
    kernel: NDArray[np.float32], channel: Channel, *, transpose: bool = False
) -> NDArray[np.float64]:
    """The filters of ``kernel``, (height, width, in, out), as (out, height, width, 1 or 3).

    ``rgb`` gives three samples a tap, in the order red, green, blue, though the network is
    fed BGR; it is for kernels with three input channels. ``transpose`` exchanges height and
    width, as ``filters.T`` does.
    """
    selected = _selected(kernel, channel)
    return selected.transpose((3, 1, 0, 2) if transpose else (3, 0, 1, 2))


def convolution_taps(
    kernel: NDArray[np.float32], index: int, channel: int | Literal["mean"]
) -> NDArray[np.float64]:
    """The taps, (height, width), that by true convolution do what the network does.

    The network correlates, so that they are turned by 180 degrees.
    """
    return _selected(kernel[..., index : index + 1], channel)[::-1, ::-1, 0, 0]


def _selected(kernel: NDArray[np.float32], channel: Channel) -> NDArray[np.float64]:
    exact = kernel.astype(np.float64)
    if channel == "mean":
        mean: NDArray[np.float64] = exact.mean(axis=2, keepdims=True)
        return mean
    if channel == "rgb":
        return exact[:, :, ::-1]
    return exact[:, :, channel : channel + 1]
