"""What a convolution should give, by numpy.pad and scipy.signal alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal
from numpy.typing import NDArray


def expected(
    array: NDArray[Any],
    kernel: NDArray[np.float64],
    mode: str = "same",
    boundary: str = "symmetric",
    fill_value: float = 0.0,
    operation: str = "convolve",
) -> NDArray[np.float64]:
    """The convolution of (n,), or of (height, width[, channels]) with each channel alone."""
    if array.ndim > kernel.ndim:
        channels = np.moveaxis(array, -1, 0)
        each = [expected(c, kernel, mode, boundary, fill_value, operation) for c in channels]
        return np.stack(each, axis=-1)
    taps = np.flip(kernel) if operation == "correlate" else kernel
    constant = {"constant_values": fill_value} if boundary == "constant" else {}
    widths = [(k - 1, k - 1) for k in taps.shape]
    wide = np.pad(array.astype(np.float64), widths, mode=boundary, **constant)  # type: ignore[call-overload]
    full = scipy.signal.convolve(wide, taps, "valid", "direct")
    kept = tuple(kept_part(n, k, mode) for n, k in zip(array.shape, taps.shape, strict=True))
    return full[kept]


def kept_part(n: int, k: int, mode: str) -> slice:
    """Which part of the full result of ``n`` samples and ``k`` taps the mode keeps."""
    if mode == "valid":
        return slice(k - 1, n)
    first = (k - 1) // 2
    return slice(first, first + n) if mode == "same" else slice(0, n + k - 1)


def levels(values: NDArray[np.float64], maximum: int = 255) -> NDArray[Any]:
    """Values as a picture's levels: rounded half to even, saturated."""
    dtype = np.uint8 if maximum == 255 else np.uint16
    return np.clip(np.rint(values), 0, maximum).astype(dtype)


def dilated(kernel: NDArray[np.float64], rows: int, columns: int | None = None) -> Any:
    """The kernel with zeros put between its taps, so that they lie ``rows`` (or each) apart."""
    apart = (rows,) * kernel.ndim if columns is None else (rows, columns)
    wide = np.zeros([(k - 1) * d + 1 for k, d in zip(kernel.shape, apart, strict=True)])
    for at in np.ndindex(*kernel.shape):
        wide[tuple(i * d for i, d in zip(at, apart, strict=True))] = kernel[at]
    return wide
