"""Flat shapes against scikit-image's footprints, MATLAB's disk and areas known otherwise."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.morphology

from service.errors import InvalidRequest, LimitExceeded
from service.kernels.kernel import KernelLimits
from service.kernels.parsing import parse_kernel
from service.kernels.shapes import disk_areas


def values(name: str, **parameters: Any) -> Any:
    (kernel,) = parse_kernel({"name": name, **parameters}).build(2).kernels
    return kernel.values


RADII = [0.4, 0.5, 0.6, math.sqrt(0.5), 0.8, 1, 1.5, 2.2, 3.5, 5, 7.9, 40.25, 511.4]


@pytest.mark.parametrize("radius", RADII)
def test_the_pixels_of_a_disk_cover_its_area_and_the_middle_row_its_strip(radius: float) -> None:
    reach = math.ceil(radius - 0.5)
    areas = disk_areas(radius, reach)
    assert areas.min() >= 0
    assert areas.max() <= 1
    assert areas.sum() == pytest.approx(np.pi * radius**2, rel=1e-13)
    assert areas[reach].sum() == pytest.approx(strip(radius), rel=1e-12)
    np.testing.assert_array_equal(areas, areas.T)
    np.testing.assert_array_equal(areas, areas[::-1])


def strip(radius: float) -> float:
    """The area of a disk between y = -1/2 and y = 1/2."""
    half = min(radius, 0.5)
    return 2 * (half * math.sqrt(radius**2 - half**2) + radius**2 * math.asin(half / radius))


@pytest.mark.parametrize("radius", [0.6, 1.3, 2.7])
def test_the_share_of_each_pixel_is_what_a_fine_grid_counts(radius: float) -> None:
    reach, fine = math.ceil(radius - 0.5), 500
    middles = (np.arange((2 * reach + 1) * fine) + 0.5) / fine - reach - 0.5
    inside = middles[:, np.newaxis] ** 2 + middles**2 <= radius**2
    counted = inside.reshape(2 * reach + 1, fine, 2 * reach + 1, fine).mean(axis=(1, 3))
    np.testing.assert_allclose(disk_areas(radius, reach), counted, atol=2e-3)


def matlabs_disk(radius: float) -> Any:
    """MATLAB's documented formula of fspecial('disk'), pixel by pixel; for radii from 0.71."""
    reach = math.ceil(radius - 0.5)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    square = radius**2
    for i, j in np.ndindex(kernel.shape):
        high, low = max(abs(i - reach), abs(j - reach)), min(abs(i - reach), abs(j - reach))
        outside_right = square < (high + 0.5) ** 2 + (low - 0.5) ** 2
        m1 = low - 0.5 if outside_right else math.sqrt(square - (high + 0.5) ** 2)
        inside_left = square > (high - 0.5) ** 2 + (low + 0.5) ** 2
        rest = square - (high - 0.5) ** 2
        m2 = low + 0.5 if inside_left else math.sqrt(max(rest, 0))
        on_rim = (high - 0.5) ** 2 + (low - 0.5) ** 2 < square < (high + 0.5) ** 2 + (
            low + 0.5
        ) ** 2 or (low == 0 and high - 0.5 < radius <= high + 0.5)
        if on_rim:
            a1, a2 = math.asin(m1 / radius), math.asin(m2 / radius)
            kernel[i, j] = square * (0.5 * (a2 - a1) + 0.25 * (math.sin(2 * a2) - math.sin(2 * a1)))
            kernel[i, j] += -(high - 0.5) * (m2 - m1) + (m1 - low + 0.5)
        if (high + 0.5) ** 2 + (low + 0.5) ** 2 < square:
            kernel[i, j] += 1
    kernel[reach, reach] = 1
    return kernel / kernel.sum()


