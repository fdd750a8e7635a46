"""Broken, oversized and foreign files are told apart, and cost nothing but an answer."""

import struct
import tracemalloc
import zlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from service.errors import (
    InvalidRequest,
    LimitExceeded,
    ServiceError,
    UndecodablePicture,
    UnsupportedMediaType,
)
from service.formats.decoding import decode_picture
from service.formats.encoding import encode_picture
from service.formats.limits import PictureLimits
from service.formats.picture import Picture
from service.formats.table import FORMATS, labels
from tests.formats.tiff_files import Page, tiff_file

LIMITS = PictureLimits(max_pixels=10_000, max_side=1_000)


def saved(image, pillow_format, **options):
    file = BytesIO()
    image.save(file, pillow_format, **options)
    return file.getvalue()


def sample_files():
    generator = np.random.default_rng(4)
    eight = Image.fromarray(generator.integers(0, 256, (20, 30, 3), np.uint8))
    files = {
        name.lower(): saved(eight, name)
        for name in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
    }
    files["progressive"] = saved(eight, "JPEG", progressive=True)
    files["lzw"] = saved(eight, "TIFF", compression="tiff_lzw")
    for channels in (2, 3):
        deep = Picture(generator.integers(0, 65536, (20, 30, channels), np.uint16))
        files |= {f"{n}-16-{channels}": encode_picture(deep, FORMATS[n]) for n in ("png", "tiff")}
    integers = generator.integers(0, 4096, (20, 30, 4), np.uint16)
    files["tiff-inks"] = tiff_file(Page(integers, photometric=5, compression=5, tile=(16, 16)))
    files["tiff-12-bits"] = tiff_file(Page(integers[:, :, :1], bits=12, rows_per_strip=3))
    lab = Page(integers.astype(np.uint8)[:, :, :3], photometric=8, compression=32773)
    files["tiff-lab-big"] = tiff_file(lab, order=">", big=True)
    files["tiff-floats"] = tiff_file(Page(integers.astype("f8"), compression=8, predictor=3))
    files["ppm-16"] = b"P6 30 20 65535 " + integers[:, :, :3].astype(">u2").tobytes()
    files["inks"] = saved(Image.fromarray(integers.astype(np.uint8), "CMYK"), "JPEG")
    return files


FILES = sample_files()


def picture_or_service_error(data):
    """Anything that is neither fails the test by itself."""
    with suppress(ServiceError):
        picture = decode_picture(data, LIMITS)
        assert picture.width * picture.height <= LIMITS.max_pixels


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("wrap", [bytearray, memoryview])
def test_any_buffer_of_bytes_is_read(name, wrap):
    expected = decode_picture(FILES[name], LIMITS)
    result = decode_picture(wrap(FILES[name]), LIMITS)
    np.testing.assert_array_equal(result.samples, expected.samples)


