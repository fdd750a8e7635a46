"""A frame of an animation is the canvas that a viewer shows: against a naive painter."""

import struct
import zlib
from fractions import Fraction
from io import BytesIO

import numpy as np
import pytest
from PIL import ExifTags, Image

from service.errors import InvalidRequest, LimitExceeded, ServiceError, UndecodablePicture
from service.formats.decoding import decode_picture
from service.formats.limits import MAX_FRAMES, PictureLimits

LIMITS = PictureLimits(max_pixels=10_000, max_side=1_000)
HEIGHT, WIDTH = 9, 14
# left, top, width, height, disposal (0 none, 1 clear, 2 restore), whether laid over
PATCHES = [
    (0, 0, WIDTH, HEIGHT, 0, False),
    (2, 1, 5, 6, 1, True),
    (4, 3, 8, 5, 2, True),
    (0, 0, 3, 9, 2, False),
    (9, 2, 5, 4, 0, True),
    (1, 1, 11, 7, 1, False),
    (5, 0, 6, 6, 0, True),
]


def painted(patches, pictures, wanted, white):
    """Pixel by pixel, in fractions: RGBA."""
    canvas = {}
    clear = (0, 0, 0, 0)
    for index, (patch, picture) in enumerate(zip(patches, pictures, strict=True)):
        left, top, width, height, disposal, over = patch
        before = dict(canvas)
        inside = [(top + y, left + x) for y in range(height) for x in range(width)]
        for y, x in inside:
            above = tuple(int(v) for v in picture[y - top, x - left])
            below = canvas.get((y, x), clear)
            canvas[y, x] = blended(below, above, white) if over else above
        if index == wanted:
            break
        for place in inside:
            if disposal == 1:
                canvas[place] = clear
            if disposal == 2:
                canvas[place] = before.get(place, clear)
    return np.array(
        [[canvas.get((y, x), clear) for x in range(WIDTH)] for y in range(HEIGHT)], np.int64
    )


def blended(below, above, white):
    cover = Fraction(above[3], white)
    seen = below[3] * (1 - cover)
    alpha = above[3] + seen
    if alpha == 0:
        return below
    color = [
        round((top * above[3] + bottom * seen) / alpha)
        for top, bottom in zip(above[:3], below[:3], strict=True)
    ]
    return (*color, round(alpha))


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def rows_of(picture):
    big_endian = picture.astype(picture.dtype.newbyteorder(">"))
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in big_endian))


