"""Zeros between the taps of a kernel: torch.nn.Conv2d's ``dilation``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service.convolution.arrays import Array
from service.convolution.geometry import dilated_length, per_axis


def dilated_shape(shape: Sequence[int], dilation: int | tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a kernel of ``shape`` once ``dilation - 1`` zeros stand between its taps.

    ``InvalidRequest`` at /dilation where it has another number of axes than the kernel.
    """
    factors = per_axis(dilation, len(shape), "/dilation")
    return tuple(dilated_length(k, d) for k, d in zip(shape, factors, strict=True))


def dilated(kernel: Array, dilation: int | tuple[int, ...]) -> Array:
    """The kernel of ``dilated_shape``; the kernel itself where there is nothing to put in."""
    if dilation == 1:
        return kernel
    result = np.zeros(dilated_shape(kernel.shape, dilation), kernel.dtype)
    factors = per_axis(dilation, kernel.ndim, "/dilation")
    result[tuple(slice(None, None, d) for d in factors)] = kernel
    return result
