"""The PNG writer: exact for every kind of picture, sound for its checkers, and small enough."""

import shutil
import struct
import subprocess
import zlib
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from service.convolution.threads import use_threads
from service.formats import png
from service.formats.compression import Compression
from service.formats.decoding import decode_picture
from service.formats.limits import PictureLimits
from service.formats.picture import Picture
from service.formats.png import encode_png
from service.formats.png_chunks import read_chunks
from service.formats.png_filters import Filter, filtered, padded_rows
from service.formats.resolution import Resolution
from tests.bench.pictures import rgb_1080p

LIMITS = PictureLimits(max_pixels=10**7, max_side=10**5)
DTYPES = [np.uint8, np.uint16]
CHANNELS = [1, 2, 3, 4]
SMALL_STRIPE = 1_000
# Of one stripe, of several that do not come out even, and of rows longer than a stripe.
SIZES = [(1, 1), (1, 5), (7, 1), (9, 13), (61, 67), (3, 1_103)]
OPENCV_ORDER = {1: [0], 2: [0, 0, 0, 1], 3: [2, 1, 0], 4: [2, 1, 0, 3]}
COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


@pytest.fixture
def small_stripes(monkeypatch):
    """So that small pictures have many."""
    monkeypatch.setattr(png, "_STRIPE_BYTES", SMALL_STRIPE)


def smooth_samples(shape, dtype, seed=3):
    """Slopes with noise: what filters are made for, and each row another than the one above."""
    generator = np.random.default_rng(seed)
    rows, columns, channels = np.indices(shape)
    noise = generator.integers(0, 6, shape)
    return (rows * 3 + columns * 2 + channels * 70 + noise).astype(dtype) * dtype(
        np.iinfo(dtype).max // 255
    )


def read_by_opencv(data, shape):
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return read.reshape(*shape[:2], -1)


