"""``convolve`` against scipy.signal, run live."""

import numpy as np
import pytest
import scipy.signal

from service.convolution.convolve import Options, convolve
from service.convolution.options import Boundary, Method, Mode, Operation

SCIPYS_BOUNDARY = {
    Boundary.CONSTANT: "fill",
    Boundary.SYMMETRIC: "symm",
    Boundary.WRAP: "wrap",
}
SIGNALS = [(n, k) for n in (1, 8, 9, 300) for k in (1, 2, 3, 8, 25)]
PICTURES = [
    (size, kernel)
    for size in [(9, 8), (12, 13), (1, 7), (6, 1)]
    for kernel in [(3, 3), (2, 2), (4, 3), (1, 5), (4, 1), (8, 8), (15, 14)]
]
SCIPYS = {Operation.CONVOLVE: scipy.signal.convolve, Operation.CORRELATE: scipy.signal.correlate}

every_mode = pytest.mark.parametrize("mode", Mode)
every_operation = pytest.mark.parametrize("operation", Operation)


def have_samples(sizes, mode):
    """Not so for ``valid`` with a larger kernel, where scipy swaps the operands."""
    return mode is not Mode.VALID or all(k <= n for n, k in zip(*sizes, strict=True))


SIGNAL_CASES = [(n, k, m) for n, k in SIGNALS for m in Mode if have_samples(((n,), (k,)), m)]
PICTURE_CASES = [(n, k, m) for n, k in PICTURES for m in Mode if have_samples((n, k), m)]


def assert_close(result, expected):
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize(("n", "k", "mode"), SIGNAL_CASES)
@every_operation
def test_a_signals_result_is_scipys(n, k, mode, operation):
    random = np.random.default_rng([n, k])
    signal, kernel = random.normal(size=n), random.normal(size=k)
    result, _ = convolve(signal, kernel, Options(mode=mode, operation=operation))
    assert_close(result, SCIPYS[operation](signal, kernel, mode, "direct"))


@pytest.mark.parametrize(("size", "kernel_size", "mode"), PICTURE_CASES)
@every_operation
@pytest.mark.parametrize("method", [Method.AUTO, Method.FFT])
def test_a_pictures_result_is_scipys_channel_by_channel(size, kernel_size, mode, operation, method):
    random = np.random.default_rng([*size, *kernel_size])
    picture, kernel = random.normal(size=(*size, 3)), random.normal(size=kernel_size)
    options = Options(mode=mode, operation=operation, method=method)
    result, _ = convolve(picture, kernel, options)
    for channel in range(3):
        expected = SCIPYS[operation](picture[:, :, channel], kernel, mode, "direct")
        assert_close(result[:, :, channel], expected)


@pytest.mark.parametrize("boundary", SCIPYS_BOUNDARY)
@every_mode
@pytest.mark.parametrize("kernel_size", [(3, 3), (2, 4), (5, 2), (1, 6), (7, 8)])
def test_borders_are_those_of_convolve2d(boundary, mode, kernel_size):
    random = np.random.default_rng([*kernel_size])
    picture, kernel = random.normal(size=(9, 8, 1)), random.normal(size=kernel_size)
    options = Options(mode=mode, boundary=boundary, fill_value=-2.5)
    result, _ = convolve(picture, kernel, options)
    expected = scipy.signal.convolve2d(
        picture[:, :, 0], kernel, mode, SCIPYS_BOUNDARY[boundary], fillvalue=-2.5
    )
    assert_close(result[:, :, 0], expected)


@pytest.mark.parametrize("kernel_size", [(3, 5), (5, 1), (7, 3)])
def test_a_correlation_with_an_odd_kernel_is_correlate2ds(kernel_size):
    random = np.random.default_rng([*kernel_size])
    picture, kernel = random.normal(size=(9, 8, 1)), random.normal(size=kernel_size)
    result, _ = convolve(picture, kernel, Options(operation=Operation.CORRELATE))
    assert_close(result[:, :, 0], scipy.signal.correlate2d(picture[:, :, 0], kernel, "same"))


def test_the_operands_are_left_as_they_were():
    random = np.random.default_rng(9)
    picture, kernel = random.integers(0, 9, (9, 8, 1)) * 1.0, random.integers(0, 9, (1, 1)) * 1.0
    for operation in Operation:
        for method in (Method.AUTO, Method.DIRECT, Method.SEPARABLE, Method.FFT):
            before = picture.copy(), kernel.copy()
            picture.flags.writeable = kernel.flags.writeable = False
            result, _ = convolve(picture, kernel, Options(operation=operation, method=method))
            assert not np.shares_memory(result, picture)
            np.testing.assert_array_equal(picture, before[0])
            np.testing.assert_array_equal(kernel, before[1])


def test_a_large_random_kernel_and_picture_are_scipys_under_auto():
    random = np.random.default_rng(10)
    picture, kernel = random.normal(size=(200, 210, 1)), random.normal(size=(41, 30))
    result, chosen = convolve(picture, kernel, Options())
    assert chosen.engine.method is Method.FFT
    expected = scipy.signal.convolve(picture[:, :, 0], kernel, "same", "direct")
    assert_close(result[:, :, 0], expected)