def apng(patches, pictures, color_type=6, hidden=None, shared=()):
    depth = 8 * pictures[0].dtype.itemsize
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color_type, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *shared, chunk(b"acTL", struct.pack(">II", len(patches), 0))]
    number = 0
    if hidden is not None:
        parts.append(chunk(b"IDAT", rows_of(hidden)))
    for index, (patch, picture) in enumerate(zip(patches, pictures, strict=True)):
        left, top, width, height, disposal, over = patch
        control = struct.pack(">IIIIIHHBB", number, width, height, left, top, 1, 10, disposal, over)
        parts.append(chunk(b"fcTL", control))
        number += 1
        pixels = rows_of(picture)
        if index == 0 and hidden is None:
            parts.append(chunk(b"IDAT", pixels))
            continue
        for half in (pixels[: len(pixels) // 2], pixels[len(pixels) // 2 :]):
            parts.append(chunk(b"fdAT", struct.pack(">I", number) + half))
            number += 1
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def random_pictures(dtype, channels=4, seed=6):
    generator = np.random.default_rng(seed)
    white = int(np.iinfo(dtype).max)
    pictures = []
    for _, _, width, height, _, _ in PATCHES:
        picture = generator.integers(0, white, (height, width, channels), dtype, endpoint=True)
        if channels in (2, 4):
            kinds = generator.integers(0, 3, (height, width))
            picture[kinds == 0, -1] = 0
            picture[kinds == 1, -1] = white
        pictures.append(picture)
    return pictures


@pytest.mark.parametrize("wanted", range(len(PATCHES)))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_apng_frames_are_blended_and_disposed_of(dtype, wanted):
    pictures = random_pictures(dtype)
    result = decode_picture(apng(PATCHES, pictures), LIMITS, wanted).samples
    assert result.dtype == dtype
    expected = painted(PATCHES, pictures, wanted, int(np.iinfo(dtype).max))
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("wanted", range(len(PATCHES)))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("channels", "color_type"), [(1, 0), (2, 4), (3, 2)])
def test_apng_without_colour_or_alpha_gets_neither_unless_it_is_seen_through(
    channels, color_type, dtype, wanted
):
    pictures = random_pictures(dtype, channels)
    white = int(np.iinfo(dtype).max)
    order = {1: [0, 0, 0], 2: [0, 0, 0, 1], 3: [0, 1, 2]}[channels]
    full = [picture[:, :, order] for picture in pictures]
    if channels != 2:
        full = [np.dstack((each, np.full(each.shape[:2], white))) for each in full]
    expected = painted(PATCHES, full, wanted, white)
    opaque = (expected[:, :, 3] == white).all()
    kept = ([0] if channels < 3 else [0, 1, 2]) + [3] * (not opaque)
    result = decode_picture(apng(PATCHES, pictures, color_type), LIMITS, wanted).samples
    np.testing.assert_array_equal(result, expected[:, :, kept])


def test_the_default_picture_of_an_apng_may_be_no_frame():
    pictures = random_pictures(np.uint8)
    hidden = np.full((HEIGHT, WIDTH, 4), 77, np.uint8)
    data = apng(PATCHES, pictures, hidden=hidden)
    np.testing.assert_array_equal(decode_picture(data, LIMITS).samples, pictures[0])
    with pytest.raises(InvalidRequest, match=f"{len(PATCHES)} frames"):
        decode_picture(data, LIMITS, len(PATCHES))


def test_an_apng_is_turned_upright_and_keeps_its_profile():
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    profile = b"p\0\0" + zlib.compress(b"a profile, to be carried")
    shared = (chunk(b"iCCP", profile), chunk(b"eXIf", exif.tobytes()[6:]))
    pictures = random_pictures(np.uint8)
    picture = decode_picture(apng(PATCHES, pictures, shared=shared), LIMITS, 4)
    np.testing.assert_array_equal(picture.samples, np.rot90(painted(PATCHES, pictures, 4, 255), -1))
    assert picture.icc_profile == b"a profile, to be carried"


COLORS = [(255, 0, 0), (10, 200, 30), (0, 40, 250), (7, 8, 9)]
OTHERS = [(1, 2, 3), (90, 80, 70), (255, 255, 0), (128, 0, 128)]
GRAYS = [(0, 0, 0), (90, 90, 90), (200, 200, 200), (255, 255, 255)]
# left, top, width, height, disposal, transparent index, own palette, interlaced
GIF_PATCHES = [
    (0, 0, WIDTH, HEIGHT, 1, None, None, False),
    (2, 1, 5, 6, 2, 1, None, False),
    (4, 3, 8, 5, 3, 2, OTHERS, True),
    (0, 0, 3, 9, 0, 0, OTHERS, False),
    (9, 2, 5, 4, 3, None, None, True),
    (1, 1, 11, 7, 2, 3, None, False),
    (5, 0, 6, 6, 1, 1, OTHERS, False),
]


def packed_indices(indices):
    """LZW without a table: every code is of three bits, and each second one starts anew."""
    digits = ""
    for index in indices:
        digits = f"{index:03b}{4:03b}" + digits  # the lowest bits come first
    digits = f"{5:03b}" + digits
    digits = f"{digits:0>{-(-len(digits) // 8) * 8}}"
    data = int(digits, 2).to_bytes(len(digits) // 8, "little")
    blocks = [data[start : start + 255] for start in range(0, len(data), 255)]
    return b"\2" + b"".join(bytes((len(block),)) + block for block in blocks) + b"\0"


def gif(patches, indices, palette=COLORS, screen=(WIDTH, HEIGHT), end=b";"):
    data = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x81, 2, 0) + bytes(sum(palette, ()))
    data += b"!\xff\x0bNETSCAPE2.0\3\1\0\0\0" + b"!\xfe\5hello\0"
    for patch, picture in zip(patches, indices, strict=True):
        left, top, width, height, disposal, transparent, table, interlaced = patch
        flags = disposal << 2 | (transparent is not None)
        data += b"!\xf9\4" + struct.pack("<BHB", flags, 5, transparent or 0) + b"\0"
        own = 0x81 if table else 0
        data += b"," + struct.pack("<HHHHB", left, top, width, height, own | interlaced << 6)
        data += bytes(sum(table, ())) if table else b""
        rows = list(picture)
        if interlaced:
            rows = rows[::8] + rows[4::8] + rows[2::4] + rows[1::2]
        data += packed_indices(np.concatenate(rows).tolist())
    return data + end


def gif_pictures(patches, palette=COLORS, seed=9):
    generator = np.random.default_rng(seed)
    indices = [generator.integers(0, 4, (patch[3], patch[2])) for patch in patches]
    pictures = []
    for patch, picture in zip(patches, indices, strict=True):
        colors = np.array(patch[6] or palette)
        alpha = np.where(picture == patch[5], 0, 255)
        pictures.append(np.dstack((colors[picture], alpha)))
    return indices, pictures


def as_painted(patches):
    """GIF's disposals in the painter's words."""
    return [(*patch[:4], {0: 0, 1: 0, 2: 1, 3: 2}[patch[4]], True) for patch in patches]


@pytest.mark.parametrize("wanted", range(len(GIF_PATCHES)))
def test_gif_frames_are_laid_over_one_another_and_disposed_of(wanted):
    indices, pictures = gif_pictures(GIF_PATCHES)
    result = decode_picture(gif(GIF_PATCHES, indices), LIMITS, wanted).samples
    expected = painted(as_painted(GIF_PATCHES), pictures, wanted, 255)
    kept = [0, 1, 2] if (expected[:, :, 3] == 255).all() else [0, 1, 2, 3]
    visible = expected[:, :, 3] > 0
    np.testing.assert_array_equal(result[visible], expected[visible][:, kept])
    np.testing.assert_array_equal(result[:, :, 3:], expected[:, :, kept[3:]])


def test_a_gif_s_first_frame_may_leave_its_canvas_open():
    patches = [GIF_PATCHES[1]]
    indices, pictures = gif_pictures(patches)
    result = decode_picture(gif(patches, indices), LIMITS).samples
    expected = painted(as_painted(patches), pictures, 0, 255)
    np.testing.assert_array_equal(result[:, :, 3], expected[:, :, 3])
    visible = expected[:, :, 3] > 0
    np.testing.assert_array_equal(result[visible], expected[visible])


@pytest.mark.parametrize("wanted", [0, 1])
def test_a_gif_of_grays_is_gray(wanted):
    patches = [(*patch[:6], None, False) for patch in GIF_PATCHES[:2]]
    indices, pictures = gif_pictures(patches, GRAYS)
    result = decode_picture(gif(patches, indices, GRAYS), LIMITS, wanted).samples
    expected = painted(as_painted(patches), pictures, wanted, 255)
    np.testing.assert_array_equal(result, expected[:, :, :1])


def test_a_gif_with_colours_in_an_earlier_frame_has_colours():
    patches = [GIF_PATCHES[0], (2, 1, 5, 6, 1, None, GRAYS, False)]
    indices, pictures = gif_pictures(patches)
    result = decode_picture(gif(patches, indices), LIMITS, 1).samples
    np.testing.assert_array_equal(result, painted(as_painted(patches), pictures, 1, 255)[:, :, :3])


def test_a_frame_without_a_control_block_has_nothing_of_the_one_before():
    patches = [(*GIF_PATCHES[0][:5], 1, None, False), (2, 1, 5, 6, 0, None, None, False)]
    indices, pictures = gif_pictures(patches)
    before, control, after = gif(patches, indices).rpartition(b"!\xf9\4")
    assert len(control + after[:5]) == 8
    result = decode_picture(before + after[5:], LIMITS, 1).samples
    expected = painted(as_painted(patches), pictures, 1, 255)
    np.testing.assert_array_equal(result[1:7, 2:7], expected[1:7, 2:7])


@pytest.mark.parametrize("screen", [(0, 0), (3, 2)])
def test_a_screen_smaller_than_its_first_picture_is_widened(screen):
    indices, pictures = gif_pictures(GIF_PATCHES)
    data = gif(GIF_PATCHES, indices, screen=screen)
    np.testing.assert_array_equal(decode_picture(data, LIMITS).samples, pictures[0][:, :, :3])
    whole = decode_picture(gif(GIF_PATCHES, indices), LIMITS, 4).samples
    np.testing.assert_array_equal(decode_picture(data, LIMITS, 4).samples, whole)


def test_what_lies_beyond_the_canvas_is_cut_off():
    outside = (10, 5, 9, 9, 1, None, None, False)
    patches = [GIF_PATCHES[0], outside, (200, 1, 2, 2, 1, None, None, False)]
    indices, pictures = gif_pictures(patches)
    result = decode_picture(gif(patches, indices), LIMITS, 2).samples
    expected = pictures[0].copy()
    expected[5:, 10:] = pictures[1][:4, :4]
    np.testing.assert_array_equal(result, expected[:, :, :3])


@pytest.mark.parametrize("end", [b"", b";", b";\0\0junk"])
def test_a_gif_ends_where_its_blocks_do(end):
    indices, pictures = gif_pictures(GIF_PATCHES)
    data = gif(GIF_PATCHES, indices, end=end)
    np.testing.assert_array_equal(decode_picture(data, LIMITS).samples, pictures[0][:, :, :3])
    with pytest.raises(InvalidRequest, match=f"{len(GIF_PATCHES)} frames") as caught:
        decode_picture(data, LIMITS, len(GIF_PATCHES))
    assert caught.value.faults[0].pointer == "/frame"


@pytest.mark.parametrize("wanted", range(4))
def test_a_webp_frame_is_found_by_its_number(wanted):
    generator = np.random.default_rng(3)
    frames = [generator.integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8) for _ in range(4)]
    for frame in frames:
        frame[:, :, 3] = 255
    file = BytesIO()
    first, *others = map(Image.fromarray, frames)
    first.save(file, "WEBP", save_all=True, append_images=others, lossless=True, exact=True)
    result = decode_picture(file.getvalue(), LIMITS, wanted).samples
    np.testing.assert_array_equal(result[:, :, :3], frames[wanted][:, :, :3])
    with pytest.raises(InvalidRequest, match="4 frames"):
        decode_picture(file.getvalue(), LIMITS, 4)


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM"])
def test_a_still_picture_has_one_frame(pillow_format):
    file = BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT)).save(file, pillow_format)
    assert decode_picture(file.getvalue(), LIMITS, 0)
    with pytest.raises(InvalidRequest, match="one frame, counted from 0") as caught:
        decode_picture(file.getvalue(), LIMITS, 1)
    assert caught.value.faults[0].pointer == "/frame"


