"""JPEG files of every build give the samples that Pillow gives, and are refused where it does."""

from io import BytesIO
from itertools import product

import cv2
import numpy as np
import pytest
from PIL import Image

from service.errors import InvalidRequest, LimitExceeded, UndecodablePicture
from service.formats.decoding import decode_picture
from service.formats.jpeg_segments import has_one_scan
from service.formats.limits import PictureLimits
from tests.bench.pictures import rgb_1080p

LIMITS = PictureLimits(max_pixels=10**6, max_side=10**4)
SAMPLES = np.ascontiguousarray(rgb_1080p()[100:203, 150:267])
END = b"\xff\xd9"


def saved(samples, **options):
    file = BytesIO()
    Image.fromarray(samples).save(file, "JPEG", **options)
    return file.getvalue()


def by_pillow(data):
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image).reshape(image.height, image.width, -1)


BUILDS = {
    f"{subsampling}-{quality}{'-progressive' * progressive}": saved(
        SAMPLES, subsampling=subsampling, quality=quality, progressive=progressive
    )
    for subsampling, quality, progressive in product(
        ("4:4:4", "4:2:2", "4:2:0"), (20, 75, 98), (False, True)
    )
}
BUILDS |= {
    f"factors-{factors:x}": cv2.imencode(
        ".jpg", SAMPLES, [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factors]
    )[1].tobytes()
    for factors in (0x411111, 0x121111)
}
BUILDS |= {
    "gray": saved(SAMPLES[:, :, 0]),
    "gray-progressive": saved(SAMPLES[:, :, 0], progressive=True),
    "rgb-as-it-is": saved(SAMPLES, keep_rgb=True),
    "restarts": saved(SAMPLES, restart_marker_blocks=3),
    "optimised": saved(SAMPLES, optimize=True),
    "one-pixel": saved(SAMPLES[:1, :1]),
    "bytes-behind-the-end": saved(SAMPLES) + b"\xff\xda whatever",
    "fill-before-the-end": saved(SAMPLES)[:-2] + b"\xff\xff\xff" + END,
}


@pytest.mark.parametrize("name", BUILDS)
def test_a_file_of_any_build_is_decoded_as_by_pillow(name):
    np.testing.assert_array_equal(
        decode_picture(BUILDS[name], LIMITS).samples, by_pillow(BUILDS[name])
    )


def test_files_of_one_scan_are_told_from_those_of_several():
    one = {name for name, data in BUILDS.items() if has_one_scan(data)}
    assert one == {name for name in BUILDS if "progressive" not in name}


@pytest.mark.parametrize("name", [name for name in BUILDS if name != "one-pixel"])
def test_a_scan_that_another_marker_cuts_short_is_refused(name):
    data = BUILDS[name]
    scan = data.index(b"\xff\xda")
    middle = (scan + data.rindex(END)) // 2
    cut = data[:middle] + data[2:scan] + data[middle:]
    with pytest.raises(OSError, match="broken"):
        by_pillow(cut)
    with pytest.raises(UndecodablePicture):
        decode_picture(cut, LIMITS)


@pytest.mark.parametrize("name", BUILDS)
def test_a_file_without_its_end_is_refused(name):
    data = BUILDS[name]
    end = data.rindex(END)
    for length in (end // 2, end - 40, end - 1):
        with pytest.raises(UndecodablePicture):
            decode_picture(data[:length], LIMITS)


def test_the_limits_hold_before_anything_is_decoded():
    with pytest.raises(LimitExceeded, match="117 x 103 pixels"):
        decode_picture(BUILDS["gray"], PictureLimits(max_pixels=12_000, max_side=10**4))


def test_a_jpeg_has_one_frame():
    with pytest.raises(InvalidRequest, match="one frame"):
        decode_picture(BUILDS["gray"], LIMITS, frame=1)


def test_fill_bytes_that_never_end_are_refused_at_once():
    # Were they sought from each of them anew, this would take hours.
    with pytest.raises(LimitExceeded, match="between its segments"):
        decode_picture(b"\xff\xd8" + b"\xff" * 8_000_000, LIMITS)
