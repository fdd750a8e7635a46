"""A JPEG writer: OpenCV's, with the profile and the resolution that it leaves out.

Its files are those that Pillow writes, in less time.
Source: ITU-T T.871 (2011) for JFIF; ICC.1:2022, annex B.4, for the profile.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

import cv2

from service.formats.compression import Compression
from service.formats.picture import Picture

_START = b"\xff\xd8"
_JFIF = struct.Struct(">HH5sHBHHBB")
_JFIF_MARKER, _JFIF_VERSION = 0xFFE0, 0x0101
_ASPECT, _PER_INCH = 0, 1
_PROFILE = struct.Struct(">HH12sBB")
_PROFILE_MARKER = 0xFFE2
# What is left of a segment for a part of the profile; and there are 255 at most.
_PART_BYTES = 65_519
_LONGEST_PROFILE = 255 * _PART_BYTES
_LARGEST = 65_535

_QUALITY = (
    cv2.IMWRITE_JPEG_QUALITY,
    90,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
)
# The same coefficients in scans of which each is coded the shortest: a twentieth smaller, in five
# times the time.
_OPTIONS: Mapping[Compression, tuple[int, ...]] = {
    Compression.FAST: _QUALITY,
    Compression.SMALL: (
        *_QUALITY,
        cv2.IMWRITE_JPEG_PROGRESSIVE,
        1,
        cv2.IMWRITE_JPEG_OPTIMIZE,
        1,
    ),
}


def encode_jpeg(picture: Picture, compression: Compression = Compression.FAST) -> bytes:
    """The uint8 picture, gray or RGB, as JPEG of quality 90 with full-resolution colour.

    Without a profile that is longer than JPEG can hold.
    """
    samples = picture.samples
    if picture.channels == 3:
        samples = cv2.cvtColor(samples, cv2.COLOR_RGB2BGR)
    sound, encoded = cv2.imencode(".jpg", samples, _OPTIONS[compression])
    if not sound:
        raise MemoryError("OpenCV could not write the picture")
    # What libjpeg has put first is told here, with the resolution.
    scans = encoded.data[len(_START) + _JFIF.size :]
    return b"".join((_START, _header(picture), *_profile_parts(picture), scans))


def _header(picture: Picture) -> bytes:
    unit, across, down = _ASPECT, 1, 1
    if picture.resolution:
        unit = _PER_INCH
        across, down = (min(max(round(each), 1), _LARGEST) for each in picture.resolution.per_inch)
    length = _JFIF.size - 2
    return _JFIF.pack(_JFIF_MARKER, length, b"JFIF\0", _JFIF_VERSION, unit, across, down, 0, 0)


def _profile_parts(picture: Picture) -> Iterator[bytes]:
    profile = picture.fitting_profile or b""
    if len(profile) > _LONGEST_PROFILE:
        return
    parts = [profile[at : at + _PART_BYTES] for at in range(0, len(profile), _PART_BYTES)]
    for number, part in enumerate(parts, start=1):
        length = _PROFILE.size - 2 + len(part)
        yield _PROFILE.pack(_PROFILE_MARKER, length, b"ICC_PROFILE\0", number, len(parts)) + part
