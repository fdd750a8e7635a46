"""Sizes and positions, against what scipy's own results have."""

import numpy as np
import pytest
import scipy.signal

from service.convolution.geometry import origin, output_length, padding
from service.convolution.options import Mode

SIZES = [(n, k) for n in (1, 2, 5, 8) for k in (1, 2, 3, 4, 7, 12)]


# Where valid has no sample, scipy swaps the operands.
HAVE_SAMPLES = [(n, k, mode) for n, k in SIZES for mode in Mode if mode != "valid" or k <= n]


@pytest.mark.parametrize(("n", "k", "mode"), HAVE_SAMPLES)
def test_the_result_is_as_long_as_scipys(n, k, mode):
    assert output_length(n, k, mode) == len(scipy.signal.convolve(np.ones(n), np.ones(k), mode))


@pytest.mark.parametrize(("n", "k"), [(n, k) for n, k in SIZES if k > n])
def test_valid_has_no_sample_where_the_kernel_is_longer(n, k):
    assert output_length(n, k, Mode.VALID) < 1


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("k", range(1, 10))
def test_the_border_is_what_valid_needs_to_give_the_mode(k, mode):
    n = 20
    before, after = padding(k, mode)
    bordered = np.pad(np.random.default_rng(k).normal(size=n), (before, after))
    kernel = np.arange(1.0, k + 1)
    np.testing.assert_allclose(
        scipy.signal.convolve(bordered, kernel, "valid"),
        scipy.signal.convolve(bordered[before : before + n], kernel, mode),
    )


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("k", range(1, 10))
def test_the_origin_is_where_an_impulse_at_the_kernels_centre_leaves_a_sample(k, mode):
    centred = np.zeros(k)
    centred[(k - 1) // 2] = 1.0
    ramp = np.arange(100.0, 130.0)
    shifted = scipy.signal.convolve(ramp, centred, mode)
    inside = np.flatnonzero(shifted)[0]
    assert shifted[inside] == ramp[inside + origin(k, mode)]
