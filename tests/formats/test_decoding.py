"""Every kind of picture file becomes the samples that it means."""

import struct
import zlib
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from service.errors import UndecodablePicture
from service.formats.decoding import PictureLimits, decode_picture
from service.formats.encoding import encode_picture
from service.formats.picture import Picture
from service.formats.pillow_modes import MODES, samples_of
from service.formats.table import FORMATS

LIMITS = PictureLimits(max_pixels=1_000_000, max_side=10_000)
HEIGHT, WIDTH = 6, 9
COLORS = [(255, 0, 0), (10, 200, 30), (0, 40, 250), (7, 8, 9)]
GRAYS = [(0, 0, 0), (90, 90, 90), (200, 200, 200), (255, 255, 255)]


GRAY_MODES = {"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F"}


def random_bytes(*shape, seed=2):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def saved(image, pillow_format, **options):
    file = BytesIO()
    image.save(file, pillow_format, **options)
    return file.getvalue()


def decoded(data):
    return decode_picture(data, LIMITS).samples


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunk(png, kind, body):
    """The chunk put right behind the header."""
    return png[:33] + chunk(kind, body) + png[33:]


def with_tag(tiff, tag, value):
    """The SHORT value of a tag replaced in a little-endian TIFF file of our own writing."""
    (directory,) = struct.unpack_from("<I", tiff, 4)
    (count,) = struct.unpack_from("<H", tiff, directory)
    changed = bytearray(tiff)
    for position in range(directory + 2, directory + 2 + 12 * count, 12):
        if struct.unpack_from("<H", tiff, position)[0] == tag:
            struct.pack_into("<H", changed, position + 8, value)
            return bytes(changed)
    raise AssertionError("no such tag")


def paletted(colors, **info):
    indices = random_bytes(HEIGHT, WIDTH) % len(colors)
    image = Image.fromarray(indices, "L")
    image = Image.frombytes("P", image.size, indices.tobytes())
    image.putpalette(np.array(colors, np.uint8).tobytes())
    image.info.update(info)
    return image, indices


