"""Convolution with 3x3 kernels as one matrix product over all taps ("im2col").

For few input channels, where Winograd's transforms cost more than the multiplications that
they save. Chellapilla, Puri and Simard, "High Performance Convolutional Neural Networks for
Document Processing", 2006.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.vgg16.architecture import KERNEL_SIDE


class Im2col:
    """A convolution layer without its ReLU, for strips of any size.

    ``kernel`` is (3, 3, channels, filters), ``bias`` (filters,), both float32.
    """

    def __init__(self, kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
        taps = kernel.transpose(2, 0, 1, 3).reshape(-1, len(bias))
        # The bias is the weight of one more tap, under which there is always a one.
        self._matrix = np.concatenate([taps, bias[np.newaxis]])

    def __call__(self, window: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """Write the layer's output for ``window``, (h + 2, w + 2, channels), to ``out``.

        ``out`` is (h, w, filters) float32, of any strides.
        """
        height, width, filters = out.shape
        channels = window.shape[2]
        # Planes, so that whole lines are copied, not the few samples of a pixel.
        planes = np.ascontiguousarray(window.transpose(2, 0, 1))
        samples = np.empty((len(self._matrix), height * width), np.float32)
        under_taps = samples[:-1].reshape(channels, KERNEL_SIDE, KERNEL_SIDE, height, width)
        for row in range(KERNEL_SIDE):
            for column in range(KERNEL_SIDE):
                under_taps[:, row, column] = planes[:, row : row + height, column : column + width]
        samples[-1] = 1
        out[...] = (samples.T @ self._matrix).reshape(height, width, filters)
