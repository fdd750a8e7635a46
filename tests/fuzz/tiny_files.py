"""Small sound files of every format that is read: what hostile ones are made from."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from tests.formats.tiff_files import Page, tiff_file

_RANDOM = np.random.default_rng(8).integers(0, 256, (7, 9, 4), np.uint8)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as Pillow writes it."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _oriented(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274], exif[305] = orientation, "a program"
    return exif


def _with_pillow() -> dict[str, bytes]:
    rgb, rgba = Image.fromarray(_RANDOM[:, :, :3]), Image.fromarray(_RANDOM)
    gray, inks = Image.fromarray(_RANDOM[:, :, 0]), Image.fromarray(_RANDOM, "CMYK")
    palette, bits = rgb.quantize(8), gray.convert("1")
    frames: dict[str, Any] = {"save_all": True, "append_images": [rgb.rotate(90), rgb.rotate(180)]}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    described: dict[str, Any] = {"exif": _oriented(6), "icc_profile": profile}
    return {
        "png": saved(rgba, "PNG"),
        "png-gray": saved(gray, "PNG", transparency=7),
        "png-bits": saved(bits, "PNG"),
        "png-palette": saved(palette, "PNG", transparency=1),
        "png-described": saved(rgb, "PNG", **described),
        "apng": saved(rgb, "PNG", **frames, disposal=1, blend=1),
        "jpeg": saved(rgb, "JPEG"),
        "jpeg-gray": saved(gray, "JPEG", restart_marker_blocks=1),
        "jpeg-progressive": saved(rgb, "JPEG", progressive=True),
        "jpeg-inks": saved(inks, "JPEG"),
        "jpeg-described": saved(rgb, "JPEG", **described),
        "webp": saved(rgb, "WEBP"),
        "webp-lossless": saved(rgba, "WEBP", lossless=True),
        "webp-described": saved(rgb, "WEBP", **described),
        "webp-animated": saved(rgb, "WEBP", **frames),
        "bmp": saved(rgb, "BMP"),
        "bmp-palette": saved(palette, "BMP"),
        "bmp-bits": saved(bits, "BMP"),
        "gif": saved(gray, "GIF"),
        "gif-animated": saved(rgb, "GIF", **frames, transparency=3, disposal=3),
        "tiff-palette": saved(palette, "TIFF"),
        "tiff-fax": saved(bits, "TIFF", compression="group4"),
        "tiff-jpeg": saved(rgb, "TIFF", compression="jpeg"),
        "tiff-pages": saved(gray, "TIFF", save_all=True, append_images=[rgb, bits]),
    }


def _by_hand() -> dict[str, bytes]:
    rgb, gray, levels = _RANDOM[:, :, :3], _RANDOM[:, :, :1], _RANDOM[:, :, 0].tobytes()
    deep = rgb.astype(np.uint16) * 257
    digits = " ".join(map(str, levels)).encode()
    return {
        "tiff": tiff_file(Page(rgb)),
        "tiff-lzw": tiff_file(Page(gray, compression=5, predictor=2)),
        "tiff-deflate-16": tiff_file(Page(deep, compression=8, tile=(16, 16)), order=">"),
        "tiff-packbits-big": tiff_file(Page(_RANDOM, compression=32773, planar=True), big=True),
        "tiff-floats": tiff_file(Page(deep / 7, compression=8, predictor=3)),
        "tiff-inks": tiff_file(Page(_RANDOM, photometric=5)),
        "tiff-12-bits": tiff_file(Page(deep[:, :, :1] >> 4, bits=12)),
        "pbm": b"P4 9 7\n" + bytes(range(14)),
        "pbm-plain": b"P1 9 7\n" + b"01100" * 13,
        "pgm": b"P5 9 7 255\n" + levels,
        "pgm-plain": b"P2 # a comment\n9 7 255 " + digits,
        "ppm-12-bits": b"P6 9 7 4095\n" + (deep >> 4).astype(">u2").tobytes(),
        "pfm": b"Pf 9 7 -1.0\n" + gray.astype("<f4").tobytes(),
    }


PICTURES: Mapping[str, bytes] = _with_pillow() | _by_hand()


def npy_file(array: np.ndarray[Any, Any]) -> bytes:
    """The array as NumPy writes it."""
    file = BytesIO()
    np.save(file, array)
    return file.getvalue()


TABLES: Mapping[str, tuple[str, bytes]] = {
    "npy": ("npy", npy_file(np.arange(12.0).reshape(3, 4))),
    "npy-integers": ("npy", npy_file(np.arange(-5, 5, dtype=">i2"))),
    "csv": ("csv", b"1,2.5,-3e2\n4,5,6 # a comment\n\n7,8,9\n"),
    "csv-semicolons": ("csv", b"\xef\xbb\xbf 1; 2\r\n3;nan\r\n"),
}
