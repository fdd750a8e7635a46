"""What becomes of gray, colour, alpha, depth and orientation."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image

from service.convolution.options import Boundary, Mode
from service.formats.orientation import ORIENTATIONS
from service.formats.table import FORMATS, Subject
from tests.pipelines.calling import convolve_a_picture
from tests.pipelines.expectation import expected, levels

KERNEL = np.array([[1.0, 2, 0], [0, 1, -1], [3, 1, 1]]) / 8
EVEN = np.array([[1.0, 2, 3, -1], [2, 0, 1, 0]]) / 8
PICTURES = [each.name for each in FORMATS.values() if each.encode_picture is not None]
PICTURES = [name for name in PICTURES if Subject.PICTURE in FORMATS[name].writes]
LOSSLESS = [name for name in PICTURES if FORMATS[name].lossless]
COLOR_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def mode_of(body: bytes) -> str:
    with Image.open(BytesIO(body)) as image:
        return image.mode


@pytest.mark.parametrize("channels", COLOR_MODES)
def test_a_png_comes_back_in_the_mode_in_which_it_came(draw, channels):
    picture = draw(6, 7, channels) if channels > 1 else draw(6, 7)
    answer = convolve_a_picture(picture, kernel=KERNEL.tolist())
    assert mode_of(answer.body) == COLOR_MODES[channels]


@pytest.mark.parametrize("output", ["jpeg", "tiff"])
def test_gray_stays_gray_in_formats_that_have_gray(draw, output):
    assert mode_of(convolve_a_picture(draw(6, 7), kernel="box", output=output).body) == "L"


@pytest.mark.parametrize("output", PICTURES)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_picture_format_holds_the_result(draw, output, channels):
    picture = cv2.GaussianBlur(draw(32, 40, 3), (0, 0), 4)
    picture = picture if channels == 3 else np.ascontiguousarray(picture[:, :, 0])
    answer = convolve_a_picture(picture, kernel=KERNEL.tolist(), output=output)
    with Image.open(BytesIO(answer.body)) as image:
        assert image.get_format_mimetype() in FORMATS[output].media_types
        samples = np.asarray(image.convert("RGB" if channels == 3 else "L"))
    wanted = levels(expected(picture, KERNEL))
    slack = 0 if FORMATS[output].lossless else 12
    assert np.abs(samples.astype(int) - wanted).max() <= slack


@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("kernel", [KERNEL, EVEN], ids=["odd", "even"])
def test_alpha_stays_exactly_as_it_is_in_same(draw, channels, kernel):
    picture = draw(6, 7, channels)
    answer = convolve_a_picture(picture, kernel=kernel.tolist(), absolute=True, bias=9)
    np.testing.assert_array_equal(answer.picture[:, :, -1], picture[:, :, -1])
    wanted = levels(np.abs(expected(picture[:, :, :-1], kernel)) + 9)
    np.testing.assert_array_equal(answer.picture[:, :, :-1], wanted)


def test_colours_under_full_transparency_are_convolved_as_any_other():
    picture = np.zeros((3, 3, 2), np.uint8)
    picture[1, 1] = 200, 0
    answer = convolve_a_picture(picture, kernel=[[0, 0, 0], [0, 0, 1], [0, 0, 0]])
    assert answer.picture[1, 2, 0] == 200
    assert not answer.picture[:, :, 1].any()


# Of 2 x 3 kernels the full result has 1 row and 2 columns more, one column on either side and
# the row below; valid lacks the first row and a column on either side.
ALPHA = np.array([[10, 20, 30], [40, 50, 60]], np.uint8)
FITTED = {
    ("full", "constant"): [[255, 10, 20, 30, 255], [255, 40, 50, 60, 255], [255] * 5],
    ("full", "edge"): [[10, 10, 20, 30, 30], [40, 40, 50, 60, 60], [40, 40, 50, 60, 60]],
    ("full", "symmetric"): [[10, 10, 20, 30, 30], [40, 40, 50, 60, 60], [40, 40, 50, 60, 60]],
    ("full", "reflect"): [[20, 10, 20, 30, 20], [50, 40, 50, 60, 50], [20, 10, 20, 30, 20]],
    ("full", "wrap"): [[30, 10, 20, 30, 10], [60, 40, 50, 60, 40], [30, 10, 20, 30, 10]],
    ("same", "wrap"): [[10, 20, 30], [40, 50, 60]],
    ("valid", "wrap"): [[50]],
}


@pytest.mark.parametrize(("mode", "boundary"), FITTED)
@pytest.mark.parametrize("operation", ["convolve", "correlate"])
def test_alpha_lies_where_the_results_pixels_lie(draw, mode, boundary, operation):
    picture = np.dstack([draw(2, 3), ALPHA])
    answer = convolve_a_picture(
        picture, kernel=[[1, 2, 3], [0, -1, 4]], mode=mode, boundary=boundary, operation=operation
    )
    np.testing.assert_array_equal(answer.picture[:, :, 1], FITTED[mode, boundary])


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (4, 5), (4, 4), (1, 6)], ids=str)
@pytest.mark.parametrize("boundary", [each for each in Boundary if each is not Boundary.CONSTANT])
def test_where_the_kernel_only_moves_nothing_colour_and_alpha_stay_together(
    draw, mode, shape, boundary
):
    gray = draw(6, 7)
    picture = np.dstack([gray, gray])
    kernel = np.zeros(shape)
    kernel[(shape[0] - 1) // 2, (shape[1] - 1) // 2] = 1
    answer = convolve_a_picture(picture, kernel=kernel.tolist(), mode=mode, boundary=boundary)
    np.testing.assert_array_equal(answer.picture[:, :, 0], answer.picture[:, :, 1])


def test_alpha_of_a_picture_smaller_than_the_kernel_is_extended_over_and_over(draw):
    picture = draw(2, 2, 2)
    answer = convolve_a_picture(picture, kernel=np.eye(9, 8).tolist(), mode="full", boundary="wrap")
    wanted = np.pad(picture[:, :, 1], ((4, 4), (3, 4)), mode="wrap")
    np.testing.assert_array_equal(answer.picture[:, :, 1], wanted)


def test_sixteen_bit_alpha_is_opaque_at_65535(draw):
    picture = draw(3, 4, 4, dtype=np.uint16)
    answer = convolve_a_picture(
        picture, kernel=np.ones((3, 3)).tolist(), mode="full", boundary="constant"
    )
    assert answer.picture.dtype == np.uint16
    np.testing.assert_array_equal(answer.picture[1:-1, 1:-1, 3], picture[:, :, 3])
    assert set(answer.picture[0, :, 3]) == {65535}


@pytest.mark.parametrize("index", range(3))
def test_a_single_channel_by_name_makes_a_gray_picture_of_it(draw, index):
    picture = draw(6, 7, 3)
    name = ("red", "green", "blue")[index]
    answer = convolve_a_picture(picture, kernel=KERNEL.tolist(), channels=name)
    wanted = levels(expected(picture[:, :, index], KERNEL))
    np.testing.assert_array_equal(answer.picture, wanted)


def test_luma_is_weighed_and_not_rounded_before_the_convolution(draw):
    picture = draw(6, 7, 3)
    luma = (picture.astype(np.int64) @ [299, 587, 114]) / 1000
    answer = convolve_a_picture(picture, kernel=KERNEL.tolist(), channels="luma", output="npy")
    np.testing.assert_allclose(answer.array, expected(luma, KERNEL), rtol=0, atol=1e-11)
    alone = convolve_a_picture(picture, kernel="identity", channels="luma", output="npy")
    np.testing.assert_array_equal(alone.array, luma)


@pytest.mark.parametrize("channels", ["luma", "red", "green", "blue"])
def test_gray_is_its_own_luma_red_green_and_blue(draw, channels):
    picture = draw(6, 7)
    answer = convolve_a_picture(picture, kernel="identity", channels=channels)
    np.testing.assert_array_equal(answer.picture, picture)


def test_one_channel_of_a_transparent_picture_keeps_its_alpha(draw):
    picture = draw(6, 7, 4)
    answer = convolve_a_picture(picture, kernel="identity", channels="green")
    np.testing.assert_array_equal(answer.picture, picture[:, :, [1, 3]])


@pytest.mark.parametrize("output", PICTURES)
def test_sixteen_bits_stay_sixteen_where_the_format_can_hold_them(draw, output):
    picture = draw(16, 17, dtype=np.uint16)
    answer = convolve_a_picture(picture, kernel=KERNEL.tolist(), output=output)
    deep = 16 in FORMATS[output].depths
    assert answer.picture.dtype == (np.uint16 if deep else np.uint8)
    if deep:
        wanted = levels(expected(picture, KERNEL), 65535)
        np.testing.assert_array_equal(answer.picture, wanted)


def test_sixteen_bits_become_eight_by_a_division_by_257():
    picture = np.array([[0, 128, 129, 257 * 7, 65535]], np.uint16)
    answer = convolve_a_picture(picture, kernel="identity", output="webp")
    assert answer.picture[0, :, 0].tolist() == [0, 0, 1, 7, 255]


@pytest.mark.parametrize("output", [name for name in LOSSLESS if 16 in FORMATS[name].depths])
def test_eight_bits_stay_eight(draw, output):
    picture = draw(5, 6, 3)
    answer = convolve_a_picture(picture, kernel="identity", output=output)
    assert answer.picture.dtype == np.uint8
    np.testing.assert_array_equal(answer.picture, picture)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_exif_orientation_is_applied_before_the_convolution(draw, orientation):
    stored = draw(4, 6)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    file = BytesIO()
    Image.fromarray(stored).save(file, "png", exif=exif)
    turns = {2: [0], 3: [3], 4: [1], 5: [5], 6: [4], 7: [6], 8: [2]}.get(orientation, [])
    upright = Image.fromarray(stored)
    for turn in turns:
        upright = upright.transpose(Image.Transpose(turn))
    answer = convolve_a_picture(file.getvalue(), kernel=KERNEL.tolist())
    np.testing.assert_array_equal(answer.picture, levels(expected(np.asarray(upright), KERNEL)))
    with Image.open(BytesIO(answer.body)) as image:
        assert image.getexif().get(ExifTags.Base.Orientation, 1) == 1
