"""Gabor's kernels and derivatives of a Gaussian: against the peers, and on ramps and waves."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import cv2
import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
import skimage.filters

from service.errors import LimitExceeded
from service.kernels.kernel import Combine
from service.kernels.parsing import parse_kernel

ANGLES = [0, 25, 60, 90, 130, 240, -45]


def taps(name: str, **parameters: Any) -> Any:
    (kernel,) = parse_kernel({"name": name, **parameters}).build(2).kernels
    return kernel.taps


def coordinates(side: int) -> tuple[Any, Any]:
    """x to the right and y upwards of a square picture."""
    down, right = np.mgrid[:side, :side]
    return right - (side - 1) / 2, (side - 1) / 2 - down


@pytest.mark.parametrize("angle", ANGLES)
@pytest.mark.parametrize(
    ("own", "theirs"),
    [
        ({"bandwidth": 1.4}, {"bandwidth": 1.4}),
        (
            {"sigma": 3, "aspect": 0.75, "phase": 30},
            {"sigma_x": 3, "sigma_y": 4, "offset": math.pi / 6},
        ),
    ],
)
def test_a_gabor_kernel_is_scikit_images_whose_angle_is_clockwise(
    angle: float, own: dict[str, float], theirs: dict[str, float]
) -> None:
    expected = skimage.filters.gabor_kernel(1 / 7, theta=-math.radians(angle), **theirs)
    even = taps("gabor", wavelength=7, angle=angle, **own)
    odd = taps("gabor", wavelength=7, angle=angle, part="odd", **own)
    np.testing.assert_allclose(even, expected.real, atol=1e-15)
    np.testing.assert_allclose(odd, -expected.imag, atol=1e-15)


@pytest.mark.parametrize("angle", ANGLES)
def test_a_gabor_kernel_is_opencvs_with_its_angle_and_phase_the_other_way(angle: float) -> None:
    expected = cv2.getGaborKernel(
        (15, 15), 2.5, -math.radians(angle), 6.5, 0.6, -math.radians(40), cv2.CV_64F
    )
    kernel = taps("gabor", size=15, sigma=2.5, angle=angle, wavelength=6.5, aspect=0.6, phase=40)
    np.testing.assert_allclose(kernel * (2 * np.pi * 2.5 * 2.5 / 0.6), expected, atol=1e-14)


def test_the_magnitude_of_both_parts_is_the_same_wherever_the_wave_is() -> None:
    document = {"name": "gabor", "wavelength": 8, "angle": 30, "part": "magnitude"}
    bank = parse_kernel(document).build(2)
    assert bank.combine is Combine.MAGNITUDE
    x, y = coordinates(61)
    along = x * math.cos(math.radians(30)) + y * math.sin(math.radians(30))
    wave = np.cos(2 * np.pi * along / 8 + 0.3)
    even, odd = (scipy.signal.convolve2d(wave, each.taps, mode="valid") for each in bank.kernels)
    magnitude = np.hypot(even, odd)
    np.testing.assert_allclose(magnitude, magnitude.mean(), rtol=0.01)
    other = np.cos(
        2 * np.pi * (x * math.cos(math.radians(-30)) + y * math.sin(math.radians(-30))) / 8
    )
    assert np.abs(scipy.signal.convolve2d(other, bank.kernels[0].taps, mode="valid")).max() < 0.05


ODD_KERNELS = [
    *(({"name": "gabor", "part": "odd", "size": 41, "angle": angle}, angle) for angle in ANGLES),
    *(({"name": "gaussian_derivative", "angle": angle}, angle) for angle in ANGLES),
    ({"name": "gaussian_derivative", "order_x": 0, "order_y": 1}, 270),
    ({"name": "gaussian_derivative", "order_x": 0, "order_y": 1, "angle": 30}, 300),
]


@pytest.mark.parametrize(("document", "angle"), ODD_KERNELS)
def test_an_odd_kernel_is_positive_where_brightness_grows_along_its_angle(
    document: dict[str, Any], angle: float
) -> None:
    (kernel,) = parse_kernel(document).build(2).kernels
    x, y = coordinates(kernel.taps.shape[0] + 4)
    ramp = x * math.cos(math.radians(angle)) + y * math.sin(math.radians(angle))
    across = y * math.cos(math.radians(angle)) - x * math.sin(math.radians(angle))
    growth = scipy.signal.convolve2d(ramp, kernel.taps, mode="valid")
    assert (growth > 0.01).all()
    sideways = scipy.signal.convolve2d(across, kernel.taps, mode="valid")
    assert np.abs(sideways).max() < 0.1 * growth.min()


@pytest.mark.parametrize(("order_x", "order_y"), list(product(range(4), range(4))))
@pytest.mark.parametrize("sigma", [0.8, 2.3])
def test_a_derivative_of_a_gaussian_is_scipys(order_x: int, order_y: int, sigma: float) -> None:
    kernel = taps("gaussian_derivative", sigma=sigma, order_x=order_x, order_y=order_y)
    impulse = np.zeros(kernel.shape)
    impulse[kernel.shape[0] // 2, kernel.shape[1] // 2] = 1
    expected = scipy.ndimage.gaussian_filter(impulse, sigma, (order_y, order_x), mode="constant")
    np.testing.assert_allclose(kernel, expected, atol=1e-15)


def test_a_turned_first_derivative_is_the_sum_of_both_by_cosine_and_sine() -> None:
    turned = taps("gaussian_derivative", sigma=2, angle=35)
    x = taps("gaussian_derivative", sigma=2)
    upwards = -taps("gaussian_derivative", sigma=2, order_x=0, order_y=1)
    turn = math.radians(35)
    np.testing.assert_allclose(turned, math.cos(turn) * x + math.sin(turn) * upwards, atol=1e-16)


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"name": "gabor", "wavelength": 1e5}, "/kernel/wavelength"),
        ({"name": "gabor", "sigma": 1e6}, "/kernel/sigma"),
        ({"name": "gabor", "size": 1025}, "/kernel/size"),
        ({"name": "gaussian_derivative", "sigma": 128}, "/kernel/sigma"),
        ({"name": "gaussian_derivative", "size": 1025}, "/kernel/size"),
    ],
)
def test_an_oriented_kernel_over_the_limit_is_refused_where_its_size_is_said(
    document: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(LimitExceeded) as refusal:
        parse_kernel(document).build(2)
    assert refusal.value.faults[0].pointer == pointer
