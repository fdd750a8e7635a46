"""Blurs against scipy's filters, MATLAB's motion blur, and the directions that they name."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
import scipy.stats

from service.errors import LimitExceeded
from service.kernels.kernel import KernelLimits
from service.kernels.parsing import parse_kernel


def taps(name: str, dimensions: int = 2, **parameters: Any) -> Any:
    (kernel,) = parse_kernel({"name": name, **parameters}).build(dimensions).kernels
    return kernel.taps


def moments(kernel: Any) -> tuple[float, float, float]:
    """The centroid (x, y) and the mixed moment, y upwards, of a kernel drawn as a picture."""
    rows, columns = kernel.shape
    down, right = np.mgrid[:rows, :columns]
    x, y = right - (columns - 1) / 2, (rows - 1) / 2 - down
    return tuple(float((kernel * each).sum() / kernel.sum()) for each in (x, y, x * y))


@pytest.mark.parametrize(
    ("angle", "sigmas"), [(0, (1.3, 2.6)), (90, (2.6, 1.3)), (180, (1.3, 2.6))]
)
def test_an_anisotropic_gaussian_along_the_axes_is_the_filter_of_scipy(
    angle: float, sigmas: tuple[float, float]
) -> None:
    kernel = taps("anisotropic_gaussian", sigma_x=2.6, sigma_y=1.3, angle=angle)
    impulse = np.zeros(kernel.shape)
    impulse[kernel.shape[0] // 2, kernel.shape[1] // 2] = 1
    expected = scipy.ndimage.gaussian_filter(impulse, sigmas, mode="constant")
    np.testing.assert_allclose(kernel, expected, atol=1e-16)


@pytest.mark.parametrize("angle", [20, 45, 110, -60])
def test_a_turned_gaussian_has_the_covariance_of_its_ellipse(angle: float) -> None:
    kernel = taps("anisotropic_gaussian", sigma_x=4, sigma_y=1.5, angle=angle)
    turn = math.radians(angle)
    expected = (4**2 - 1.5**2) * math.sin(turn) * math.cos(turn)
    assert moments(kernel) == pytest.approx((0, 0, expected), abs=0.02)
    assert kernel[[0, -1]].max() < 1e-3 * kernel.max()
    assert kernel[:, [0, -1]].max() < 1e-3 * kernel.max()


def test_an_anisotropic_gaussian_may_have_a_size_of_its_own() -> None:
    assert taps("anisotropic_gaussian", size=8).shape == (8, 8)


def matlabs_motion(length: float, angle: float) -> Any:
    """MATLAB's documented algorithm of fspecial('motion'): half a line, unfolded."""
    half, phi = (max(1, length) - 1) / 2, math.radians(angle % 180)
    cosine, sine = math.cos(phi), math.sin(phi)
    sign = int(np.sign(cosine))
    eps = np.finfo(float).eps
    sx = int(half * cosine + sign - length * eps)
    sy = int(half * sine + 1 - length * eps)
    rows, columns = sy + 1, abs(sx) + 1
    quarter = np.zeros((rows, columns))
    for row, column in np.ndindex(rows, columns):
        x, y = column * sign, row
        distance = y * cosine - x * sine
        if math.hypot(x, y) >= half and abs(distance) <= 1:
            rest = half - abs((x + distance * sine) / cosine)
            distance = math.hypot(distance, rest)
        quarter[row, column] = max(1 + eps - abs(distance), 0)
    kernel = np.zeros((2 * rows - 1, 2 * columns - 1))
    kernel[:rows, :columns] = quarter[::-1, ::-1]
    kernel[rows - 1 :, columns - 1 :] = quarter
    kernel /= kernel.sum()
    return kernel[::-1] if cosine > 0 else kernel


@pytest.mark.parametrize("length", [2, 5, 9, 10.5, 50])
@pytest.mark.parametrize("angle", [0, 12, 30, 45, 60, 89, 100, 135, 170, 200, -20])
def test_motion_blur_is_matlabs(length: float, angle: float) -> None:
    kernel = taps("motion_blur", length=length, angle=angle)
    expected = matlabs_motion(length, angle)
    assert kernel.shape == expected.shape
    np.testing.assert_allclose(kernel, expected, atol=1e-14)


