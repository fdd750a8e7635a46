"""PNG of every colour type and depth, built by hand, against what its specification says."""

import resource
import struct
import zlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from service.errors import ServiceError, UndecodablePicture
from service.formats.decoding import decode_picture
from service.formats.limits import PictureLimits
from service.formats.pillow_modes import MODES, samples_of
from tests.formats.tiff_files import packed_bits

LIMITS = PictureLimits(max_pixels=10_000, max_side=1_000)
HEIGHT, WIDTH = 11, 13
# Left, top, and steps to the right and down, of the seven passes of Adam7.
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)]
PASSES.append((0, 1, 1, 2))
GRAY, RGB, PALETTE, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
CHANNELS = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGB_ALPHA: 4}
KINDS = [
    *((GRAY, depth) for depth in (1, 2, 4, 8, 16)),
    *((color_type, depth) for color_type in (RGB, GRAY_ALPHA, RGB_ALPHA) for depth in (8, 16)),
]


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(samples, color_type, depth, *chunks, interlaced=False):
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color_type, 0, 0, interlaced)
    parts = [samples]
    if interlaced:
        parts = [samples[top::down, left::right] for left, top, right, down in PASSES]
    rows = b"".join(
        b"\0" + packed_bits(row.ravel().tolist(), depth) for part in parts for row in part
    )
    chunks = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(rows))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IEND", b"")


def random_samples(color_type, depth):
    generator = np.random.default_rng(depth)
    return generator.integers(0, 2**depth, (HEIGHT, WIDTH, CHANNELS[color_type]))


