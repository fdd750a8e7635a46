"""Inks become RGB: by their profile where they have one, else by the formula."""

import struct
from fractions import Fraction
from io import BytesIO
from itertools import product

import numpy as np
import pytest
from PIL import Image

from service.formats.decoding import decode_picture
from service.formats.limits import PictureLimits
from tests.formats.tiff_files import Page, tiff_file

LIMITS = PictureLimits(max_pixels=100_000, max_side=10_000)

# What a made-up press prints for full amounts of cyan, magenta and yellow: sRGB. Lab8 holds
# these to about a level.
PRINTED = {
    (0, 0, 0): (255, 255, 255),
    (1, 0, 0): (40, 160, 90),
    (0, 1, 0): (120, 110, 200),
    (0, 0, 1): (200, 150, 160),
    (1, 1, 0): (60, 90, 100),
    (1, 0, 1): (110, 130, 60),
    (0, 1, 1): (150, 70, 80),
    (1, 1, 1): (90, 80, 70),
}


def lab8(color):
    """sRGB as L*a*b* under D50, by the standards' formulas."""
    scaled = [each / 255 for each in color]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in scaled]
    adapted = [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
    ratios = np.array(adapted) @ linear / [0.96422, 1, 0.82521]
    x, y, z = (v ** (1 / 3) if v > 216 / 24389 else (24389 / 27 * v + 16) / 116 for v in ratios)
    lightness, a, b = 116 * y - 16, 500 * (x - y), 200 * (y - z)
    return [round(lightness * 2.55), round(a) + 128, round(b) + 128]


def press_profile(darkest=0):
    """An ICC profile of inks: a table of two points an ink.

    Whatever has black in it is ``darkest``: L* of 0 to 100.
    """
    identity = bytes(range(256))
    corners = b"".join(
        bytes([round(darkest * 2.55), 128, 128] if black else lab8(PRINTED[inks]))
        for *inks, black in product((0, 1), repeat=4)
        for inks in [tuple(inks)]
    )
    matrix = struct.pack(">9i", *(65536 * (i % 4 == 0) for i in range(9)))
    # And back, roughly, which black point compensation asks for: black ink for what is dark.
    inked = b"".join(
        bytes((0, 0, 0, 0 if light else 255)) for light, *_ in product((0, 1), repeat=3)
    )
    to_lab = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + 4 * identity + corners
    to_inks = b"mft1" + bytes(4) + bytes((3, 4, 2, 0)) + matrix + 3 * identity + inked
    to_lab, to_inks = to_lab + 3 * identity, to_inks + 4 * identity
    header = struct.pack(">I4sI4s4s4s12s4s", 0, b"", 0x02400000, b"prtr", b"CMYK", b"Lab ",
                         struct.pack(">6H", 2020, 1, 1, 0, 0, 0), b"acsp")  # fmt: skip
    header += bytes(28) + struct.pack(">3i", 63190, 65536, 54061) + bytes(48)
    tags = struct.pack(">I", 2) + struct.pack(">4sII", b"A2B0", 156, len(to_lab))
    tags += struct.pack(">4sII", b"B2A0", 156 + len(to_lab), len(to_inks))
    profile = header + tags + to_lab + to_inks
    return struct.pack(">I", len(profile)) + profile[4:]


INKS = np.array([[(*[255 * each for each in inks], 0) for inks in PRINTED]], np.uint8)
EXPECTED = np.array([list(PRINTED.values())])


def as_tiff(inks, profile):
    page = Page(inks, photometric=5)
    return tiff_file(page.with_tags(_34675=profile) if profile else page)


def as_jpeg(inks, profile):
    large = inks.repeat(16, axis=0).repeat(16, axis=1)
    file = BytesIO()
    Image.fromarray(large, "CMYK").save(file, "JPEG", quality=100, icc_profile=profile)
    return file.getvalue()


def decoded(data):
    return decode_picture(data, LIMITS)


def test_inks_are_seen_as_their_profile_says():
    picture = decoded(as_tiff(INKS, press_profile()))
    np.testing.assert_allclose(picture.samples, EXPECTED, atol=3)
    assert picture.fitting_profile is None


def test_the_inks_of_a_jpeg_are_seen_as_their_profile_says():
    picture = decoded(as_jpeg(INKS, press_profile()))
    middles = picture.samples[8:9, 8::16]
    np.testing.assert_allclose(middles, EXPECTED, atol=5)
    assert picture.fitting_profile is None


@pytest.mark.parametrize(
    "profile",
    [
        None,
        b"no profile at all",
        press_profile()[:300],
        bytes(16) + b"CMYK" + bytes(200),
        press_profile().replace(b"CMYK", b"RGB "),
    ],
    ids=["none", "other bytes", "cut off", "zeros", "another model"],
)
def test_inks_without_a_sound_profile_are_what_the_formula_leaves_of_light(profile):
    generator = np.random.default_rng(1)
    inks = generator.integers(0, 256, (30, 20, 4), np.uint8)
    expected = [
        [round(Fraction((255 - ink) * (255 - black), 255)) for ink in inks]
        for *inks, black in inks.reshape(-1, 4).tolist()
    ]
    result = decoded(as_tiff(inks, profile)).samples
    np.testing.assert_array_equal(result, np.reshape(expected, (30, 20, 3)))


def test_the_darkest_that_a_press_prints_is_black():
    black = np.array([[[0, 0, 0, 255], [255, 255, 255, 255], [0, 0, 0, 0]]], np.uint8)
    result = decoded(as_tiff(black, press_profile(darkest=20))).samples
    np.testing.assert_allclose(result, [[[0, 0, 0], [0, 0, 0], [255, 255, 255]]], atol=2)


FLAT_INKS = [(0, 0, 0, 0), (255, 0, 0, 0), (30, 200, 90, 0), (10, 20, 30, 120), (0, 0, 0, 255)]


@pytest.mark.parametrize("inks", FLAT_INKS)
def test_adobe_s_inverted_inks_of_a_jpeg_are_turned_over(inks):
    # Pillow writes them inverted, as Adobe's programs do, and says so by Adobe's marker.
    data = as_jpeg(np.array([[inks]], np.uint8), None)
    assert b"Adobe" in data
    expected = [(255 - each) * (255 - inks[3]) / 255 for each in inks[:3]]
    result = decoded(data).samples
    np.testing.assert_allclose(result, np.broadcast_to(expected, result.shape), atol=2)


@pytest.mark.parametrize("stored", [(200, 128, 128, 255), (90, 100, 160, 255), (120, 150, 90, 80)])
def test_ycck_of_a_jpeg_becomes_rgb(stored):
    # The same file with another number in Adobe's marker: Y, Cb and Cr for the inverted inks.
    data = as_jpeg(255 - np.array([[stored]], np.uint8), None)
    marker = data.index(b"Adobe")
    assert data[marker + 11] == 0
    data = data[: marker + 11] + b"\2" + data[marker + 12 :]
    y, cb, cr, black = stored
    light = [y + 1.402 * (cr - 128), y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128)]
    light.append(y + 1.772 * (cb - 128))
    # JFIF's RGB are YCCK's inks, turned over: 255 - C of the file, which Adobe turned before.
    expected = [(255 - each) * black / 255 for each in light]
    result = decoded(data).samples
    np.testing.assert_allclose(result, np.broadcast_to(expected, result.shape), atol=3)
