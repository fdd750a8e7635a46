"""Every layout and kind of sample of TIFF becomes the picture that it means."""

import struct
import zlib
from fractions import Fraction
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from service.errors import InvalidRequest, LimitExceeded, ServiceError, UndecodablePicture
from service.formats.decoding import decode_picture
from service.formats.limits import PictureLimits
from tests.formats.orientations import EXPECTED_ORIENTATIONS
from tests.formats.tiff_files import COMPRESSORS, Page, tiff_file

LIMITS = PictureLimits(max_pixels=1_000_000, max_side=10_000)
HEIGHT, WIDTH = 21, 34
ORDERS = ["<", ">"]


def decoded(data, frame=0):
    return decode_picture(data, LIMITS, frame).samples


def random_samples(dtype, channels, height=HEIGHT, width=WIDTH, seed=3):
    generator = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return generator.normal(0, 100, (height, width, channels)).astype(dtype)
    information = np.iinfo(dtype)
    samples = generator.integers(
        information.min, information.max, (height, width, channels), dtype, endpoint=True
    )
    samples[height // 3 : height // 2] //= 50  # so that packing finds something to pack
    return samples


# What is exact in which type of the picture's samples.
SAMPLE_TYPES = [
    (np.uint8, np.uint8),
    (np.uint16, np.uint16),
    (np.uint32, np.float64),
    (np.int8, np.int32),
    (np.int16, np.int32),
    (np.int32, np.int32),
    (np.float16, np.float32),
    (np.float32, np.float32),
    (np.float64, np.float64),
]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize(("stored", "held"), SAMPLE_TYPES)
def test_every_type_of_sample_comes_through_exactly(stored, held, channels, big, order):
    samples = random_samples(stored, channels)
    extra = () if channels in (1, 3) else (2,)
    result = decoded(tiff_file(Page(samples, extra_samples=extra), order=order, big=big))
    assert result.dtype == held
    np.testing.assert_array_equal(result, samples.astype(np.float64))


LAYOUTS = {
    "one strip": {},
    "strips": {"rows_per_strip": 4},
    "rows": {"rows_per_strip": 1},
    "tiles": {"tile": (16, 32)},
    "one tile": {"tile": (32, 48)},
    "planes": {"planar": True},
    "planes of strips": {"planar": True, "rows_per_strip": 5},
    "planes of tiles": {"planar": True, "tile": (16, 16)},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("compression", COMPRESSORS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_every_layout_and_compression_comes_through_exactly(dtype, compression, layout):
    samples = random_samples(dtype, 3)
    page = Page(samples, compression=compression, **LAYOUTS[layout])
    for order in ORDERS:
        np.testing.assert_array_equal(decoded(tiff_file(page, order=order)), samples)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("predictor", "dtype"),
    [
        *((2, dtype) for dtype, _ in SAMPLE_TYPES),
        *((3, dtype) for dtype in (np.float16, np.float32, np.float64)),
    ],
)
def test_every_predictor_is_undone(predictor, dtype, layout):
    samples = random_samples(dtype, 4)
    page = Page(samples, compression=8, predictor=predictor, extra_samples=(2,), **LAYOUTS[layout])
    for order in ORDERS:
        np.testing.assert_array_equal(decoded(tiff_file(page, order=order)), samples)


@pytest.mark.parametrize("compression", [1, 32773])
def test_a_predictor_that_the_compression_does_not_know_is_ignored(compression):
    samples = random_samples(np.uint16, 3)
    page = Page(samples, compression=compression).with_tags(_317=2)
    np.testing.assert_array_equal(decoded(tiff_file(page)), samples)


@pytest.mark.parametrize("compression", COMPRESSORS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_bytes_with_their_lowest_bit_first_are_turned(compression, dtype):
    samples = random_samples(dtype, 3)
    page = Page(samples, compression=compression, fill_order=2)
    np.testing.assert_array_equal(decoded(tiff_file(page)), samples)


def test_a_long_strip_of_lzw_begins_its_table_anew():
    samples = random_samples(np.uint16, 3, 60, 60)
    page = Page(samples, compression=5)
    np.testing.assert_array_equal(decoded(tiff_file(page)), samples)


@pytest.mark.parametrize("bits", [*range(1, 8), *range(9, 16)])
@pytest.mark.parametrize("compression", [1, 5])
@pytest.mark.parametrize(("channels", "inverted"), [(1, False), (1, True), (3, False)])
def test_few_and_odd_bits_are_widened_to_the_whole_range(bits, channels, compression, inverted):
    most = 2**bits - 1
    generator = np.random.default_rng(bits)
    levels = generator.integers(0, most, (HEIGHT, WIDTH, channels), np.uint16, endpoint=True)
    page = Page(levels, bits=bits, compression=compression, rows_per_strip=6)
    if inverted:
        page = page.with_tags(_262=0)
    white = 255 if bits <= 8 else 65535
    expected = [round(Fraction(level * white, most)) for level in levels.ravel().tolist()]
    expected = np.reshape(expected, levels.shape)
    result = decoded(tiff_file(page))
    assert result.dtype == (np.uint8 if bits <= 8 else np.uint16)
    np.testing.assert_array_equal(result, white - expected if inverted else expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_gray_whose_white_is_zero_is_turned_over(dtype):
    samples = random_samples(dtype, 2)
    expected = samples.astype(np.float64)
    expected[:, :, 0] = np.iinfo(dtype).max - expected[:, :, 0]
    page = Page(samples, photometric=0, extra_samples=(2,))
    np.testing.assert_array_equal(decoded(tiff_file(page)), expected)


@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.float32, np.float64])
def test_premultiplied_alpha_becomes_straight_and_rounded(dtype, channels):
    is_float = dtype not in (np.uint8, np.uint16)
    white = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    samples = random_samples(np.uint32 if is_float else dtype, channels)
    if white == 1:
        samples = (samples / 2**32).astype(dtype)
    samples[:, :, :-1] = np.minimum(samples[:, :, :-1], samples[:, :, -1:])
    samples[3:7, 4:9] = 0
    expected = []
    for *color, alpha in samples.reshape(-1, channels).tolist():
        straight = [Fraction(each) * white / Fraction(alpha) if alpha else 0 for each in color]
        expected += [*(straight if is_float else map(round, straight)), alpha]
    expected = np.array([float(each) for each in expected]).reshape(samples.shape)
    result = decoded(tiff_file(Page(samples, extra_samples=(1,))))
    if is_float:
        np.testing.assert_allclose(result, expected, rtol=np.finfo(result.dtype).eps)
    else:
        np.testing.assert_array_equal(result, expected)


def test_colours_over_their_premultiplied_alpha_are_white():
    samples = np.array([[[200, 100, 3, 100], [9, 9, 9, 0]]], np.uint8)
    result = decoded(tiff_file(Page(samples, extra_samples=(1,))))
    np.testing.assert_array_equal(result, [[[255, 255, 8, 100], [0, 0, 0, 0]]])


@pytest.mark.parametrize(
    ("channels", "extra_samples", "kept"),
    [
        (2, (), [0, 1]),
        (4, (), [0, 1, 2, 3]),
        (2, (0,), [0]),
        (4, (0,), [0, 1, 2]),
        (5, (0, 2), [0, 1, 2, 4]),
        (5, (2, 0), [0, 1, 2, 3]),
        (5, (), [0, 1, 2]),
        (6, (0, 0, 0), [0, 1, 2]),
    ],
)
@pytest.mark.parametrize("planar", [False, True])
def test_an_extra_channel_is_alpha_where_it_says_so(channels, extra_samples, kept, planar):
    samples = random_samples(np.uint16, channels)
    page = Page(samples, extra_samples=extra_samples, planar=planar)
    np.testing.assert_array_equal(decoded(tiff_file(page)), samples[:, :, kept])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("extra", [(), (2,)])
def test_inks_become_rgb_of_the_same_depth(dtype, extra):
    samples = random_samples(dtype, 4 + len(extra))
    white = int(np.iinfo(dtype).max)
    expected = [
        [round(Fraction((white - ink) * (white - black), white)) for ink in inks] + rest
        for *inks, black, rest in (
            (*pixel[:4], pixel[4:]) for pixel in samples.reshape(-1, samples.shape[2]).tolist()
        )
    ]
    page = Page(samples, photometric=5, extra_samples=extra)
    result = decoded(tiff_file(page))
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, np.reshape(expected, result.shape))


def xyz_of_srgb(color):
    """IEC 61966-2-1, under the D65 that it is made for."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in color]
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    return np.array(matrix) @ linear


def lab_of_srgb(color):
    """By way of XYZ under D50, adapted by Bradford's cone responses."""
    cones = np.array(
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
    )
    d65, d50 = np.array([0.95047, 1, 1.08883]), np.array([0.96422, 1, 0.82521])
    adapted = np.linalg.inv(cones) @ (cones @ xyz_of_srgb(color) * (cones @ d50) / (cones @ d65))
    x, y, z = (
        ratio ** (1 / 3) if ratio > 216 / 24389 else (24389 / 27 * ratio + 16) / 116
        for ratio in adapted / d50
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


LAB_ENCODINGS = {
    (8, np.uint8): lambda li, a, b: [li * 2.55, round(a) % 256, round(b) % 256],
    (8, np.uint16): lambda li, a, b: [li * 655.35, round(a * 256) % 65536, round(b * 256) % 65536],
    (9, np.uint8): lambda li, a, b: [li * 2.55, a + 128, b + 128],
    (9, np.uint16): lambda li, a, b: [li * 652.8, (a + 128) * 256, (b + 128) * 256],
}


@pytest.mark.parametrize(("photometric", "dtype"), LAB_ENCODINGS)
def test_lab_becomes_the_rgb_that_it_was_made_of(photometric, dtype):
    colors = np.random.default_rng(8).uniform(0.1, 0.9, (40, 3))
    colors[0], colors[1] = 0, 1
    encode = LAB_ENCODINGS[photometric, dtype]
    lab = np.array([encode(*lab_of_srgb(color)) for color in colors])
    samples = np.rint(lab).astype(np.int64).astype(dtype)[np.newaxis]
    result = decoded(tiff_file(Page(samples, photometric=photometric)))
    assert result.dtype == dtype
    white = np.iinfo(dtype).max
    # a and b in steps of one are as coarse as some levels of the dark blues.
    tolerance = 6 / 255 if dtype == np.uint8 else 0.0005
    np.testing.assert_allclose(result[0] / white, colors, atol=tolerance)
    np.testing.assert_allclose(result[0, :2] / white, colors[:2], atol=tolerance / 10)


@pytest.mark.parametrize("mode", ["P", "YCbCr"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_palettes_and_luma_with_chroma_are_left_to_pillow(mode, compression):
    image = Image.fromarray(random_samples(np.uint8, 3)).convert(mode)
    file = BytesIO()
    image.save(file, "TIFF", compression=compression)
    with Image.open(BytesIO(file.getvalue())) as stored:
        expected = np.asarray(stored.convert("RGB"))
    np.testing.assert_array_equal(decoded(file.getvalue()), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_within_tiff_is_read_within_a_few_levels(channels):
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    samples = np.stack([rows * 9, columns * 6, rows + columns], axis=2)[:, :, :channels]
    image = Image.fromarray(samples.astype(np.uint8).squeeze())
    file = BytesIO()
    image.save(file, "TIFF", compression="jpeg", quality=95)
    result = decoded(file.getvalue()).astype(int)
    assert np.abs(result - samples).max() < 12


@pytest.mark.parametrize("compression", ["group3", "group4"])
def test_faxes_are_read(compression):
    bits = random_samples(np.uint8, 1)[:, :, 0] > 127
    file = BytesIO()
    Image.fromarray(bits).save(file, "TIFF", compression=compression)
    np.testing.assert_array_equal(decoded(file.getvalue())[:, :, 0], bits * 255)


@pytest.mark.parametrize("compression", [1, 5, 8, 32946])
@pytest.mark.parametrize("predictor", [1, 2])
@pytest.mark.parametrize("channels", [3, 4])
def test_16_bits_of_another_writer_are_exact(compression, predictor, channels):
    samples = random_samples(np.uint16, channels)
    order = [2, 1, 0, 3][:channels]
    options = (cv2.IMWRITE_TIFF_COMPRESSION, compression, cv2.IMWRITE_TIFF_PREDICTOR, predictor)
    _, tiff = cv2.imencode(".tiff", samples[:, :, order], options)
    np.testing.assert_array_equal(decoded(tiff.tobytes()), samples)


@pytest.mark.parametrize("orientation", EXPECTED_ORIENTATIONS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_orientation_is_applied_once(orientation, layout):
    samples = random_samples(np.uint16, 3)
    page = Page(samples, **LAYOUTS[layout]).with_tags(_274=orientation)
    expected = EXPECTED_ORIENTATIONS[orientation](samples)
    np.testing.assert_array_equal(decoded(tiff_file(page)), expected)


@pytest.mark.parametrize("orientation", EXPECTED_ORIENTATIONS)
@pytest.mark.parametrize("compression", [1, 5])
def test_the_orientation_is_applied_once_where_pillow_reads(orientation, compression):
    indices = random_samples(np.uint8, 1)
    levels = np.arange(256, dtype=np.uint16) * 257
    palette = tuple(np.concatenate([levels, levels[::-1], levels]).tolist())
    page = Page(indices, photometric=3, compression=compression)
    page = page.with_tags(_274=orientation, _320=palette)
    expected = np.concatenate([indices, 255 - indices, indices], axis=2)
    expected = EXPECTED_ORIENTATIONS[orientation](expected)
    np.testing.assert_array_equal(decoded(tiff_file(page)), expected)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("big", [False, True])
def test_every_page_is_found_by_its_number(order, big):
    gray, color = random_samples(np.uint16, 1, 9, 12), random_samples(np.uint8, 3, 7, 5)
    indices = random_samples(np.uint8, 1, 6, 8)
    palette = tuple(range(0, 256 * 256, 256)) * 3
    paletted = Page(indices, photometric=3).with_tags(_320=palette)
    pages, pictures = [Page(gray), Page(color, compression=8)], [gray, color]
    if not (big and order == ">"):  # Pillow, which reads palettes, does not know this header
        pages, pictures = [*pages, paletted], [*pictures, indices]
    data = tiff_file(*pages, order=order, big=big)
    for frame, expected in enumerate(pictures):
        np.testing.assert_array_equal(decoded(data, frame), expected)
    with pytest.raises(InvalidRequest, match=f"{len(pages)} frames") as caught:
        decoded(data, len(pages))
    assert caught.value.faults[0].pointer == "/frame"


def test_pages_in_a_circle_are_counted_once():
    data = bytearray(tiff_file(Page(random_samples(np.uint8, 1))))
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    struct.pack_into("<I", data, start + 2 + 12 * count, start)
    assert decoded(bytes(data)).shape == (HEIGHT, WIDTH, 1)
    with pytest.raises(InvalidRequest, match="one frame"):
        decoded(bytes(data), 1)


def test_the_colour_profile_comes_with_the_picture():
    page = Page(random_samples(np.uint16, 3)).with_tags(_34675=b"a profile, to be carried")
    picture = decode_picture(tiff_file(page), LIMITS)
    assert picture.icc_profile == b"a profile, to be carried"


REFUSED = {
    "64-bit integers": Page(random_samples(np.uint64, 1)),
    "signed, white is zero": Page(random_samples(np.int16, 1), photometric=0),
    "signed and premultiplied": Page(random_samples(np.int16, 4), extra_samples=(1,)),
    "complex": Page(random_samples(np.uint32, 1)).with_tags(_339=5),
    "different bits": Page(random_samples(np.uint16, 3)).with_tags(_258=(16, 16, 8)),
    "too few channels": Page(random_samples(np.uint16, 2), photometric=2),
    "other inks": Page(random_samples(np.uint8, 4), photometric=5).with_tags(_332=2),
    "float inks": Page(random_samples(np.float32, 4), photometric=5),
    "float Lab": Page(random_samples(np.float32, 3), photometric=8),
    "colour filter array": Page(random_samples(np.uint16, 1), photometric=32803),
    "a thousand channels": Page(random_samples(np.uint8, 1000), photometric=1),
    "unknown predictor": Page(random_samples(np.uint8, 3), compression=8, predictor=4),
    "unknown compression": Page(random_samples(np.uint8, 3)).with_tags(_259=99),
    "a strip too few": Page(random_samples(np.uint8, 3), rows_per_strip=3).with_tags(_278=2),
    "a strip too short": Page(random_samples(np.uint16, 3)).with_tags(_279=100),
    "empty tiles": Page(random_samples(np.uint8, 3), tile=(16, 16)).with_tags(_322=0),
    "a huge tile": Page(random_samples(np.uint8, 1), tile=(32, 48)).with_tags(
        _322=2**20, _323=2**20
    ),
    "no width": Page(random_samples(np.uint8, 1)).with_tags(_256=0),
    "width twice": Page(random_samples(np.uint8, 1)).with_tags(_256=(3, 4)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_meaning_here_is_refused(name):
    with pytest.raises(UndecodablePicture):
        decoded(tiff_file(REFUSED[name]))


@pytest.mark.parametrize("compression", COMPRESSORS)
def test_broken_bytes_are_an_answer_and_never_another_fault(compression):
    generator = np.random.default_rng(5)
    page = Page(random_samples(np.uint16, 3, 12, 10), compression=compression, tile=(16, 16))
    data = tiff_file(page)
    answers = set()
    for _ in range(200):
        changed = bytearray(data)
        for position in generator.integers(4, len(data), generator.integers(1, 5)):
            changed[position] = generator.integers(0, 256)
        try:
            answers.add(type(decode_picture(bytes(changed), LIMITS)))
        except ServiceError as error:
            answers.add(type(error))
    assert UndecodablePicture in answers


def test_tiles_that_hold_far_more_than_the_picture_are_refused():
    tile = zlib.compress(bytes(16 * 2**18))
    tiff = tiff_file(Page(random_samples(np.uint8, 1, 1, 900), compression=8).with_tags(
        _273=(8,), _324=(0,) * 57, _325=(len(tile),) * 57, _322=16, _323=2**18
    ))  # fmt: skip
    place = struct.pack("<57I", *[len(tiff)] * 57)
    with pytest.raises(UndecodablePicture):
        decoded(tiff.replace(bytes(4 * 57), place) + tile)


def test_the_size_of_every_page_is_judged_before_it_is_decoded():
    small, large = random_samples(np.uint8, 1, 4, 4), random_samples(np.uint8, 1, 40, 40)
    data = tiff_file(Page(small), Page(large))
    tight = PictureLimits(max_pixels=100, max_side=30)
    assert decode_picture(data, tight).samples.shape == (4, 4, 1)
    with pytest.raises(LimitExceeded):
        decode_picture(data, tight, 1)
