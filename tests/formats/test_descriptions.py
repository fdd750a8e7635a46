"""What a file says of its samples besides them: resolution and gamma, carried where they fit."""

import struct
from io import BytesIO
from itertools import product

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from service.formats.decoding import decode_picture
from service.formats.encoding import encode_picture
from service.formats.limits import PictureLimits
from service.formats.picture import Picture
from service.formats.resolution import Resolution, told_resolution
from service.formats.table import FORMATS
from tests.formats.test_png_pictures import chunk

LIMITS = PictureLimits(max_pixels=10**5, max_side=10**4)
# Per inch, what the coarsest of the formats tells: whole numbers.
ACROSS, DOWN = 300, 150
RESOLUTION = Resolution(ACROSS / 0.0254, DOWN / 0.0254)
TELLING = [
    *(("jpeg", channels, np.uint8) for channels in (1, 3)),
    *product(("png", "tiff"), (1, 2, 3, 4), (np.uint8, np.uint16)),
]


def samples(channels=3, dtype=np.uint8):
    return np.random.default_rng(1).integers(0, 256, (6, 9, channels)).astype(dtype)


def saved(kind, **options):
    file = BytesIO()
    Image.fromarray(samples()).save(file, kind, **options)
    return file.getvalue()


def assert_resolution(found, expected=RESOLUTION):
    assert found is not None
    # PNG and BMP tell whole pixels per metre.
    assert found.across == pytest.approx(expected.across, abs=0.5)
    assert found.down == pytest.approx(expected.down, abs=0.5)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP"])
def test_the_resolution_of_a_file_is_read(kind):
    assert_resolution(decode_picture(saved(kind, dpi=(ACROSS, DOWN)), LIMITS).resolution)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "GIF", "PPM"])
def test_a_file_that_tells_no_resolution_has_none(kind):
    assert decode_picture(saved(kind), LIMITS).resolution is None


@pytest.mark.parametrize(("name", "channels", "dtype"), TELLING)
def test_the_resolution_is_carried(name, channels, dtype):
    picture = Picture(samples(channels, dtype), resolution=RESOLUTION)
    data = encode_picture(picture, FORMATS[name])
    assert_resolution(decode_picture(data, LIMITS).resolution)
    if dtype == np.uint8:
        with Image.open(BytesIO(data)) as image:
            assert tuple(map(float, image.info["dpi"])) == pytest.approx((ACROSS, DOWN), abs=0.02)


def test_pixels_per_metre_are_exact_from_png_to_png():
    data = encode_picture(Picture(samples(), resolution=Resolution(2835, 11_811)), FORMATS["png"])
    again = encode_picture(decode_picture(data, LIMITS), FORMATS["png"])
    assert struct.pack(">4sIIB", b"pHYs", 2835, 11_811, 1) in again


@pytest.mark.parametrize("name", [name for name, entry in FORMATS.items() if entry.encode_picture])
def test_without_one_no_resolution_is_told(name):
    data = encode_picture(Picture(samples()), FORMATS[name])
    assert decode_picture(data, LIMITS).resolution is None
    assert b"pHYs" not in data


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_resolution_turns_with_the_picture(orientation, kind):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    found = decode_picture(saved(kind, exif=exif, dpi=(ACROSS, DOWN)), LIMITS)
    on_its_side = orientation >= 5
    assert found.samples.shape[:2] == ((9, 6) if on_its_side else (6, 9))
    assert_resolution(found.resolution, RESOLUTION.turned if on_its_side else RESOLUTION)


@pytest.mark.parametrize("unit", [2, 3])
def test_a_tiff_tells_inches_or_centimetres(unit):
    file = BytesIO()
    tags = {282: 118.5, 283: 60.25, 296: unit}
    Image.fromarray(samples()).save(file, "TIFF", tiffinfo=tags)
    metres = 0.0254 if unit == 2 else 0.01
    found = decode_picture(file.getvalue(), LIMITS).resolution
    assert_resolution(found, Resolution(118.5 / metres, 60.25 / metres))


def test_a_tiff_whose_resolution_lies_outside_of_the_file_is_read_without():
    data = bytearray(saved("TIFF", dpi=(ACROSS, DOWN)))
    entry = data.index(struct.pack("<HHI", 282, 5, 1))
    struct.pack_into("<I", data, entry + 8, 2**31)
    found = decode_picture(bytes(data), LIMITS)
    assert found.resolution is None
    np.testing.assert_array_equal(found.samples, samples())


@pytest.mark.parametrize(
    "density",
    [(0, 3), (3, 0), (-1, 1), (float("nan"), 1), (1, float("inf")), (1e30, 1), (1, 0.02), ("x", 1)],
)
def test_what_can_be_no_resolution_is_none(density):
    assert told_resolution(*density, 0.0254) is None


@pytest.mark.parametrize(("name", "channels", "dtype"), TELLING)
@pytest.mark.parametrize("extreme", [(1, 1e8), (1e8, 1), (1e8, 1e8)])
def test_the_least_and_the_most_of_resolutions_can_be_written(name, channels, dtype, extreme):
    resolution = told_resolution(*extreme, 1)
    picture = Picture(samples(channels, dtype), resolution=resolution)
    found = decode_picture(encode_picture(picture, FORMATS[name]), LIMITS).resolution
    assert found is not None
    if name != "jpeg":  # its numbers have 16 bits
        assert_resolution(found, resolution)


def test_gamma_is_carried_from_png_to_png_and_to_no_other_format():
    gamma = chunk(b"gAMA", struct.pack(">I", 45_455))
    data = encode_picture(Picture(samples()), FORMATS["png"])
    picture = decode_picture(data[:33] + gamma + data[33:], LIMITS)
    assert picture.gamma == pytest.approx(0.45455)
    assert gamma in encode_picture(picture, FORMATS["png"])
    for name in ("jpeg", "tiff", "webp"):
        written = encode_picture(picture, FORMATS[name])
        assert decode_picture(written, LIMITS).gamma is None


@pytest.mark.parametrize("keyword", ["gamma", "dpi", "icc_profile"])
def test_a_text_is_not_taken_for_what_it_is_named_like(keyword):
    texts = PngInfo()
    texts.add_text(keyword, "0.7")
    for image in (Image.fromarray(samples()), Image.fromarray(samples()).quantize(4)):
        file = BytesIO()
        image.save(file, "PNG", pnginfo=texts)
        picture = decode_picture(file.getvalue(), LIMITS)
        assert (picture.gamma, picture.resolution, picture.icc_profile) == (None, None, None)


def test_the_orientation_may_be_told_by_xmp_alone():
    texts = PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", '<rdf:Description tiff:Orientation="6"/>')
    found = decode_picture(saved("PNG", pnginfo=texts), LIMITS)
    np.testing.assert_array_equal(found.samples, np.rot90(samples(), -1))


def test_what_stands_behind_the_pixels_is_read_as_well():
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    behind = chunk(b"eXIf", exif.tobytes()[6:])
    data = encode_picture(Picture(samples()), FORMATS["png"])
    found = decode_picture(data[:-12] + behind + data[-12:], LIMITS)
    np.testing.assert_array_equal(found.samples, np.rot90(samples(), -1))