def unfiltered(data, height, row_bytes, pixel_bytes):
    """By the words of the specification, byte by byte."""
    rows = np.zeros((height + 1, pixel_bytes + row_bytes), int)
    for y in range(1, height + 1):
        kind, *line = data[(y - 1) * (1 + row_bytes) : y * (1 + row_bytes)]
        for x, byte in enumerate(line, start=pixel_bytes):
            a, b, c = rows[y, x - pixel_bytes], rows[y - 1, x], rows[y - 1, x - pixel_bytes]
            p = a + b - c
            nearest = min((a, b, c), key=lambda each, p=p: abs(p - each))
            predicted = (0, a, b, (a + b) // 2, nearest)[kind]
            rows[y, x] = (byte + predicted) % 256
    return rows[1:, pixel_bytes:].astype(np.uint8).tobytes()


@pytest.mark.parametrize("compression", Compression)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.usefixtures("small_stripes")
def test_every_sample_comes_back(dtype, channels, size, compression):
    samples = smooth_samples((*size, channels), dtype)
    data = encode_png(Picture(samples), compression)
    header = struct.pack(">IIBB", size[1], size[0], 8 * samples.itemsize, COLOR_TYPES[channels])
    assert data[16:26] == header
    np.testing.assert_array_equal(decode_picture(data, LIMITS).samples, samples)
    np.testing.assert_array_equal(
        read_by_opencv(data, samples.shape), samples[:, :, OPENCV_ORDER[channels]]
    )
    if dtype == np.uint8 or channels == 1:  # Pillow's modes of 16 bits are gray
        with Image.open(BytesIO(data)) as image:
            read = np.asarray(image).reshape(samples.shape)
        np.testing.assert_array_equal(read, samples)


@pytest.mark.programs
@pytest.mark.parametrize("compression", Compression)
@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.usefixtures("small_stripes")
def test_pngcheck_finds_no_fault(tmp_path, dtype, channels, compression):
    if shutil.which("pngcheck") is None:
        pytest.fail("pngcheck is not installed; Debian has it: apt-get install pngcheck")
    files = []
    for number, size in enumerate(SIZES):
        samples = smooth_samples((*size, channels), dtype)
        picture = Picture(samples, resolution=Resolution(2835, 5669), gamma=0.45455)
        files.append(tmp_path / f"{number}.png")
        files[-1].write_bytes(encode_png(picture, compression))
    checked = subprocess.run(
        ["pngcheck", "-v", *files], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.count("No errors detected") == len(SIZES), checked.stdout


@pytest.mark.parametrize("kind", Filter)
@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_filter_is_undone_by_the_words_of_the_specification(dtype, channels, kind):
    generator = np.random.default_rng(5)
    white = np.iinfo(dtype).max
    samples = generator.integers(0, white, (6, 5, channels), dtype, endpoint=True)
    pixel_bytes = channels * samples.itemsize
    for first, last in ((0, 6), (0, 2), (2, 6)):
        rows = filtered(padded_rows(samples, first, last), pixel_bytes, kind)
        assert set(rows[:, 0]) == {kind}
        above = filtered(padded_rows(samples, 0, first), pixel_bytes, kind) if first else rows[:0]
        data = np.concatenate((above, rows)).tobytes()
        expected = samples[:last].astype(samples.dtype.newbyteorder(">")).tobytes()
        assert unfiltered(data, last, 5 * pixel_bytes, pixel_bytes) == expected


@pytest.mark.parametrize("compression", Compression)
@pytest.mark.usefixtures("small_stripes")
def test_the_file_does_not_depend_on_the_threads(compression):
    picture = Picture(smooth_samples((90, 41, 3), np.uint8))
    alone = encode_png(picture, compression)
    with use_threads(3):
        assert encode_png(picture, compression) == alone


@pytest.mark.usefixtures("small_stripes")
def test_stripes_make_one_stream_with_the_checksum_of_all():
    samples = smooth_samples((90, 41, 3), np.uint8)
    chunks = list(read_chunks(encode_png(Picture(samples))))
    pixels = [bytes(body) for kind, body in chunks if kind == b"IDAT"]
    assert len(pixels) > 10
    inflate = zlib.decompressobj()  # which compares the checksum at the end
    rows = inflate.decompress(b"".join(pixels))
    assert inflate.eof
    assert not inflate.unused_data
    assert len(rows) == 90 * (1 + 3 * 41)


def test_noise_is_left_as_it_is_and_slopes_are_not():
    generator = np.random.default_rng(6)
    edges = (
        generator.integers(0, 256, (40, 60, 3)) * (generator.random((40, 60, 3)) < 0.1)
    ).astype(np.uint8)
    kinds = {}
    for name, samples in (("edges", edges), ("slopes", smooth_samples((40, 60, 3), np.uint8))):
        chunks = read_chunks(encode_png(Picture(samples)))
        rows = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
        kinds[name] = set(rows[:: 1 + 3 * 60])
    assert kinds["edges"] == {Filter.NONE}
    assert kinds["slopes"].isdisjoint({Filter.NONE})


def photograph():
    return rgb_1080p()[270:810, 240:1200]


def laplacian(samples):
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32)
    return cv2.filter2D(samples, -1, kernel)


def sobel(samples):
    across, down = (cv2.Sobel(samples, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    return np.clip(np.rint(np.hypot(across, down)), 0, 255).astype(np.uint8)


def blurred(samples):
    return cv2.GaussianBlur(samples, (15, 15), 2.6)


# By how much the file may be larger than Pillow's at its default.
BOUNDS = {
    "photograph": (photograph, 1.25),
    "blurred": (lambda: blurred(photograph()), 1.25),
    "laplacian": (lambda: laplacian(photograph()), 1.30),
    "sobel": (lambda: sobel(photograph()), 1.30),
}


@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("name", BOUNDS)
def test_a_fast_file_is_little_larger_than_pillow_s_and_a_small_one_is_not(name, gray):
    make, bound = BOUNDS[name]
    samples = np.ascontiguousarray(make()[:, :, 1:2] if gray else make())
    file = BytesIO()
    Image.fromarray(np.squeeze(samples)).save(file, "PNG")
    pillow = len(file.getvalue())
    assert len(encode_png(Picture(samples))) <= bound * pillow
    assert len(encode_png(Picture(samples), Compression.SMALL)) <= 1.01 * pillow