# Whole and other radii; where the rim just enters a pixel's side, MATLAB needs a case of its own.
@pytest.mark.parametrize("radius", [0.75, 1, 1.4, 2, 3.9, 5, 10, 20.3])
def test_a_disk_is_matlabs(radius: float) -> None:
    disk = values("disk", radius=radius)
    np.testing.assert_allclose(disk / disk.sum(), matlabs_disk(radius), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("radius", [1, 2, 2.5, 4.3, 9])
def test_a_disk_without_antialias_is_scikit_images(radius: float) -> None:
    disk = values("disk", radius=radius, antialias=False)
    expected = skimage.morphology.disk(math.floor(radius))
    if radius != math.floor(radius):
        n = np.arange(-math.floor(radius), math.floor(radius) + 1)
        expected = n[:, np.newaxis] ** 2 + n**2 <= radius**2
    np.testing.assert_array_equal(disk, expected)


def test_a_ring_is_a_disk_without_another() -> None:
    ring = values("ring", inner=1.2, outer=3.6)
    np.testing.assert_array_equal(ring, disk_areas(3.6, 4) - disk_areas(1.2, 4))
    whole = values("ring", inner=0, outer=3.6)
    np.testing.assert_array_equal(whole, disk_areas(3.6, 4))


def test_a_ring_without_antialias_is_the_one_that_imagemagick_prints() -> None:
    expected = [
        [0, 0, 0, 1, 0, 0, 0],
        [0, 1, 1, 0, 1, 1, 0],
        [0, 1, 0, 0, 0, 1, 0],
        [1, 0, 0, 0, 0, 0, 1],
        [0, 1, 0, 0, 0, 1, 0],
        [0, 1, 1, 0, 1, 1, 0],
        [0, 0, 0, 1, 0, 0, 0],
    ]
    ring = values("ring", inner=2, outer=3, antialias=False)
    np.testing.assert_array_equal(ring, expected)


@pytest.mark.parametrize("radius", [1, 2, 3, 4, 7])
def test_shapes_of_a_whole_radius_are_the_peers_footprints(radius: int) -> None:
    side = 2 * radius + 1
    half = radius // 2
    peers = {
        "diamond": skimage.morphology.diamond(radius),
        "square": skimage.morphology.footprint_rectangle((side, side)),
        "octagon": skimage.morphology.octagon(2 * half + 1, radius - half),
        "plus": cv2.getStructuringElement(cv2.MORPH_CROSS, (side, side)),
        "cross": np.minimum(np.eye(side) + np.eye(side)[::-1], 1),
    }
    for name, expected in peers.items():
        np.testing.assert_array_equal(values(name, radius=radius), expected, err_msg=name)


def test_a_rectangle_is_as_wide_and_as_high_as_it_says() -> None:
    rectangle = values("rectangle", width=4, height=3)
    np.testing.assert_array_equal(rectangle, skimage.morphology.footprint_rectangle((3, 4)))


def test_shapes_are_averages() -> None:
    (kernel,) = parse_kernel({"name": "diamond", "radius": 2}).build(2).kernels
    assert kernel.divisor == 13


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"name": "ring", "inner": 3, "outer": 3}, "/kernel/outer"),
        ({"name": "ring", "inner": 5}, "/kernel/outer"),
        ({"name": "disk", "radius": 0}, "/kernel/radius"),
        ({"name": "diamond", "radius": 0}, "/kernel/radius"),
        ({"name": "octagon", "radius": 1.5}, "/kernel/radius"),
        ({"name": "rectangle", "width": 0}, "/kernel/width"),
    ],
)
def test_a_shape_that_can_not_be_is_refused(document: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel(document)
    assert [fault.pointer for fault in refusal.value.faults] == [pointer]


@pytest.mark.parametrize(
    ("document", "side", "pointer"),
    [
        ({"name": "disk", "radius": 10.6}, 23, "/kernel/radius"),
        ({"name": "disk", "radius": 11, "antialias": False}, 23, "/kernel/radius"),
        ({"name": "ring", "outer": 10.6}, 23, "/kernel/outer"),
        ({"name": "plus", "radius": 500_000}, 1_000_001, "/kernel/radius"),
        ({"name": "rectangle", "width": 22}, 22, "/kernel/width"),
        ({"name": "rectangle", "height": 22}, 22, "/kernel/height"),
    ],
)
def test_a_shape_over_the_limit_is_refused_where_its_size_is_said(
    document: dict[str, Any], side: int, pointer: str
) -> None:
    with pytest.raises(LimitExceeded, match=f"{side:,}") as refusal:
        parse_kernel(document).build(2, limits=KernelLimits(max_side=21))
    assert refusal.value.faults[0].pointer == pointer
