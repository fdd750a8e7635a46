"""A TIFF writer: 8 and 16-bit integers and float32, gray and RGB, with and without alpha.

Neither Pillow nor OpenCV writes all of these twelve, nor an ICC profile with each.
Source: TIFF Revision 6.0 (Adobe, 1992); the numbers of tags and types are its own.
"""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction

import numpy as np

from service.formats.compression import Compression
from service.formats.deflating import deflator
from service.formats.picture import Picture, Samples

_SHORT, _LONG, _RATIONAL, _UNDEFINED = 3, 4, 5, 7
_TYPE_CODES = {_SHORT: "H", _LONG: "I"}
_HEADER = struct.Struct("<2sHI")
_ENTRY = struct.Struct("<HHI4s")
_DEFLATE = 8
_INCH = 2
# Both parts of a ratio have 32 bits: room for the 2.54 million pixels of the finest inch.
_PARTS_OF_A_PIXEL = 1_000
_NO_PREDICTOR, _DIFFERENCES = 1, 2
# Of so many rows one is asked which predictor suits the picture.
_ROWS_PER_TRIED = 16
_STRAIGHT_ALPHA = 2
_SAMPLE_FORMATS = {"u": 1, "f": 3}

Tag = tuple[int, int, int, bytes]  # number, type, count, value


def encode_tiff(picture: Picture, compression: Compression = Compression.FAST) -> bytes:
    """The uint8, uint16 or float32 picture as a TIFF file of one deflated strip, exact."""
    samples = picture.samples.astype(picture.samples.dtype.newbyteorder("<"), copy=False)
    predictor = _predictor(samples)
    strip = _deflated(_predicted(samples, predictor), compression)
    strip += bytes(len(strip) % 2)  # what follows begins at an even offset
    directory_offset = _HEADER.size + len(strip)
    directory = _directory(_tags(picture, predictor, len(strip)), directory_offset)
    return b"".join((_HEADER.pack(b"II", 42, directory_offset), strip, directory))


def _predictor(samples: Samples) -> int:
    """Of integers the one that makes some rows smaller: edges are better told as they are."""
    if samples.dtype.kind == "f":
        return _NO_PREDICTOR
    tried = np.ascontiguousarray(samples[::_ROWS_PER_TRIED])

    def deflated_bytes(predictor: int) -> int:
        return len(_deflated(_predicted(tried, predictor), Compression.FAST))

    return min((_NO_PREDICTOR, _DIFFERENCES), key=deflated_bytes)


def _deflated(samples: Samples, compression: Compression) -> bytes:
    deflate = deflator(compression, samples.itemsize, zlib.MAX_WBITS)
    return deflate.compress(samples.data) + deflate.flush()


def _predicted(samples: Samples, predictor: int) -> Samples:
    """As they are, or each as its difference to the same channel of the pixel to its left."""
    if predictor == _NO_PREDICTOR:
        return samples
    differences = samples.copy()
    differences[:, 1:] -= samples[:, :-1]
    return differences


def _tags(picture: Picture, predictor: int, strip_bytes: int) -> list[Tag]:
    samples, channels = picture.samples, picture.channels
    tags = [
        _numbers(256, _LONG, picture.width),
        _numbers(257, _LONG, picture.height),
        _numbers(258, _SHORT, *[8 * samples.itemsize] * channels),
        _numbers(259, _SHORT, _DEFLATE),
        _numbers(262, _SHORT, 1 if channels < 3 else 2),  # black is zero, or RGB
        _numbers(273, _LONG, _HEADER.size),  # where the strip begins
        _numbers(277, _SHORT, channels),
        _numbers(278, _LONG, picture.height),  # rows a strip
        _numbers(279, _LONG, strip_bytes),
    ]
    if resolution := picture.resolution:
        across, down = resolution.per_inch
        tags += [_ratio(282, across), _ratio(283, down), _numbers(296, _SHORT, _INCH)]
    tags.append(_numbers(317, _SHORT, predictor))
    if picture.has_alpha:
        tags.append(_numbers(338, _SHORT, _STRAIGHT_ALPHA))
    tags.append(_numbers(339, _SHORT, *[_SAMPLE_FORMATS[samples.dtype.kind]] * channels))
    if profile := picture.fitting_profile:
        tags.append((34675, _UNDEFINED, len(profile), profile))
    return tags


def _numbers(tag: int, kind: int, *values: int) -> Tag:
    return tag, kind, len(values), struct.pack(f"<{len(values)}{_TYPE_CODES[kind]}", *values)


def _ratio(tag: int, value: float) -> Tag:
    pixels, inches = Fraction(value).limit_denominator(_PARTS_OF_A_PIXEL).as_integer_ratio()
    return tag, _RATIONAL, 1, struct.pack("<II", pixels, inches)


def _directory(tags: list[Tag], offset: int) -> bytes:
    """The image file directory at ``offset``; values over four bytes stand behind it."""
    values_offset = offset + 2 + _ENTRY.size * len(tags) + 4
    entries, values = b"", b""
    for number, kind, count, value in tags:
        field = value.ljust(4, b"\0")
        if len(value) > 4:
            field = struct.pack("<I", values_offset + len(values))
            values += value + bytes(len(value) % 2)
        entries += _ENTRY.pack(number, kind, count, field)
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0) + values
