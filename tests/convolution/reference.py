"""What a convolution is, spelled out sample by sample: slow, and plain enough to be believed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.convolution.options import Boundary, Mode, Operation


def reflected(index: int, length: int) -> int:
    """Back and forth between the first and the last sample, which are not repeated."""
    if length == 1:
        return 0
    within = index % (2 * (length - 1))
    return min(within, 2 * (length - 1) - within)


def mirrored(index: int, length: int) -> int:
    """Back and forth, with the first and the last sample repeated."""
    within = index % (2 * length)
    return min(within, 2 * length - 1 - within)


SOURCE = {
    Boundary.CONSTANT: lambda index, length: index if 0 <= index < length else None,
    Boundary.EDGE: lambda index, length: min(max(index, 0), length - 1),
    Boundary.REFLECT: reflected,
    Boundary.SYMMETRIC: mirrored,
    Boundary.WRAP: lambda index, length: index % length,
}


def span(n: int, k: int, mode: Mode) -> range:
    """The indices of the full result of ``n`` samples and ``k`` taps that the mode keeps."""
    match mode:
        case Mode.FULL:
            return range(n + k - 1)
        case Mode.SAME:
            return range((k - 1) // 2, (k - 1) // 2 + n)
        case Mode.VALID:
            return range(k - 1, n)


def convolved(
    array: NDArray[Any],
    kernel: NDArray[Any],
    mode: Mode,
    boundary: Boundary = Boundary.CONSTANT,
    fill_value: float = 0.0,
    operation: Operation = Operation.CONVOLVE,
    stride: tuple[int, ...] = (1, 1),
    dilation: tuple[int, ...] = (1, 1),
) -> NDArray[np.float64]:
    """``out[i, j] = sum over u, v of kernel[u, v] * in[i - u, j - v]``, in four loops.

    With a dilation the taps lie that far apart; with a stride only every such i and j counts.
    """
    if operation is Operation.CORRELATE:
        kernel = kernel[tuple(slice(None, None, -1) for _ in kernel.shape)]
    lengths = array.shape[: kernel.ndim]
    spans = [
        span(n, (k - 1) * d + 1, mode)[::s]
        for n, k, d, s in zip(lengths, kernel.shape, dilation, stride, strict=False)
    ]
    result = np.zeros((*map(len, spans), *array.shape[kernel.ndim :]))
    for at in np.ndindex(*map(len, spans)):
        for tap in np.ndindex(*kernel.shape):
            source = tuple(
                SOURCE[boundary](kept[i] - t * d, n)
                for kept, i, t, n, d in zip(spans, at, tap, lengths, dilation, strict=False)
            )
            sample = fill_value if None in source else array[source]
            result[at] += kernel[tap] * sample
    return result
