"""OpenCV's own borders: used where they are what numpy.pad makes, and nowhere else."""

import cv2
import numpy as np
import pytest

from service.convolution.boundary import Border
from service.convolution.geometry import padding
from service.convolution.opencv import border_type
from service.convolution.options import Boundary, Mode

RANDOM = np.random.default_rng(41)


def border(shape, boundary, mode=Mode.SAME, fill_value=0.0):
    return Border(tuple(padding(k, mode) for k in shape), boundary, fill_value)


@pytest.mark.parametrize("boundary", [each for each in Boundary if each is not Boundary.WRAP])
@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (5, 8), (1, 6), (11, 9)])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (4, 9)])
def test_opencvs_border_is_numpys(boundary, shape, size):
    picture, kernel = RANDOM.random((*size, 3)), RANDOM.random(shape)
    kind = border_type(border(shape, boundary), shape)
    filtered = cv2.filter2D(picture, -1, kernel, borderType=kind).reshape(picture.shape)
    wide = border(shape, boundary).round(picture, np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(wide, shape, (0, 1))
    expected = np.einsum("hwcij,ij->hwc", windows, kernel)
    np.testing.assert_allclose(filtered, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "other",
    [
        border((3, 3), Boundary.WRAP),
        border((3, 3), Boundary.CONSTANT, fill_value=1.0),
        border((3, 3), Boundary.EDGE, Mode.FULL),
        border((3, 3), Boundary.EDGE, Mode.VALID),
        border((5, 3), Boundary.EDGE),
    ],
)
def test_other_borders_are_not_opencvs(other):
    assert border_type(other, (3, 3)) is None