def test_frames_far_away_are_not_sought():
    data = gif(GIF_PATCHES, gif_pictures(GIF_PATCHES)[0])
    with pytest.raises(InvalidRequest, match="7 frames"):
        decode_picture(data, LIMITS, MAX_FRAMES - 1)
    with pytest.raises(LimitExceeded, match=str(MAX_FRAMES - 1)) as caught:
        decode_picture(data, LIMITS, MAX_FRAMES)
    assert caught.value.faults[0].pointer == "/frame"
    with pytest.raises(InvalidRequest, match="from 0"):
        decode_picture(data, LIMITS, -1)


def test_a_frame_larger_than_allowed_is_refused():
    patches = [GIF_PATCHES[0], (0, 0, 200, 60, 0, None, None, False)]
    data = gif(patches, gif_pictures(patches)[0])
    assert decode_picture(data, LIMITS)
    with pytest.raises(LimitExceeded, match="200 x 60"):
        decode_picture(data, LIMITS, 1)


ANIMATIONS = {
    "gif": gif(GIF_PATCHES, gif_pictures(GIF_PATCHES)[0]),
    "apng": apng(PATCHES, random_pictures(np.uint8)),
    "apng-16": apng(PATCHES, random_pictures(np.uint16)),
}


@pytest.mark.parametrize("name", ANIMATIONS)
def test_changed_bytes_are_an_answer_and_never_another_fault(name):
    generator = np.random.default_rng(5)
    for _ in range(300):
        changed = bytearray(ANIMATIONS[name])
        for position in generator.integers(6, len(changed), generator.integers(1, 5)):
            changed[position] = generator.integers(0, 256)
        try:
            assert decode_picture(bytes(changed), LIMITS, 5)
        except ServiceError:
            continue


@pytest.mark.parametrize("name", ANIMATIONS)
def test_an_animation_cut_off_is_an_answer_and_never_another_fault(name):
    data = ANIMATIONS[name]
    answers = set()
    for length in range(10, len(data), 7):
        try:
            answers.add(type(decode_picture(data[:length], LIMITS, 3)))
        except ServiceError as error:
            answers.add(type(error))
    assert UndecodablePicture in answers
