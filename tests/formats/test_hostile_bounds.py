"""How much there may be in a file besides its pixels: what is just allowed, and what is not."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from service.errors import LimitExceeded, UndecodablePicture
from service.formats.decoding import decode_picture
from service.formats.encoding import encode_picture
from service.formats.limits import PictureLimits
from service.formats.picture import Picture
from service.formats.table import FORMATS
from tests.formats.tiff_files import Page, tiff_file
from tests.fuzz import jpeg_files, png_files
from tests.fuzz.tiny_files import PICTURES

LIMITS = PictureLimits(max_pixels=100_000, max_side=1_000)
SEGMENT = jpeg_files.segment(0xE5, b"whatever")
PIXELS = np.random.default_rng(9).integers(0, 256, (7, 9, 3), np.uint8)


def scans(count):
    """A progressive file of so many scans more than the ten that it has by itself."""
    return jpeg_files.scan_bomb(8, 8, count)


ALLOWED = {
    "segments": jpeg_files.with_segments(SEGMENT * 900),
    "scans": scans(80),
    "fill bytes": jpeg_files.START + b"\xff" * 60_000 + PICTURES["jpeg"][2:],
    "chunks": png_files.file(*[png_files.chunk(b"prVt")] * 99_000),
}
REFUSED = {
    "segments": (jpeg_files.with_segments(SEGMENT * 1_001), "more than 1000 segments"),
    "scans": (scans(101), "more than 100 scans"),
    "fill bytes": (
        jpeg_files.START + b"\xff" * 70_000 + PICTURES["jpeg"][2:],
        "between its segments",
    ),
    "junk": (
        jpeg_files.START + SEGMENT + b"\1" * 70_000 + PICTURES["jpeg"][2:],
        "between its segments",
    ),
    "segments behind an end before the scan": (
        jpeg_files.START + jpeg_files.END + SEGMENT * 1_001 + PICTURES["jpeg"][2:],
        "more than 1000 segments",
    ),
    "segments hidden behind a marker without length": (
        jpeg_files.START + b"\xff\xf0\xff\xff" + SEGMENT * 1_001 + PICTURES["jpeg"][2:],
        "more than 1000 segments",
    ),
    "chunks": (png_files.file(*[png_files.chunk(b"prVt")] * 100_001), "more than 100000 chunks"),
}


@pytest.mark.parametrize("what", ALLOWED)
def test_as_much_as_encoders_make_and_more_is_read(what):
    assert decode_picture(ALLOWED[what], LIMITS).width


@pytest.mark.parametrize("what", REFUSED)
def test_what_no_encoder_makes_is_refused_before_it_takes_time(what):
    data, detail = REFUSED[what]
    with pytest.raises(LimitExceeded, match=detail) as caught:
        decode_picture(data, LIMITS)
    assert caught.value.faults[0].pointer == "/image"


def test_what_follows_a_picture_is_not_counted():
    behind = np.random.default_rng(10).integers(0, 256, 10**6, np.uint8).tobytes()
    for name in ("jpeg", "png"):
        expected = decode_picture(PICTURES[name], LIMITS).samples
        found = decode_picture(PICTURES[name] + behind + SEGMENT * 2_000, LIMITS).samples
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("compression", [1, 5, 8])
def test_the_bytes_of_a_tiff_picture_are_not_taken_for_pixels(monkeypatch, compression):
    # Pillow's limit is 90 million: a picture of 30 million pixels has as many bytes.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", PIXELS.size // 2)
    data = tiff_file(Page(PIXELS, compression=compression))
    np.testing.assert_array_equal(decode_picture(data, LIMITS).samples, PIXELS)
    assert PIXELS.size // 2 == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("maximum", [255, 4095, 65_535])
@pytest.mark.parametrize("kind", ["P2", "P3"])
def test_plain_levels_that_are_not_there_are_never_made_up(kind, maximum):
    for told in ("", "1", "1 2 3 4 5"):
        with pytest.raises(UndecodablePicture):
            decode_picture(f"{kind} 9 7 {maximum} {told}".encode(), LIMITS)


@pytest.mark.parametrize("maximum", [1, 255, 4095, 65_535])
def test_a_plain_level_above_its_maximum_is_no_level(maximum):
    levels = [0] * 62
    sound = f"P2 9 7 {maximum} {' '.join(map(str, [*levels, maximum]))}".encode()
    assert decode_picture(sound, LIMITS).samples.max() in (255, 65_535)
    above = f"P2 9 7 {maximum} {' '.join(map(str, [*levels, maximum + 1]))}".encode()
    with pytest.raises(UndecodablePicture):
        decode_picture(above, LIMITS)


@pytest.mark.parametrize(("length", "kept"), [(255 * 65_519, True), (255 * 65_519 + 1, False)])
def test_a_profile_that_jpeg_can_not_hold_is_left_out(length, kept):
    profile = bytes(16) + b"RGB " + bytes(length - 20)
    data = encode_picture(Picture(PIXELS, profile), FORMATS["jpeg"])
    with Image.open(BytesIO(data)) as image:
        assert image.info.get("icc_profile") == (profile if kept else None)
    assert (b"ICC_PROFILE" in data) == kept
