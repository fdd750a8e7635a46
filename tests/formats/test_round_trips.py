"""What is written reads back: by the service itself, by Pillow and by OpenCV."""

from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from service.errors import InvalidRequest
from service.formats.decoding import decode_picture
from service.formats.encoding import encode_picture
from service.formats.limits import PictureLimits
from service.formats.picture import Picture
from service.formats.table import FORMATS

LIMITS = PictureLimits(max_pixels=1_000_000, max_side=10_000)
WRITABLE = [entry for entry in FORMATS.values() if entry.encode_picture]
LOSSLESS = [entry for entry in WRITABLE if entry.lossless]
DTYPES = {8: np.uint8, 16: np.uint16}
SIZES = [(1, 1), (1, 9), (9, 1), (13, 7)]


def dtypes_of(entry):
    return [DTYPES[depth] for depth in entry.depths] + [np.float32] * entry.floats


CASES = [
    pytest.param(entry, dtype, channels, id=f"{entry.name}-{np.dtype(dtype)}-{channels}")
    for entry in LOSSLESS
    for dtype in dtypes_of(entry)
    for channels in (1, 2, 3, 4)
]

# Pillow's modes of more than eight bits are gray.
KNOWN_TO_PILLOW = [case for case in CASES if case.values[1] == np.uint8 or case.values[2] == 1]
# OpenCV has no gray with alpha in TIFF, and premultiplies the alpha of 8-bit ones.
KNOWN_TO_OPENCV = [
    case
    for case in CASES
    if case.values[0].name != "tiff"
    or case.values[2] in (1, 3)
    or (case.values[2] == 4 and case.values[1] != np.uint8)
]
PROFILED = [
    pytest.param(entry, channels, id=f"{entry.name}-{channels}")
    for entry in WRITABLE
    for channels in (1, 2, 3, 4)
    if entry.alpha or channels in (1, 3)
]


def random_samples(shape, dtype, seed=1):
    generator = np.random.default_rng(seed)
    if dtype == np.float32:
        return generator.normal(0, 1e3, shape).astype(np.float32)
    return generator.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def as_stored(samples, entry):
    """WebP has no gray: what comes back has three equal colours."""
    if entry.name != "webp" or samples.shape[2] > 2:
        return samples
    return samples[:, :, [0, 0, 0, 1][: 2 + samples.shape[2]]]


def profile(space):
    body = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    body[16:20] = space
    return bytes(body)


@pytest.mark.parametrize(("entry", "dtype", "channels"), CASES)
@pytest.mark.parametrize("size", SIZES)
def test_a_lossless_format_gives_back_every_sample(entry, dtype, channels, size):
    samples = random_samples((*size, channels), dtype)
    decoded = decode_picture(encode_picture(Picture(samples), entry), LIMITS)
    expected = as_stored(samples, entry)
    assert decoded.samples.dtype == expected.dtype
    np.testing.assert_array_equal(decoded.samples, expected)


@pytest.mark.parametrize(("entry", "dtype", "channels"), KNOWN_TO_PILLOW)
def test_pillow_reads_what_is_written_wherever_it_has_such_a_mode(entry, dtype, channels):
    samples = random_samples((13, 7, channels), dtype)
    with Image.open(BytesIO(encode_picture(Picture(samples), entry))) as image:
        read = np.asarray(image).reshape(13, 7, -1)
    np.testing.assert_array_equal(read, as_stored(samples, entry))


