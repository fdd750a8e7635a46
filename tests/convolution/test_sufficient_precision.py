"""That the precision chosen for 8-bit results is enough: they are the float64 ones, rounded."""

import numpy as np
import pytest

from service.convolution.convolve import Options, convolve, sufficient_precision
from service.convolution.options import Boundary, Method

RANDOM = np.random.default_rng(12)
GAUSSIAN = np.exp(-(np.arange(-10, 11) ** 2) / 18.0)
LOPSIDED = RANDOM.uniform(0.0, 1.0, (41, 38))

# Values and divisor, as kernels have them.
KERNELS = {
    "sobel": (np.outer([1.0, 2.0, 1.0], [-1.0, 0.0, 1.0]), 1.0),
    "emboss": (np.array([[-2.0, -1.0, 0.0], [-1.0, 1.0, 1.0], [0.0, 1.0, 2.0]]), 1.0),
    "box by its sum": (np.ones((3, 5)), 15.0),
    "even box by its sum": (np.ones((4, 2)), 8.0),
    "gaussian by its sum": (np.outer(GAUSSIAN, GAUSSIAN), float(GAUSSIAN.sum() ** 2)),
    "gaussian of sum one": (np.outer(GAUSSIAN, GAUSSIAN) / GAUSSIAN.sum() ** 2, 1.0),
    "large and without symmetry": (LOPSIDED, float(LOPSIDED.sum())),
    "large and signed": (RANDOM.normal(size=(33, 30)), 40.0),
    "irrational sharpening": (
        np.array([[0.0, -np.e / 9, 0.0], [-0.3, 2.7, -0.1], [0.0, -np.pi / 11, 0.0]]),
        1.0,
    ),
    "far more than a byte": (1e5 * RANDOM.normal(size=(3, 3)), 1.0),
    "integers by thousands": (RANDOM.integers(-1000, 1000, (5, 5)).astype(float), 7000.0),
    "large integers": (RANDOM.integers(-9, 10, (21, 21)).astype(float), 300.0),
}
PICTURES = {
    "noise": RANDOM.integers(0, 256, (400, 410, 1)).astype(np.uint8),
    "black and white": np.kron(RANDOM.integers(0, 2, (40, 41)), np.ones((10, 10)))[:, :, None]
    * np.uint8(255),
}


def levels(picture, values, divisor, precision, method):
    options = Options(boundary=Boundary.SYMMETRIC, precision=precision, method=method)
    result, _ = convolve(picture, values, options)
    return np.clip(np.rint(result / divisor), 0, 255)


@pytest.mark.parametrize(("values", "divisor"), KERNELS.values(), ids=KERNELS.keys())
@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES.keys())
@pytest.mark.parametrize("method", [Method.AUTO, Method.DIRECT, Method.FFT])
def test_at_most_one_level_in_ten_thousand_differs_from_float64(values, divisor, picture, method):
    precision = sufficient_precision(255.0, values, divisor)
    chosen = levels(picture, values, divisor, precision, method)
    reference = levels(picture, values, divisor, np.float64, Method.DIRECT)
    difference = np.abs(chosen - reference)
    assert difference.max() <= 1
    assert np.count_nonzero(difference) <= 1e-4 * difference.size


@pytest.mark.parametrize(
    "name", ["sobel", "gaussian by its sum", "gaussian of sum one", "box by its sum"]
)
def test_the_usual_kernels_are_computed_in_float32(name):
    assert sufficient_precision(255.0, *KERNELS[name]) is np.float32


def test_results_of_many_levels_are_computed_in_float64():
    assert sufficient_precision(255.0, *KERNELS["far more than a byte"]) is np.float64
    assert sufficient_precision(65535.0, *KERNELS["gaussian by its sum"]) is np.float64


@pytest.mark.parametrize(
    ("values", "divisor", "precision"),
    [
        (np.full((3, 2), 5482.0), 3.0, np.float32),
        (np.full((3, 2), 5483.0), 3.0, np.float64),
        (np.full((101, 101), 3.0), 1.0, np.float32),
        (np.full((101, 101), 4.0), 1e6, np.float64),
        (np.full((3, 2), 5.0), 3.5, np.float64),
    ],
)
def test_whole_taps_are_computed_in_float32_as_long_as_that_is_exact(values, divisor, precision):
    assert sufficient_precision(255.0, values, divisor) is precision