def test_motion_blur_along_the_axes_is_an_average_of_so_many_pixels() -> None:
    np.testing.assert_array_equal(taps("motion_blur", length=1, angle=100), [[1]])
    np.testing.assert_array_equal(taps("motion_blur", length=5), np.full((1, 5), 0.2))
    np.testing.assert_array_equal(taps("motion_blur", length=5, angle=90), np.full((5, 1), 0.2))


@pytest.mark.parametrize(("angle", "sign"), [(30, 1), (150, -1), (-30, -1), (-150, 1)])
def test_motion_blur_leans_as_its_angle_does_on_the_picture(angle: float, sign: int) -> None:
    assert sign * moments(taps("motion_blur", length=15, angle=angle))[2] > 1


def test_a_comet_is_half_a_gaussian_after_its_head() -> None:
    kernel = taps("comet", sigma=2, length=5, normalize="none")
    half = np.exp(-(np.arange(5.0) ** 2) / 8)
    np.testing.assert_allclose(kernel, [[0, 0, 0, 0, *half]], rtol=1e-15)


@pytest.mark.parametrize("angle", [0, 30, 90, 135, 200, -80])
def test_the_tail_of_a_bright_point_goes_where_the_angle_of_the_comet_points(angle: float) -> None:
    point = np.zeros((41, 41))
    point[20, 20] = 1
    streak = scipy.signal.convolve2d(point, taps("comet", sigma=3, angle=angle), mode="same")
    assert np.unravel_index(streak.argmax(), streak.shape) == (20, 20)
    x, y, _ = moments(streak)
    assert math.hypot(x, y) > 1.5
    assert math.degrees(math.atan2(y, x)) % 360 == pytest.approx(angle % 360, abs=3)


@pytest.mark.parametrize("order", [0, 1, 2, 5, 8, 56])
def test_a_binomial_is_one_and_one_convolved_so_many_times(order: int) -> None:
    expected = np.ones(1)
    for _ in range(order):
        expected = np.convolve(expected, [1, 1])
    (kernel,) = parse_kernel({"name": "binomial", "order": order}).build(1).kernels
    np.testing.assert_array_equal(kernel.values, expected)
    assert kernel.divisor == 2**order


def test_the_largest_binomial_is_a_kernel_for_pictures() -> None:
    kernel = taps("binomial", order=500)
    assert kernel.shape == (501, 501)
    assert kernel.sum() == pytest.approx(1, abs=1e-13)


@pytest.mark.parametrize(("gamma", "size"), [(1.5, None), (0.3, 9), (40, 12)])
def test_cauchys_curve_is_the_density_of_scipys_distribution(
    gamma: float, size: int | None
) -> None:
    kernel = taps("cauchy", 1, gamma=gamma, size=size, normalize="none")
    assert len(kernel) == (size or 31)
    n = np.arange(len(kernel)) - (len(kernel) - 1) / 2
    expected = scipy.stats.cauchy.pdf(n, scale=gamma) * np.pi * gamma
    np.testing.assert_allclose(kernel, expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("document", "dimensions", "pointer"),
    [
        ({"name": "anisotropic_gaussian", "sigma_x": 200}, 2, "/kernel/sigma_x"),
        ({"name": "anisotropic_gaussian", "sigma_y": 200}, 2, "/kernel/sigma_y"),
        ({"name": "anisotropic_gaussian", "size": 1025}, 2, "/kernel/size"),
        ({"name": "motion_blur", "length": 1e6, "angle": 10}, 2, "/kernel/length"),
        ({"name": "comet", "length": 500_000}, 2, "/kernel/length"),
        ({"name": "comet", "sigma": 1e5}, 2, "/kernel/sigma"),
        ({"name": "cauchy", "gamma": 1e6}, 1, "/kernel/gamma"),
        ({"name": "cauchy", "size": 1025}, 2, "/kernel/size"),
    ],
)
def test_a_blur_over_the_limit_is_refused_where_its_size_is_said(
    document: dict[str, Any], dimensions: int, pointer: str
) -> None:
    with pytest.raises(LimitExceeded) as refusal:
        parse_kernel(document).build(dimensions)
    assert refusal.value.faults[0].pointer == pointer


def test_a_binomial_over_the_limit_is_refused_at_its_order() -> None:
    with pytest.raises(LimitExceeded) as refusal:
        parse_kernel({"name": "binomial", "order": 21}).build(1, limits=KernelLimits(max_taps=21))
    assert refusal.value.faults[0].pointer == "/kernel/order"
