"""What the compiled engines are held to: numpy.pad and scipy's convolution, in float64."""

import numpy as np
import scipy.signal

from service.convolution.options import Boundary

BOUNDARIES = {
    Boundary.CONSTANT: "constant",
    Boundary.EDGE: "edge",
    Boundary.REFLECT: "reflect",
    Boundary.SYMMETRIC: "symmetric",
    Boundary.WRAP: "wrap",
}

# Of the largest result: what issue 9 promises.
LARGEST_ERROR = {np.float32: 4e-6, np.float64: 1e-13}
# A mean needs some results, and none that are the same sum again.
ENOUGH = 50
MOST_TAPS_SUMMED = 700
RMS_ERROR = {np.float32: 4e-7, np.float64: 1e-13}


def convolved(samples, kernel, border):
    """The convolution of an array with its border, each channel on its own."""
    extras = [(0, 0)] * (samples.ndim - kernel.ndim)
    fill = {"constant_values": border.fill_value} if border.boundary is Boundary.CONSTANT else {}
    mode = BOUNDARIES[border.boundary]
    padded = np.pad(samples.astype(np.float64), [*border.widths, *extras], mode, **fill)
    exact = kernel.astype(np.float64)
    # The sum itself, unless it takes seconds; in float64 a transform is as good.
    method = "direct" if kernel.size <= MOST_TAPS_SUMMED else "fft"
    if samples.ndim == kernel.ndim:
        return scipy.signal.convolve(padded, exact, "valid", method)
    channels = [padded[..., c] for c in range(samples.shape[-1])]
    return np.stack([scipy.signal.convolve(c, exact, "valid", method) for c in channels], axis=-1)


def scale(samples, kernel, border):
    """The largest result that samples and taps of such magnitudes can have."""
    filled = border.boundary is Boundary.CONSTANT and np.any(border.widths)
    largest = max(float(np.abs(samples).max()), abs(border.fill_value) if filled else 0.0)
    return max(largest * float(np.abs(kernel).sum()), 1e-30)


def assert_close(result, samples, kernel, border, precision=None):
    """Within the promised errors of the result's own scale, or of rounding where it cancels."""
    expected = convolved(samples, kernel, border)
    assert result.shape == expected.shape
    precision = precision or kernel.dtype.type
    assert result.dtype == precision
    error = np.abs(result - expected)
    # Sums that cancel lose digits: their scale is that of what was summed, over a root.
    possible = scale(samples, kernel, border)
    largest = max(float(np.abs(expected).max()), possible / np.sqrt(kernel.size))
    assert error.max() <= LARGEST_ERROR[precision] * largest
    _, distinct = np.unique(expected, return_index=True)
    if distinct.size >= ENOUGH:
        rms = np.sqrt(np.mean(error.ravel()[distinct] ** 2))
        assert rms <= RMS_ERROR[precision] * largest
