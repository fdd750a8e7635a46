"""The convolution by one transform of the whole, for kernels nearly as long as the samples.

By scipy.fft, whose speed at great lengths, and at lengths that are no power of two, is even.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.fft

from service.convolution.arrays import Array
from service.convolution.samples import Samples


def whole_transform(samples: Samples, kernel: Array) -> Samples:
    """The valid convolution of (n,) by (taps,), or (height, width, channels) by (rows, columns).

    The transform is as long as the samples, not longer: what wraps round falls into the part
    that is not valid.
    """
    lengths = transform_lengths(samples.shape[: kernel.ndim])
    axes = tuple(range(kernel.ndim))
    spectrum = scipy.fft.rfftn(kernel.astype(samples.dtype), lengths, axes)
    spectrum = spectrum.reshape(*spectrum.shape, *[1] * (samples.ndim - kernel.ndim))
    product = scipy.fft.rfftn(samples, lengths, axes)
    product *= spectrum
    filtered = scipy.fft.irfftn(product, lengths, axes, overwrite_x=True)
    valid = tuple(slice(k - 1, n) for k, n in zip(kernel.shape, samples.shape, strict=False))
    return np.ascontiguousarray(filtered[valid])


def transform_lengths(lengths: Sequence[int]) -> tuple[int, ...]:
    """The next lengths that scipy.fft is fast at."""
    return tuple(int(scipy.fft.next_fast_len(n, real=True)) for n in lengths)
