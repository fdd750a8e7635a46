"""Every kind of picture file becomes the samples that it means."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from service.errors import UndecodablePicture
from service.formats.decoding import decode_picture
from service.formats.encoding import encode_picture
from service.formats.limits import PictureLimits
from service.formats.picture import Picture
from service.formats.table import FORMATS
from tests.formats.orientations import EXPECTED_ORIENTATIONS

LIMITS = PictureLimits(max_pixels=1_000_000, max_side=10_000)
HEIGHT, WIDTH = 6, 9
COLORS = [(255, 0, 0), (10, 200, 30), (0, 40, 250), (7, 8, 9)]
GRAYS = [(0, 0, 0), (90, 90, 90), (200, 200, 200), (255, 255, 255)]


def random_bytes(*shape, seed=2):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def saved(image, pillow_format, **options):
    file = BytesIO()
    image.save(file, pillow_format, **options)
    return file.getvalue()


def decoded(data):
    return decode_picture(data, LIMITS).samples


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunk(png, kind, body):
    """The chunk put right behind the header."""
    return png[:33] + chunk(kind, body) + png[33:]


def paletted(colors, **info):
    indices = random_bytes(HEIGHT, WIDTH) % len(colors)
    image = Image.fromarray(indices, "L")
    image = Image.frombytes("P", image.size, indices.tobytes())
    image.putpalette(np.array(colors, np.uint8).tobytes())
    image.info.update(info)
    return image, indices


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("pillow_format", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("channels", [3, 4])
def test_the_exif_orientation_is_applied(orientation, pillow_format, channels):
    stored = random_bytes(HEIGHT, WIDTH, channels)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    options = {"lossless": True, "exact": True} if pillow_format == "WEBP" else {}
    data = saved(Image.fromarray(stored), pillow_format, exif=exif, **options)
    np.testing.assert_array_equal(decoded(data), EXPECTED_ORIENTATIONS[orientation](stored))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_of_a_jpeg_is_applied(orientation):
    stored = random_bytes(HEIGHT, WIDTH, 3)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = saved(Image.fromarray(stored), "JPEG", exif=exif)
    plain = np.asarray(Image.open(BytesIO(saved(Image.fromarray(stored), "JPEG"))))
    np.testing.assert_array_equal(decoded(data), EXPECTED_ORIENTATIONS[orientation](plain))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_of_a_16_bit_png_is_applied_once(orientation):
    stored = random_bytes(HEIGHT, WIDTH, 3).astype(np.uint16) * 257 + 1
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    png = with_chunk(encode_picture(Picture(stored), FORMATS["png"]), b"eXIf", exif.tobytes()[6:])
    np.testing.assert_array_equal(decoded(png), EXPECTED_ORIENTATIONS[orientation](stored))


@pytest.mark.parametrize("pillow_format", ["PNG", "TIFF", "GIF", "BMP"])
def test_a_colour_palette_becomes_rgb(pillow_format):
    image, indices = paletted(COLORS)
    expected = np.array(COLORS)[indices]
    np.testing.assert_array_equal(decoded(saved(image, pillow_format)), expected)


@pytest.mark.parametrize("pillow_format", ["PNG", "TIFF"])
def test_a_gray_palette_becomes_gray(pillow_format):
    image, indices = paletted(GRAYS)
    expected = np.array(GRAYS)[indices][:, :, :1]
    np.testing.assert_array_equal(decoded(saved(image, pillow_format)), expected)


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
@pytest.mark.parametrize("pillow_format", ["TIFF", "JPEG"])
def test_other_colour_models_become_rgb(mode, pillow_format):
    bands = random_bytes(HEIGHT, WIDTH, len(Image.new(mode, (1, 1)).getbands()))
    image = Image.frombytes(mode, (WIDTH, HEIGHT), bands.tobytes())
    data = saved(image, pillow_format)
    with Image.open(BytesIO(data)) as stored:
        expected = np.asarray(stored.convert("RGB"))
    np.testing.assert_array_equal(decoded(data), expected)


@pytest.mark.parametrize(
    ("pillow_format", "order"), [("PNG", "<"), ("PPM", "<"), ("TIFF", "<"), ("TIFF", ">")]
)
def test_16_bit_gray_stays_16_bit(pillow_format, order):
    samples = random_bytes(HEIGHT, WIDTH).astype(np.uint16) * 257 + 3
    image = Image.fromarray(samples.astype(samples.dtype.newbyteorder(order)))
    result = decoded(saved(image, pillow_format))
    assert result.dtype == np.uint16
    np.testing.assert_array_equal(result[:, :, 0], samples)


def test_floats_stay_floats_and_must_be_finite():
    samples = np.random.default_rng(3).normal(0, 1e5, (HEIGHT, WIDTH)).astype(np.float32)
    for pillow_format in ("TIFF", "PPM"):
        result = decoded(saved(Image.fromarray(samples), pillow_format))
        np.testing.assert_array_equal(result[:, :, 0], samples)
    samples[2, 1] = np.nan
    with pytest.raises(UndecodablePicture, match="finite"):
        decoded(saved(Image.fromarray(samples), "TIFF"))


@pytest.mark.parametrize("pillow_format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_stands_for_an_animation(pillow_format):
    frames = [Image.new("RGB", (WIDTH, HEIGHT), color) for color in COLORS]
    options = {"lossless": True} if pillow_format == "WEBP" else {}
    data = saved(frames[0], pillow_format, save_all=True, append_images=frames[1:], **options)
    np.testing.assert_array_equal(decoded(data), np.asarray(frames[0]))


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_the_colour_profile_comes_with_the_picture(pillow_format):
    icc_profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = saved(Image.new("RGB", (WIDTH, HEIGHT)), pillow_format, icc_profile=icc_profile)
    assert decode_picture(data, LIMITS).icc_profile == icc_profile


@pytest.mark.parametrize("name", ["png", "tiff"])
def test_the_colour_profile_comes_with_a_16_bit_picture(name):
    icc_profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = Picture(np.zeros((HEIGHT, WIDTH, 3), np.uint16), icc_profile)
    assert decode_picture(encode_picture(picture, FORMATS[name]), LIMITS).icc_profile == icc_profile
