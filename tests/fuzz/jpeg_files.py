"""JPEG files that no encoder would write: segments and scans without end, and foreign processes."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from PIL import Image

from tests.fuzz.png_files import exif
from tests.fuzz.tiny_files import PICTURES, saved

START, END = b"\xff\xd8", b"\xff\xd9"
_PROFILE = b"ICC_PROFILE\0"
_DC_TABLE = bytes((0x00, 0, 1, *bytes(15), 0))


def segment(marker: int, data: bytes = b"") -> bytes:
    """A segment with the length that it has."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def frame(width: int, height: int, marker: int = 0xC0, bits: int = 8, components: int = 1) -> bytes:
    """SOF, with no subsampling."""
    parts = b"".join(bytes((index + 1, 0x11, 0)) for index in range(components))
    return segment(marker, struct.pack(">BHHB", bits, height, width, components) + parts)


def scan(first: int = 0, last: int = 63, approximation: int = 0, data: bytes = b"\0" * 8) -> bytes:
    """SOS of the first component, and its data."""
    return segment(0xDA, bytes((1, 1, 0, first, last, approximation))) + data


def scan_bomb(width: int, height: int, scans: int) -> bytes:
    """A sound progressive file whose last scan, of a few bytes, stands there so many times.

    Each is refined from the one before, block by block, whatever it says.
    """
    data = saved(Image.new("L", (width, height), 77), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * scans + END


def with_segments(*segments: bytes, base: str = "jpeg") -> bytes:
    """A sound file with these segments before all others."""
    return START + b"".join(segments) + PICTURES[base][2:]


def _with_frame(old: int, new: int) -> bytes:
    data = PICTURES["jpeg"]
    return data.replace(bytes((0xFF, old)), bytes((0xFF, new)), 1)


def _resized(base: str, width: int, height: int) -> bytes:
    data = bytearray(PICTURES[base])
    start = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    struct.pack_into(">HH", data, start + 5, height, width)
    return bytes(data)


def _components(ids: bytes) -> bytes:
    data = bytearray(PICTURES["jpeg"])
    start = data.find(b"\xff\xc0")
    for index, value in enumerate(ids):
        data[start + 10 + 3 * index] = value
    return bytes(data)


HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "scans-20000": lambda: scan_bomb(1000, 1000, 20_000),
    "scans-of-a-sound-file-repeated": lambda: (
        PICTURES["jpeg-progressive"][:-2]
        + PICTURES["jpeg-progressive"][PICTURES["jpeg-progressive"].rfind(b"\xff\xda") : -2] * 5_000
        + END
    ),
    "scans-20000-baseline": lambda: (
        PICTURES["jpeg"][:-2]
        + PICTURES["jpeg"][PICTURES["jpeg"].find(b"\xff\xda") : -2] * 20_000
        + END
    ),
    "segments-1000000-empty": lambda: with_segments(segment(0xE5) * 1_000_000),
    "segments-200000-exif": lambda: with_segments(segment(0xE1, b"Exif\0\0" + bytes(50)) * 200_000),
    "segments-300-profile": lambda: with_segments(
        *(segment(0xE2, _PROFILE + bytes((i % 256, 255)) + bytes(60_000)) for i in range(300))
    ),
    "segments-profile-numbered-zero": lambda: with_segments(segment(0xE2, _PROFILE + bytes(2))),
    "segments-profile-short": lambda: with_segments(segment(0xE2, _PROFILE)),
    "segments-500000-comments": lambda: with_segments(segment(0xFE, b"x") * 500_000),
    "tables-100000": lambda: with_segments(segment(0xDB, bytes(1) + b"\1" * 64) * 100_000),
    "huffman-tables-100000": lambda: with_segments(segment(0xC4, _DC_TABLE) * 100_000),
    "huffman-table-of-all": lambda: with_segments(segment(0xC4, bytes(1) + b"\xff" * 4_000)),
    "frames-two": lambda: with_segments(frame(30_000, 30_000)),
    "frames-two-after-the-scan": lambda: PICTURES["jpeg"][:-2] + frame(30_000, 30_000) + END,
    "restarts-1000000": lambda: PICTURES["jpeg-gray"][:-2] + b"\xff\xd0" * 1_000_000 + END,
    "padding-8000000": lambda: START + b"\xff" * 8_000_000 + PICTURES["jpeg"][2:],
    "padding-without-end": lambda: START + b"\xff" * 8_000_000,
    "junk-between-segments": lambda: (
        START + segment(0xE0) + b"\1" * 8_000_000 + PICTURES["jpeg"][2:]
    ),
    "exif-bomb": lambda: with_segments(
        *(
            segment(0xE1, b"Exif\0\0" + part)
            for data in (exif(5_000, 500_000),)
            for part in (data[start : start + 65_000] for start in range(0, len(data), 65_000))
        )
    ),
    "photoshop-loop": lambda: with_segments(
        segment(0xED, b"Photoshop 3.0\0" + b"8BIM\3\xed\0\0\xff\xff\xff\xff" * 4_000)
    ),
    "jfif-short": lambda: with_segments(segment(0xE0, b"JFIF")),
    "adobe-short": lambda: with_segments(segment(0xEE, b"Adobe")),
    "multi-picture-nonsense": lambda: with_segments(segment(0xE2, b"MPF\0" + b"\xff" * 100)),
    "arithmetic": lambda: _with_frame(0xC0, 0xC9),
    "arithmetic-progressive": lambda: _with_frame(0xC0, 0xCA),
    "lossless": lambda: _with_frame(0xC0, 0xC3),
    "hierarchical": lambda: _with_frame(0xC0, 0xC5),
    "bits-12": lambda: START + frame(8, 8, 0xC1, bits=12) + scan() + END,
    "bits-0": lambda: START + frame(8, 8, bits=0) + scan() + END,
    "components-0": lambda: START + frame(8, 8, components=0) + scan() + END,
    "components-2": lambda: START + frame(8, 8, components=2) + scan() + END,
    "components-255": lambda: START + frame(8, 8, components=255) + scan() + END,
    "components-of-one-id": lambda: _components(b"\1\1\1"),
    "components-named-rgb": lambda: _components(b"RGB"),
    "size-65535": lambda: _resized("jpeg", 65_535, 65_535),
    "size-1000-of-few-bytes": lambda: _resized("jpeg", 1000, 1000),
    "size-1000-progressive-of-few-bytes": lambda: _resized("jpeg-progressive", 1000, 1000),
    "size-0": lambda: _resized("jpeg", 0, 0),
    "height-told-later": lambda: _resized("jpeg", 8, 0),
    "header-alone": lambda: START + frame(1000, 1000),
    "start-alone": lambda: START + b"\xff",
    "segment-shorter-than-its-length": lambda: START + b"\xff\xe0\xff\xff",
    "segment-of-length-0": lambda: START + b"\xff\xe0\0\0" + PICTURES["jpeg"][2:],
    "inks-transformed": lambda: with_segments(
        segment(0xEE, b"Adobe\0d\0\0\0\0\2"), base="jpeg-inks"
    ),
    "inks-of-unknown-transform": lambda: with_segments(
        segment(0xEE, b"Adobe\0d\0\0\0\0\xff"), base="jpeg-inks"
    ),
    "inks-with-nonsense-for-a-profile": lambda: with_segments(
        segment(0xE2, _PROFILE + b"\1\1" + bytes(16) + b"CMYKLab " + b"\xff" * 5_000),
        base="jpeg-inks",
    ),
}
