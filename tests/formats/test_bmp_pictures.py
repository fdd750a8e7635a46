"""BMP of every depth that programs write, built by hand."""

import struct

import numpy as np
import pytest

from service.formats.decoding import decode_picture
from service.formats.limits import PictureLimits
from tests.formats.tiff_files import packed_bits

LIMITS = PictureLimits(max_pixels=10_000, max_side=1_000)
HEIGHT, WIDTH = 7, 13
COLORS = [(255, 0, 0), (10, 200, 30), (0, 40, 250), (7, 8, 9)]


def bmp(bits, rows, palette=(), top_down=False, masks=(), compression=None):
    """Rows of bytes, the uppermost first; masks of red, green, blue and alpha."""
    padded = [row + bytes(-len(row) % 4) for row in rows]
    pixels = b"".join(padded if top_down else padded[::-1])
    if compression is None:
        compression = 3 if masks else 0
    size = 108 if masks else 40
    info = struct.pack(
        "<IiiHHIIiiII", size, WIDTH, -HEIGHT if top_down else HEIGHT, 1, bits, compression,
        len(pixels), 2835, 2835, len(palette), 0,
    )  # fmt: skip
    if masks:
        info += struct.pack("<4I", *masks)
        info += b"BGRs" + bytes(48)
    info += b"".join(bytes((b, g, r, 0)) for r, g, b in palette)
    start = 14 + len(info)
    return struct.pack("<2sIHHI", b"BM", start + len(pixels), 0, 0, start) + info + pixels


def decoded(data):
    return decode_picture(data, LIMITS).samples


def random_integers(most, *shape):
    return np.random.default_rng(most).integers(0, most, shape, endpoint=True)


@pytest.mark.parametrize("bits", [1, 4, 8])
@pytest.mark.parametrize("top_down", [False, True])
def test_a_palette_becomes_its_colours(bits, top_down):
    palette = COLORS[: 2**bits]
    indices = random_integers(len(palette) - 1, HEIGHT, WIDTH)
    rows = [packed_bits(row.tolist(), bits) for row in indices]
    np.testing.assert_array_equal(
        decoded(bmp(bits, rows, palette, top_down)), np.array(palette)[indices]
    )


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize("padding", [0, 1])
def test_three_colours_are_read_without_the_unused_byte(top_down, padding):
    colors = random_integers(255, HEIGHT, WIDTH, 3)
    stored = np.dstack((colors[:, :, ::-1], np.full((HEIGHT, WIDTH, padding), 9)))
    rows = [row.astype(np.uint8).tobytes() for row in stored]
    result = decoded(bmp(24 + 8 * padding, rows, top_down=top_down))
    np.testing.assert_array_equal(result, colors)


def test_a_mask_of_alpha_makes_it_one():
    samples = random_integers(255, HEIGHT, WIDTH, 4)
    rows = [row.astype(np.uint8).tobytes() for row in samples[:, :, [2, 1, 0, 3]]]
    data = bmp(32, rows, masks=(0xFF0000, 0xFF00, 0xFF, 0xFF000000))
    np.testing.assert_array_equal(decoded(data), samples)


@pytest.mark.parametrize(
    ("masks", "widths"),
    [((0x7C00, 0x3E0, 0x1F, 0), (5, 5, 5)), ((0xF800, 0x7E0, 0x1F, 0), (5, 6, 5))],
)
def test_16_bits_are_widened_to_the_whole_range(masks, widths):
    levels = [random_integers(2**width - 1, HEIGHT, WIDTH) for width in widths]
    levels = [np.random.default_rng(i).permuted(each) for i, each in enumerate(levels)]
    red, green, blue = levels
    stored = red << (widths[1] + widths[2]) | green << widths[2] | blue
    rows = [row.astype("<u2").tobytes() for row in stored]
    expected = [each * 255 / (2**width - 1) for each, width in zip(levels, widths, strict=True)]
    result = decoded(bmp(16, rows, masks=masks))
    np.testing.assert_array_equal(result, np.rint(np.dstack(expected)))


def test_runs_are_unpacked():
    indices = np.repeat(random_integers(3, HEIGHT, 3), [5, 4, 4], axis=1)
    rows = b"".join(
        b"".join(bytes((run, row[at])) for run, at in ((5, 0), (4, 5), (4, 9))) + b"\0\0"
        for row in indices[::-1]
    )
    data = bmp(8, [rows + b"\0\1"], COLORS, compression=1)
    np.testing.assert_array_equal(decoded(data), np.array(COLORS)[indices])
