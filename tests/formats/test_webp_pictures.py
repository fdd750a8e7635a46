"""WebP files give the samples that Pillow gives, whoever decodes them."""

import struct
from io import BytesIO
from itertools import product

import numpy as np
import pytest
from PIL import Image

from service.errors import InvalidRequest, LimitExceeded, UndecodablePicture
from service.formats.decoding import decode_picture
from service.formats.limits import PictureLimits
from tests.bench.pictures import rgb_1080p

LIMITS = PictureLimits(max_pixels=10**6, max_side=10**4)
RGB = np.ascontiguousarray(rgb_1080p()[100:153, 150:217])
RGBA = np.dstack([RGB, RGB[:, :, 1] // 2])
OPAQUE = np.dstack([RGB, np.full(RGB.shape[:2], 255, np.uint8)])


def saved(samples, **options):
    file = BytesIO()
    Image.fromarray(samples).save(file, "WEBP", **options)
    return file.getvalue()


FILES = {
    f"{name}-{kind}": saved(samples, **options)
    for (name, samples), (kind, options) in product(
        {"rgb": RGB, "rgba": RGBA, "opaque": OPAQUE}.items(),
        {
            "lossy": {"quality": 70},
            "lossless": {"lossless": True},
            "exact": {"lossless": True, "exact": True},
            "described": {"icc_profile": b"a profile", "xmp": b"<x/>"},
        }.items(),
    )
}
FILES["animated"] = saved(RGB, save_all=True, append_images=[Image.fromarray(RGB[::-1])])


def by_pillow(data):
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_any_build_is_decoded_as_by_pillow(name):
    np.testing.assert_array_equal(
        decode_picture(FILES[name], LIMITS).samples, by_pillow(FILES[name])
    )


@pytest.mark.parametrize("behind", [b"x", b"whatever", b"whatever" * 20, FILES["rgba-exact"]])
@pytest.mark.parametrize("name", FILES)
def test_what_stands_behind_the_picture_is_judged_as_by_pillow(name, behind):
    data = FILES[name] + behind
    try:
        expected = by_pillow(data)
    except OSError:
        with pytest.raises(UndecodablePicture):
            decode_picture(data, LIMITS)
    else:
        np.testing.assert_array_equal(decode_picture(data, LIMITS).samples, expected)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_off_is_refused(name):
    for length in (len(FILES[name]) // 2, len(FILES[name]) - 9):
        with pytest.raises(UndecodablePicture):
            decode_picture(FILES[name][:length], LIMITS)


@pytest.mark.parametrize("name", ["rgb-lossy", "rgb-lossless", "rgba-exact"])
def test_bytes_beyond_the_length_that_is_told_are_none_of_the_picture(name):
    data = bytearray(FILES[name])
    assert data[12:15] == b"VP8"
    for place in (4, 16):  # of the file, and of its only chunk
        (length,) = struct.unpack_from("<I", data, place)
        struct.pack_into("<I", data, place, length - 60)
    with pytest.raises(OSError, match="frame"):
        by_pillow(bytes(data))
    with pytest.raises(UndecodablePicture):
        decode_picture(bytes(data), LIMITS)


def test_a_promise_of_alpha_that_is_not_kept_is_no_fault():
    data = bytearray(FILES["rgb-described"])
    assert data[12:16] == b"VP8X"
    data[20] |= 0x10  # the flag of alpha
    np.testing.assert_array_equal(
        decode_picture(bytes(data), LIMITS).samples, by_pillow(bytes(data))
    )


def test_the_limits_and_the_count_of_frames_hold():
    with pytest.raises(LimitExceeded, match="67 x 53 pixels"):
        decode_picture(FILES["rgb-lossy"], PictureLimits(max_pixels=3_000, max_side=10**4))
    with pytest.raises(InvalidRequest, match="one frame"):
        decode_picture(FILES["rgb-lossy"], LIMITS, frame=1)