def decoded(data):
    return decode_picture(data, LIMITS).samples


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("color_type", "depth"), KINDS)
def test_every_depth_of_every_colour_type_is_exact(color_type, depth, interlaced):
    samples = random_samples(color_type, depth)
    result = decoded(png(samples, color_type, depth, interlaced=interlaced))
    assert result.dtype == (np.uint16 if depth == 16 else np.uint8)
    white = np.iinfo(result.dtype).max
    np.testing.assert_array_equal(result, samples * (white // (2**depth - 1)))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    ("color_type", "depth"), [kind for kind in KINDS if kind[0] in (GRAY, RGB)]
)
def test_the_colour_of_a_key_is_transparent(color_type, depth, interlaced):
    samples = random_samples(color_type, depth)
    key = samples[4, 5]
    samples[0, 0] = samples[7, 2] = key
    trns = chunk(b"tRNS", struct.pack(f">{len(key)}H", *key.tolist()))
    result = decoded(png(samples, color_type, depth, trns, interlaced=interlaced))
    white = 65535 if depth == 16 else 255
    scaled = samples * (white // (2**depth - 1))
    np.testing.assert_array_equal(result[:, :, :-1], scaled)
    keyed = (samples == key).all(axis=2)
    np.testing.assert_array_equal(result[:, :, -1], np.where(keyed, 0, white))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("alphas", [0, 1, 2])
def test_a_palette_becomes_its_colours_and_alphas(depth, interlaced, gray, alphas):
    indices = random_samples(PALETTE, depth)
    generator = np.random.default_rng(depth)
    palette = generator.integers(0, 256, (2**depth, 3))
    if gray:
        palette[:, 1:] = palette[:, :1]
    opacity = np.full(2**depth, 255)
    opacity[:alphas] = [0, 90][:alphas]
    chunks = [chunk(b"PLTE", palette.astype(np.uint8).tobytes())]
    if alphas:
        chunks.append(chunk(b"tRNS", opacity[:alphas].astype(np.uint8).tobytes()))
    result = decoded(png(indices, PALETTE, depth, *chunks, interlaced=interlaced))
    expected = palette[:, :1] if gray else palette
    if alphas:
        expected = np.column_stack((expected, opacity))
    np.testing.assert_array_equal(result, expected[indices[:, :, 0]])


@pytest.mark.parametrize("mode", sorted(MODES))
def test_every_mode_of_the_table_gives_samples_of_a_picture(mode):
    samples = samples_of(Image.new(mode, (WIDTH, HEIGHT)), mode)
    gray = {"1": 1, "L": 1, "I;16": 1, "LA": 2, "P": 1, "PA": 2}  # the palettes of new images
    assert samples.shape == (HEIGHT, WIDTH, gray.get(mode, 4 if mode == "RGBA" else 3))


@pytest.mark.parametrize("sizes", [(60_000, WIDTH), (WIDTH, 60_000)])
def test_a_second_header_does_not_get_past_the_limits(sizes):
    data = png(random_samples(RGB, 16), RGB, 16)
    headers = [struct.pack(">IIBBBBB", size, size, 16, RGB, 0, 0, 0) for size in sizes]
    doubled = data[:8] + b"".join(chunk(b"IHDR", header) for header in headers) + data[33:]
    with pytest.raises(ServiceError):
        decoded(doubled)


@pytest.mark.parametrize("color_type", [GRAY, RGB])
@pytest.mark.parametrize("depth", [8, 16])
def test_a_chunk_that_claims_to_be_huge_takes_no_memory(color_type, depth):
    samples = random_samples(color_type, depth)
    data = bytearray(png(samples, color_type, depth))
    struct.pack_into(">I", data, 33, 2**31 - 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with suppress(UndecodablePicture):  # unless the picture is done before the chunk would be
        np.testing.assert_array_equal(decoded(bytes(data)), samples)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + 100_000  # KiB


def test_a_wrong_checksum_is_told():
    for depth in (8, 16):
        data = bytearray(png(random_samples(RGB, depth), RGB, depth))
        data[-14] ^= 1
        with pytest.raises(UndecodablePicture):
            decoded(bytes(data))


def with_pixels(color_type, depth, pixels, *, interlaced=False):
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color_type, 0, 0, interlaced)
    return b"".join((b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), *pixels, chunk(b"IEND", b"")))


def deflated_rows(samples, depth):
    return b"".join(b"\0" + packed_bits(row.ravel().tolist(), depth) for row in samples)


@pytest.mark.parametrize(("color_type", "depth"), [kind for kind in KINDS if kind[1] >= 8])
def test_pixels_that_are_missing_are_never_made_up(color_type, depth):
    rows = deflated_rows(random_samples(color_type, depth), depth)
    for short in (b"", rows[:1], rows[:-1]):
        data = with_pixels(color_type, depth, [chunk(b"IDAT", zlib.compress(short))])
        with pytest.raises(UndecodablePicture):
            decoded(data)
    with pytest.raises(UndecodablePicture):
        decoded(with_pixels(color_type, depth, []))


@pytest.mark.parametrize(("color_type", "depth"), [kind for kind in KINDS if kind[1] >= 8])
def test_what_is_more_than_the_pixels_is_left_out(color_type, depth):
    samples = random_samples(color_type, depth)
    longer = zlib.compress(deflated_rows(samples, depth) + bytes(10**6))
    data = with_pixels(color_type, depth, [chunk(b"IDAT", longer)])
    np.testing.assert_array_equal(decoded(data), samples)


@pytest.mark.parametrize(("color_type", "depth"), KINDS)
def test_pixels_may_be_cut_into_any_chunks(color_type, depth):
    samples = random_samples(color_type, depth)
    stream = zlib.compress(deflated_rows(samples, depth))
    pieces = [stream[:1], b"", stream[1:2], stream[2:30], stream[30:]]
    data = with_pixels(color_type, depth, [chunk(b"IDAT", piece) for piece in pieces])
    expected = samples * ((65535 if depth == 16 else 255) // (2**depth - 1))
    np.testing.assert_array_equal(decoded(data), expected)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("color_type", [RGB, GRAY_ALPHA])
@pytest.mark.parametrize("depth", [8, 16])
def test_every_filter_is_undone(depth, color_type, interlaced):
    pixel_bytes = CHANNELS[color_type] * depth // 8
    generator = np.random.default_rng(1)
    sizes = [(HEIGHT, WIDTH)]
    if interlaced:
        sizes = [
            (-(-(HEIGHT - top) // down), -(-(WIDTH - left) // right))
            for left, top, right, down in PASSES
        ]
    rows = b"".join(
        bytes([y % 5]) + generator.integers(0, 256, width * pixel_bytes, np.uint8).tobytes()
        for height, width in sizes
        for y in range(height)
    )
    data = with_pixels(
        color_type, depth, [chunk(b"IDAT", zlib.compress(rows))], interlaced=interlaced
    )
    result = decoded(data)
    with Image.open(BytesIO(data)) as image:  # of 16 bits, Pillow keeps the upper 8
        expected = np.asarray(image.convert("RGB" if color_type == RGB else "LA"))
    np.testing.assert_array_equal(result >> (depth - 8), expected)


@pytest.mark.parametrize("depth", [8, 16])
def test_a_filter_that_does_not_exist_is_refused(depth):
    rows = bytearray(deflated_rows(random_samples(RGB, depth), depth))
    rows[0] = 5
    with pytest.raises(UndecodablePicture):
        decoded(with_pixels(RGB, depth, [chunk(b"IDAT", zlib.compress(rows))]))


@pytest.mark.parametrize("depth", [8, 16])
def test_the_chunks_of_an_animation_mean_nothing_where_there_is_none(depth):
    samples = random_samples(RGB, depth)
    part = struct.pack(">IIIIIHHBB", 0, 1, 1, 2, 3, 1, 10, 1, 1)
    pixels = chunk(b"IDAT", zlib.compress(deflated_rows(samples, depth)))
    behind = (chunk(b"acTL", struct.pack(">II", 5, 0)), chunk(b"fdAT", bytes(9)))
    data = with_pixels(RGB, depth, [chunk(b"fcTL", part), pixels, *behind])
    np.testing.assert_array_equal(decoded(data), samples)


def test_a_broken_stream_is_refused():
    stream = bytearray(zlib.compress(deflated_rows(random_samples(RGB, 8), 8)))
    stream[2] = 0xFF  # a type of block that there is none of
    with pytest.raises(UndecodablePicture):
        decoded(with_pixels(RGB, 8, [chunk(b"IDAT", bytes(stream))]))


def test_broken_exif_data_are_no_fault_of_the_picture():
    samples = random_samples(RGB, 8)
    for exif in (b"", b"II", b"MM\0*\0\0\0\xff", b"II*\0\x08\0\0\0\xff\xff", bytes(100)):
        data = png(samples, RGB, 8, chunk(b"eXIf", exif))
        np.testing.assert_array_equal(decoded(data), samples)
    file = BytesIO()
    image = Image.fromarray(samples.astype(np.uint8))
    image.save(file, "JPEG", exif=b"Exif\0\0" + b"II*\0\x08\0\0\0\xff\xff\x12\x01")
    assert decoded(file.getvalue()).shape == samples.shape