@pytest.mark.parametrize("name", FILES)
def test_a_picture_cut_off_anywhere_is_an_answer_and_never_another_fault(name):
    data = FILES[name]
    for length in range(1, len(data), max(1, len(data) // 100)):
        picture_or_service_error(data[:length])


@pytest.mark.parametrize("name", FILES)
def test_a_picture_cut_in_half_is_refused_as_broken(name):
    with pytest.raises(UndecodablePicture):
        decode_picture(FILES[name][: len(FILES[name]) // 2], LIMITS)


@pytest.mark.parametrize("name", FILES)
def test_flipped_bytes_are_an_answer_and_never_another_fault(name):
    generator = np.random.default_rng(5)
    for _ in range(150):
        data = bytearray(FILES[name])
        # Half of the flips near the beginning, where the headers are.
        reach = len(data) if generator.random() < 0.5 else min(len(data), 100)
        for position in generator.integers(4, reach, generator.integers(1, 5)):
            data[position] = generator.integers(0, 256)
        picture_or_service_error(bytes(data))


@pytest.mark.parametrize("name", [name for name in FILES if FILES[name].startswith(b"II*")])
def test_flipped_bytes_in_a_tiff_directory_are_an_answer_and_never_another_fault(name):
    generator = np.random.default_rng(6)
    (directory,) = struct.unpack_from("<I", FILES[name], 4)
    end = min(len(FILES[name]), directory + 180)
    for _ in range(300):
        data = bytearray(FILES[name])
        for position in generator.integers(directory, end, generator.integers(1, 4)):
            data[position] = generator.integers(0, 256)
        picture_or_service_error(bytes(data))


def test_an_empty_file_is_an_invalid_request():
    with pytest.raises(InvalidRequest, match="empty") as caught:
        decode_picture(b"", LIMITS)
    assert caught.value.faults[0].pointer == "/image"


@pytest.mark.parametrize(
    "data",
    [
        b"Dear service, this is a letter.",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="5" height="5"/>',
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 5 5\n",
        b"%PDF-1.7\n",
        bytes(100),
        saved(Image.new("RGB", (5, 5)), "TGA"),
        saved(Image.new("RGB", (5, 5)), "ICO"),
        saved(Image.new("RGB", (5, 5)), "EPS"),
    ],
)
def test_other_files_are_unsupported_and_told_what_is_read(data):
    with pytest.raises(UnsupportedMediaType) as caught:
        decode_picture(data, LIMITS)
    for label in labels(lambda entry: entry.decode_picture is not None).split(", "):
        assert label in caught.value.detail


def png_bomb(width, height, depth=8, color_type=2):
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def tiff_bomb(width, height, bits, channels):
    small = Picture(np.zeros((1, 1, channels), np.uint8 if bits == 8 else np.uint16))
    data = bytearray(encode_picture(small, FORMATS["tiff"]))
    (directory,) = struct.unpack_from("<I", data, 4)
    struct.pack_into("<I", data, directory + 2 + 8, width)
    struct.pack_into("<I", data, directory + 2 + 12 + 8, height)
    return bytes(data)


BOMBS = {
    "png": png_bomb(100_000, 100_000),
    "png-16": png_bomb(100_000, 100_000, depth=16),
    "bmp": b"BM" + struct.pack("<IIIIiiHHIIIIII", 54, 0, 54, 40, 10**5, 10**5, 1, 24, *[0] * 6),
    "gif": b"GIF89a" + struct.pack("<HHBBB", 60_000, 60_000, 0, 0, 0)
    + b"," + struct.pack("<HHHHB", 0, 0, 60_000, 60_000, 0) + b"\x02\x00;",
    "ppm": b"P6 100000 100000 255\n",
    "tiff": tiff_bomb(100_000, 100_000, 8, 3),
    "tiff-16": tiff_bomb(100_000, 100_000, 16, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_header_that_promises_too_much_is_refused_before_anything_is_allocated(name):
    tracemalloc.start()
    try:
        with pytest.raises(LimitExceeded, match="00 x") as caught:
            decode_picture(BOMBS[name], LIMITS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000
    assert str(LIMITS.max_side) in caught.value.detail


def test_the_pixel_limit_is_told_with_the_measured_value():
    data = saved(Image.new("L", (101, 100)), "PNG")
    with pytest.raises(LimitExceeded, match="101 x 100 pixels, 10100 in all; 10000 are allowed"):
        decode_picture(data, LIMITS)
    assert decode_picture(saved(Image.new("L", (100, 100)), "PNG"), LIMITS)


@pytest.mark.parametrize("size", [(1001, 2), (2, 1001)])
def test_the_side_limit_holds_for_both_sides(size):
    with pytest.raises(LimitExceeded, match="a side may be 1000 at most"):
        decode_picture(saved(Image.new("L", size), "PNG"), LIMITS)


def test_pillow_s_own_limit_has_no_say(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert decode_picture(FILES["png"], LIMITS).samples.shape == (20, 30, 3)


def test_an_error_tells_nothing_of_the_file_or_the_code():
    with pytest.raises(UndecodablePicture) as caught:
        decode_picture(FILES["png"][:60], LIMITS)
    assert caught.value.detail == "the PNG file is broken or of a kind that cannot be decoded"