EXPECTED_ORIENTATIONS = {
    1: lambda upright: upright,
    2: np.fliplr,
    3: lambda upright: np.rot90(upright, 2),
    4: np.flipud,
    5: lambda upright: np.swapaxes(upright, 0, 1),
    6: lambda upright: np.rot90(upright, -1),
    7: lambda upright: np.rot90(np.swapaxes(upright, 0, 1), 2),
    8: lambda upright: np.rot90(upright, 1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("pillow_format", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("channels", [3, 4])
def test_the_exif_orientation_is_applied(orientation, pillow_format, channels):
    stored = random_bytes(HEIGHT, WIDTH, channels)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    options = {"lossless": True, "exact": True} if pillow_format == "WEBP" else {}
    data = saved(Image.fromarray(stored), pillow_format, exif=exif, **options)
    np.testing.assert_array_equal(decoded(data), EXPECTED_ORIENTATIONS[orientation](stored))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_of_a_jpeg_is_applied(orientation):
    stored = random_bytes(HEIGHT, WIDTH, 3)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = saved(Image.fromarray(stored), "JPEG", exif=exif)
    plain = np.asarray(Image.open(BytesIO(saved(Image.fromarray(stored), "JPEG"))))
    np.testing.assert_array_equal(decoded(data), EXPECTED_ORIENTATIONS[orientation](plain))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_of_a_16_bit_png_is_applied_once(orientation):
    stored = random_bytes(HEIGHT, WIDTH, 3).astype(np.uint16) * 257 + 1
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    png = with_chunk(encode_picture(Picture(stored), FORMATS["png"]), b"eXIf", exif.tobytes()[6:])
    np.testing.assert_array_equal(decoded(png), EXPECTED_ORIENTATIONS[orientation](stored))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", [1, 5])  # read by the service, by OpenCV
def test_the_orientation_of_a_16_bit_tiff_is_applied_once(orientation, compression):
    stored = random_bytes(HEIGHT, WIDTH, 3).astype(np.uint16) * 257 + 1
    _, plain = cv2.imencode(
        ".tiff", stored[:, :, ::-1], (cv2.IMWRITE_TIFF_COMPRESSION, compression)
    )
    (directory,) = struct.unpack_from("<I", plain, 4)
    tiff = reoriented(plain.tobytes(), directory, orientation)
    np.testing.assert_array_equal(decoded(tiff), EXPECTED_ORIENTATIONS[orientation](stored))


def reoriented(tiff, directory, orientation):
    """The directory copied to the end of the file, with an orientation in its place."""
    (count,) = struct.unpack_from("<H", tiff, directory)
    size = 12 * count
    entries = [tiff[start : start + 12] for start in range(directory + 2, directory + 2 + size, 12)]
    entries.append(struct.pack("<HHIHH", 274, 3, 1, orientation, 0))
    entries = {struct.unpack_from("<H", entry)[0]: entry for entry in entries}
    tiff += bytes(len(tiff) % 2)
    body = struct.pack("<H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries))
    return tiff[:4] + struct.pack("<I", len(tiff)) + tiff[8:] + body + bytes(4)


def test_one_bit_becomes_black_and_white():
    bits = random_bytes(HEIGHT, WIDTH) > 127
    np.testing.assert_array_equal(decoded(saved(Image.fromarray(bits), "PNG"))[:, :, 0], bits * 255)


@pytest.mark.parametrize("pillow_format", ["PNG", "TIFF", "GIF", "BMP"])
def test_a_colour_palette_becomes_rgb(pillow_format):
    image, indices = paletted(COLORS)
    expected = np.array(COLORS)[indices]
    np.testing.assert_array_equal(decoded(saved(image, pillow_format)), expected)


@pytest.mark.parametrize("pillow_format", ["PNG", "TIFF"])
def test_a_gray_palette_becomes_gray(pillow_format):
    image, indices = paletted(GRAYS)
    expected = np.array(GRAYS)[indices][:, :, :1]
    np.testing.assert_array_equal(decoded(saved(image, pillow_format)), expected)


@pytest.mark.parametrize(("colors", "kept"), [(COLORS, [0, 1, 2, 3]), (GRAYS, [0, 3])])
def test_a_palette_with_alpha_keeps_it(colors, kept):
    image, indices = paletted(colors)
    alphas = [0, 50, 255, 128]
    png = saved(image, "PNG", transparency=bytes(alphas))
    expected = np.array([(*color, alpha) for color, alpha in zip(colors, alphas, strict=True)])
    np.testing.assert_array_equal(decoded(png), expected[indices][:, :, kept])


def test_the_transparent_colour_of_a_gif_becomes_alpha():
    image, indices = paletted(COLORS)
    samples = decoded(saved(image, "GIF", transparency=1))
    np.testing.assert_array_equal(samples[:, :, 3], np.where(indices == 1, 0, 255))
    opaque = indices != 1
    np.testing.assert_array_equal(samples[opaque][:, :3], np.array(COLORS)[indices][opaque])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_colour_key_becomes_alpha(dtype, channels):
    scale = np.iinfo(dtype).max // 255
    samples = random_bytes(HEIGHT, WIDTH, channels).astype(dtype) * scale
    samples[2, 3] = samples[4, 5] = samples[1, 1]
    key = struct.pack(f">{channels}H", *samples[1, 1].tolist())
    png = with_chunk(encode_picture(Picture(samples), FORMATS["png"]), b"tRNS", key)
    keyed = (samples == samples[1, 1]).all(axis=2)
    result = decoded(png)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result[:, :, :-1], samples)
    np.testing.assert_array_equal(result[:, :, -1], np.where(keyed, 0, np.iinfo(dtype).max))


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_the_colour_key_of_gray_below_8_bits_is_widened_as_its_samples_are(bits):
    levels = 2**bits
    header = struct.pack(">IIBBBBB", 8 // bits, 1, bits, 0, 0, 0, 0)
    packed = int("".join(f"{index % levels:0{bits}b}" for index in range(8 // bits)), 2)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    png += chunk(b"tRNS", struct.pack(">H", 1))
    png += chunk(b"IDAT", zlib.compress(bytes([0, packed]))) + chunk(b"IEND", b"")
    gray = np.arange(8 // bits) % levels
    result = decoded(png)
    np.testing.assert_array_equal(result[0, :, 0], gray * 255 // (levels - 1))
    np.testing.assert_array_equal(result[0, :, 1], np.where(gray == 1, 0, 255))


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
@pytest.mark.parametrize("pillow_format", ["TIFF", "JPEG"])
def test_other_colour_models_become_rgb(mode, pillow_format):
    bands = random_bytes(HEIGHT, WIDTH, len(Image.new(mode, (1, 1)).getbands()))
    image = Image.frombytes(mode, (WIDTH, HEIGHT), bands.tobytes())
    data = saved(image, pillow_format)
    with Image.open(BytesIO(data)) as stored:
        expected = np.asarray(stored.convert("RGB"))
    np.testing.assert_array_equal(decoded(data), expected)


def test_lab_becomes_the_rgb_that_a_colour_management_system_gives():
    image = Image.frombytes("LAB", (WIDTH, HEIGHT), random_bytes(HEIGHT, WIDTH, 3).tobytes())
    to_rgb = ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
    )
    expected = np.asarray(ImageCms.applyTransform(image, to_rgb))
    np.testing.assert_array_equal(decoded(saved(image, "TIFF")), expected)


@pytest.mark.parametrize("mode", sorted(MODES))
def test_every_mode_of_the_table_gives_samples_of_a_picture(mode):
    image = Image.new(mode, (WIDTH, HEIGHT))
    picture = Picture(np.ascontiguousarray(samples_of(image, mode)))
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    assert picture.has_alpha == (mode[-1] in "Aa")
    assert picture.color.shape[2] == 1 or mode not in GRAY_MODES
    assert picture.color.shape[2] == 3 or mode in GRAY_MODES | {"P", "PA"}


@pytest.mark.parametrize(("mode", "straight"), [("La", "LA"), ("RGBa", "RGBA")])
def test_premultiplied_alpha_becomes_straight(mode, straight):
    samples = random_bytes(HEIGHT, WIDTH, len(straight))
    premultiplied = Image.fromarray(samples).convert(mode)
    expected = np.asarray(premultiplied.convert(straight))
    np.testing.assert_array_equal(samples_of(premultiplied, mode), expected)


@pytest.mark.parametrize(
    ("pillow_format", "order"), [("PNG", "<"), ("PPM", "<"), ("TIFF", "<"), ("TIFF", ">")]
)
def test_16_bit_gray_stays_16_bit(pillow_format, order):
    samples = random_bytes(HEIGHT, WIDTH).astype(np.uint16) * 257 + 3
    image = Image.fromarray(samples.astype(samples.dtype.newbyteorder(order)))
    result = decoded(saved(image, pillow_format))
    assert result.dtype == np.uint16
    np.testing.assert_array_equal(result[:, :, 0], samples)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_gray_tiff_whose_white_is_zero_is_turned_over(dtype):
    samples = random_bytes(HEIGHT, WIDTH, 1).astype(dtype) * (np.iinfo(dtype).max // 255)
    tiff = with_tag(encode_picture(Picture(samples), FORMATS["tiff"]), 262, 0)
    np.testing.assert_array_equal(decoded(tiff), np.iinfo(dtype).max - samples)


def test_signed_16_bit_integers_stay_signed():
    samples = np.arange(-27, 27, dtype=np.int16).reshape(HEIGHT, WIDTH, 1)
    tiff = encode_picture(Picture(samples.view(np.uint16)), FORMATS["tiff"])
    result = decoded(with_tag(tiff, 339, 2))
    assert result.dtype == np.int32
    np.testing.assert_array_equal(result, samples)


def test_unsigned_32_bit_integers_beyond_the_signed_ones_are_refused():
    samples = np.array([[[1.0], [-1.0]]], np.float32)  # 0x3f800000 and 0xbf800000
    tiff = with_tag(encode_picture(Picture(samples), FORMATS["tiff"]), 339, 1)
    with pytest.raises(UndecodablePicture):
        decoded(tiff)


def test_32_bit_integers_stay_signed_and_whole():
    samples = np.random.default_rng(3).integers(-(2**31), 2**31, (HEIGHT, WIDTH), np.int32)
    result = decoded(saved(Image.fromarray(samples), "TIFF"))
    assert result.dtype == np.int32
    np.testing.assert_array_equal(result[:, :, 0], samples)


def test_floats_stay_floats_and_must_be_finite():
    samples = np.random.default_rng(3).normal(0, 1e5, (HEIGHT, WIDTH)).astype(np.float32)
    for pillow_format in ("TIFF", "PPM"):
        result = decoded(saved(Image.fromarray(samples), pillow_format))
        np.testing.assert_array_equal(result[:, :, 0], samples)
    samples[2, 1] = np.nan
    with pytest.raises(UndecodablePicture, match="finite"):
        decoded(saved(Image.fromarray(samples), "TIFF"))


@pytest.mark.parametrize("compression", [1, 5, 8, 32946])
@pytest.mark.parametrize("predictor", [1, 2])
@pytest.mark.parametrize("channels", [3, 4])
def test_16_bit_tiff_of_another_writer_is_exact(compression, predictor, channels):
    samples = random_bytes(HEIGHT, WIDTH, channels).astype(np.uint16) * 257 - 5
    order = [2, 1, 0, 3][:channels]
    options = (cv2.IMWRITE_TIFF_COMPRESSION, compression, cv2.IMWRITE_TIFF_PREDICTOR, predictor)
    _, tiff = cv2.imencode(".tiff", samples[:, :, order], options)
    np.testing.assert_array_equal(decoded(tiff.tobytes()), samples)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_premultiplied_deep_tiff_becomes_straight(dtype):
    white = 65535 if dtype == np.uint16 else 1
    alpha = np.array([[[white], [white // 3 if white > 1 else 0.25], [0]]], dtype)
    color = np.array([[[9, 8, 7], [1, 2, 3], [0, 0, 0]]], dtype)
    tiff = encode_picture(Picture(np.concatenate((color, alpha), axis=2)), FORMATS["tiff"])
    expected = color.copy()
    expected[0, 1] *= 3 if dtype == np.uint16 else 4
    result = decoded(with_tag(tiff, 338, 1))
    np.testing.assert_array_equal(result[:, :, :3], expected)
    np.testing.assert_array_equal(result[:, :, 3:], alpha)


def test_an_extra_channel_that_is_no_alpha_is_left_out():
    samples = random_bytes(HEIGHT, WIDTH, 4).astype(np.uint16)
    tiff = with_tag(encode_picture(Picture(samples), FORMATS["tiff"]), 338, 0)
    np.testing.assert_array_equal(decoded(tiff), samples[:, :, :3])


def test_planes_stored_one_after_the_other_are_put_together():
    samples = random_bytes(HEIGHT, WIDTH, 3).astype(np.uint16) * 250
    planes = samples.transpose(2, 0, 1).tobytes()
    tags = [(256, WIDTH), (257, HEIGHT), (258, 16), (259, 1), (262, 2), (273, 8), (277, 3)]
    tags += [(278, HEIGHT), (279, len(planes)), (284, 2)]
    body = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in tags)
    tiff = b"II*\0" + struct.pack("<I", 8 + len(planes)) + planes
    tiff += struct.pack("<H", len(tags)) + body + bytes(4)
    np.testing.assert_array_equal(decoded(tiff), samples)


@pytest.mark.parametrize("pillow_format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_stands_for_an_animation(pillow_format):
    frames = [Image.new("RGB", (WIDTH, HEIGHT), color) for color in COLORS]
    options = {"lossless": True} if pillow_format == "WEBP" else {}
    data = saved(frames[0], pillow_format, save_all=True, append_images=frames[1:], **options)
    np.testing.assert_array_equal(decoded(data), np.asarray(frames[0]))


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_any_buffer_of_bytes_is_read(wrap):
    samples = random_bytes(HEIGHT, WIDTH, 3)
    for name in ("png", "tiff"):
        data = encode_picture(Picture(samples.astype(np.uint16)), FORMATS[name])
        np.testing.assert_array_equal(decoded(wrap(data)), samples)


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_the_colour_profile_comes_with_the_picture(pillow_format):
    icc_profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = saved(Image.new("RGB", (WIDTH, HEIGHT)), pillow_format, icc_profile=icc_profile)
    assert decode_picture(data, LIMITS).icc_profile == icc_profile


@pytest.mark.parametrize("name", ["png", "tiff"])
def test_the_colour_profile_comes_with_a_16_bit_picture(name):
    icc_profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = Picture(np.zeros((HEIGHT, WIDTH, 3), np.uint16), icc_profile)
    assert decode_picture(encode_picture(picture, FORMATS[name]), LIMITS).icc_profile == icc_profile
