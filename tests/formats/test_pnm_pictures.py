"""The Netpbm formats, plain and binary, of every maximum."""

import struct
from fractions import Fraction
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from service.errors import InvalidRequest, LimitExceeded, ServiceError, UndecodablePicture
from service.formats.decoding import decode_picture
from service.formats.limits import PictureLimits

LIMITS = PictureLimits(max_pixels=10_000, max_side=1_000)
HEIGHT, WIDTH = 5, 11
MAXIMA = [1, 2, 7, 100, 254, 255, 256, 1000, 1023, 4095, 40_000, 65_534, 65_535]


def decoded(data):
    return decode_picture(data, LIMITS).samples


def random_levels(maximum, channels):
    generator = np.random.default_rng(maximum)
    levels = generator.integers(0, maximum, (HEIGHT, WIDTH, channels), endpoint=True)
    levels.flat[:2] = 0, maximum
    return levels


def header(kind, *numbers):
    return f"P{kind}\n# a comment, 7 8\n{WIDTH} {HEIGHT}\n{' '.join(map(str, numbers))}".encode()


def widened(levels, maximum):
    white = 255 if maximum <= 255 else 65535
    every = [round(Fraction(level * white, maximum)) for level in levels.ravel().tolist()]
    return np.reshape(every, levels.shape)


@pytest.mark.parametrize("maximum", MAXIMA)
@pytest.mark.parametrize(("plain", "binary", "channels"), [(2, 5, 1), (3, 6, 3)])
def test_levels_are_widened_to_the_whole_range(maximum, plain, binary, channels):
    levels = random_levels(maximum, channels)
    dtype = "u1" if maximum <= 255 else ">u2"
    digits = "  ".join(map(str, levels.ravel().tolist())).encode()
    files = {
        "plain": header(plain, maximum) + b"\n" + digits,
        "commented": header(plain, maximum) + b" #9\n\t" + digits.replace(b"  ", b"# 3\r\n", 3),
        "binary": header(binary, maximum) + b"\n" + levels.astype(dtype).tobytes(),
        "more follows": header(binary, maximum) + b"\n" + levels.astype(dtype).tobytes() + b"P5",
    }
    for data in files.values():
        result = decoded(data)
        assert result.dtype == (np.uint8 if maximum <= 255 else np.uint16)
        np.testing.assert_array_equal(result, widened(levels, maximum))


@pytest.mark.parametrize("separator", ["", " ", "\n"])
def test_plain_bits_are_black_where_they_are_one(separator):
    bits = random_levels(1, 1)
    data = header(1) + separator.join(map(str, bits.ravel().tolist())).encode()
    np.testing.assert_array_equal(decoded(data), 255 * (1 - bits))


def test_packed_bits_are_black_where_they_are_one():
    bits = random_levels(1, 1)
    data = f"P4 {WIDTH} {HEIGHT}\n".encode() + np.packbits(bits[:, :, 0], axis=1).tobytes()
    np.testing.assert_array_equal(decoded(data), 255 * (1 - bits))


@pytest.mark.parametrize(("kind", "channels"), [("f", 1), ("F", 3)])
@pytest.mark.parametrize(("scale", "order"), [("-1.0", "<"), ("1.0", ">"), ("-0.5", "<")])
def test_floats_stand_from_the_bottom_upward(kind, channels, scale, order):
    values = np.random.default_rng(1).normal(0, 1e4, (HEIGHT, WIDTH, channels)).astype(np.float32)
    data = f"P{kind}\n{WIDTH} {HEIGHT}\n{scale}\n".encode()
    data += values[::-1].astype(f"{order}f4").tobytes()
    result = decoded(data)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, values)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_what_opencv_writes_is_read(dtype, channels):
    samples = random_levels(255, channels).astype(dtype)
    extension = ".pfm" if dtype == np.float32 else ".pnm"
    _, data = cv2.imencode(extension, samples[:, :, ::-1])
    np.testing.assert_array_equal(decoded(data.tobytes()), samples)


def test_what_pillow_writes_is_read():
    samples = random_levels(255, 3).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(samples).save(file, "PPM")
    np.testing.assert_array_equal(decoded(file.getvalue()), samples)


BROKEN = {
    "no size": b"P5 ",
    "half a size": b"P5 11 ",
    "no maximum": b"P5 2 1 ",
    "maximum 0": b"P5 2 1 0 \1\1",
    "maximum 65536": b"P5 2 1 65536 \1\1\1\1",
    "no pixels": b"P5 0 1 255 ",
    "too short": b"P5 2 2 255 \1\2\3",
    "too short, deep": b"P5 2 2 300 " + struct.pack(">3H", 1, 2, 3),
    "over the maximum": b"P5 2 1 9 \1\12",
    "plain, over the maximum": b"P2 2 1 9 1 10",
    "plain, below zero": b"P2 2 1 9 1 -1",
    "plain, too few": b"P2 2 2 9 1 2 3",
    "plain, letters": b"P2 2 1 9 1 x",
    "plain, huge": b"P2 2 1 9 1 99999999999999999999999",
    "bits too few": b"P1 2 2 101",
    "bits that are none": b"P1 2 2 1012",
    "bits too short": b"P4 9 2 \1\1\1",
    "scale 0": b"Pf 1 1 0 \1\1\1\1",
    "scale of letters": b"Pf 1 1 one \1\1\1\1",
    "scale of dots": b"Pf 1 1 1..2 \1\1\1\1",
    "floats too short": b"Pf 1 1 -1 \1\1\1",
    "not finite": b"Pf 1 1 -1 " + struct.pack("<f", np.inf),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_refused(name):
    with pytest.raises(UndecodablePicture):
        decoded(BROKEN[name])


@pytest.mark.parametrize("kind", "123456fF")
def test_a_header_that_promises_too_much_is_refused(kind):
    with pytest.raises(LimitExceeded, match="99999 x 99999"):
        decoded(f"P{kind} 99999 99999 255 ".encode())


def test_nan_is_let_pass_where_there_may_be_gaps_and_infinities_are_not():
    data = b"Pf 2 1 -1 " + struct.pack("<2f", np.nan, 3)
    result = decode_picture(data, LIMITS, gaps=True).samples
    np.testing.assert_array_equal(result, [[[np.nan], [3]]])
    with pytest.raises(UndecodablePicture, match="finite"):
        decode_picture(data, LIMITS)
    with pytest.raises(UndecodablePicture, match="finite"):
        decode_picture(BROKEN["not finite"], LIMITS, gaps=True)


def test_there_is_one_frame():
    data = b"P5 1 1 255 \7"
    assert decode_picture(data, LIMITS, 0).samples.item() == 7
    with pytest.raises(InvalidRequest, match="one frame"):
        decode_picture(data, LIMITS, 1)


@pytest.mark.parametrize("kind", [1, 2, 3, 4, 5, 6])
def test_changed_bytes_are_an_answer_and_never_another_fault(kind):
    generator = np.random.default_rng(kind)
    data = header(kind, *[300] * (kind not in (1, 4))) + b"\n1 1 0 0 1 1 0 1" * 50
    for _ in range(300):
        changed = bytearray(data)
        for position in generator.integers(2, 60, generator.integers(1, 4)):
            changed[position] = generator.integers(0, 256)
        try:
            assert decode_picture(bytes(changed), LIMITS)
        except ServiceError:
            continue