@pytest.mark.parametrize(("entry", "dtype", "channels"), KNOWN_TO_OPENCV)
def test_opencv_reads_what_is_written_wherever_it_has_such_a_type(entry, dtype, channels):
    samples = random_samples((13, 7, channels), dtype)
    encoded = np.frombuffer(encode_picture(Picture(samples), entry), np.uint8)
    read = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED).reshape(13, 7, -1)
    gray = [0] if entry.name != "webp" else [0, 0, 0]
    alpha_as_rgb = [0, 0, 0, 1]
    order = {1: gray, 2: alpha_as_rgb, 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    np.testing.assert_array_equal(read, samples[:, :, order])


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_gives_back_a_smooth_picture_within_a_few_levels(channels):
    rows, columns = np.mgrid[0:40, 0:30]
    planes = [rows * 5, columns * 7, rows + columns][:channels]
    samples = np.stack(planes, axis=2).astype(np.uint8)
    decoded = decode_picture(encode_picture(Picture(samples), FORMATS["jpeg"]), LIMITS)
    assert decoded.samples.shape == samples.shape
    assert np.abs(decoded.samples.astype(int) - samples).max() <= 8


@pytest.mark.parametrize(("entry", "channels"), PROFILED)
def test_a_profile_of_the_same_colour_model_is_carried(entry, channels):
    icc_profile = profile(b"GRAY" if channels < 3 else b"RGB ")
    picture = Picture(random_samples((8, 8, channels), np.uint8), icc_profile)
    decoded = decode_picture(encode_picture(picture, entry), LIMITS)
    stored_as_rgb = entry.name == "webp" and channels < 3
    assert decoded.icc_profile == (None if stored_as_rgb else icc_profile)


@pytest.mark.parametrize("entry", WRITABLE, ids=lambda entry: entry.name)
def test_a_profile_of_another_colour_model_is_left_out(entry):
    picture = Picture(random_samples((8, 8, 3), np.uint8), profile(b"CMYK"))
    assert decode_picture(encode_picture(picture, entry), LIMITS).icc_profile is None


@pytest.mark.parametrize(("entry", "dtype", "channels"), CASES)
def test_encoding_leaves_the_picture_alone(entry, dtype, channels):
    samples = random_samples((13, 7, channels), dtype)
    before = samples.copy()
    encode_picture(Picture(samples), entry)
    np.testing.assert_array_equal(samples, before)


@pytest.mark.parametrize("entry", WRITABLE, ids=lambda entry: entry.name)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
def test_samples_that_a_format_cannot_hold_are_refused(entry, dtype):
    picture = Picture(np.ones((4, 3, 1), dtype))
    if dtype in dtypes_of(entry):
        assert encode_picture(picture, entry)
        return
    with pytest.raises(InvalidRequest) as caught:
        encode_picture(picture, entry)
    assert caught.value.faults[0].pointer == "/format"
    assert entry.label in caught.value.detail


@pytest.mark.parametrize(("entry", "dtype", "channels"), CASES)
def test_colours_survive_where_they_are_wholly_transparent(entry, dtype, channels):
    samples = random_samples((13, 7, channels), dtype)
    samples[3:9, 2:6, -1] = 0
    decoded = decode_picture(encode_picture(Picture(samples), entry), LIMITS)
    np.testing.assert_array_equal(decoded.samples, as_stored(samples, entry))


def test_jpeg_refuses_alpha_and_says_which_formats_hold_it():
    with pytest.raises(InvalidRequest, match="no transparency; PNG, WebP, TIFF do") as caught:
        encode_picture(Picture(np.ones((4, 3, 4), np.uint8)), FORMATS["jpeg"])
    assert caught.value.faults[0].pointer == "/format"


@pytest.mark.parametrize("name", ["jpeg", "webp"])
@pytest.mark.parametrize("upright", [False, True])
def test_a_side_over_the_format_s_own_limit_is_refused(name, upright):
    limit = FORMATS[name].max_side
    shape = (limit + 1, 1, 1) if upright else (1, limit + 1, 1)
    with pytest.raises(InvalidRequest, match=str(limit)) as caught:
        encode_picture(Picture(np.zeros(shape, np.uint8)), FORMATS[name])
    assert caught.value.faults[0].pointer == "/format"


@pytest.mark.parametrize("name", ["jpeg", "webp"])
def test_a_side_of_just_the_format_s_own_limit_is_written(name):
    picture = Picture(np.zeros((1, FORMATS[name].max_side, 1), np.uint8))
    assert encode_picture(picture, FORMATS[name])


def test_a_format_without_pictures_is_the_caller_s_mistake():
    with pytest.raises(ValueError, match="csv"):
        encode_picture(Picture(np.zeros((2, 2, 1), np.uint8)), FORMATS["csv"])
