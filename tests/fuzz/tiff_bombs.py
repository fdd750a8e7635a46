"""TIFF files that no encoder would write: loops, lies about sizes, values shared by many tags."""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tests.formats.tiff_files import Page, tiff_file
from tests.fuzz.jpeg_files import scan_bomb
from tests.fuzz.png_files import zeros

_GRAY = np.arange(63, dtype=np.uint8).reshape(7, 9, 1)
BYTE, SHORT, LONG, UNDEFINED = 1, 3, 4, 7
# What a directory needs, by its tag: type, count, and value or offset.
_BASIC: Mapping[int, tuple[int, int, int]] = {
    256: (LONG, 1, 9),
    257: (LONG, 1, 7),
    258: (SHORT, 1, 8),
    259: (SHORT, 1, 1),
    262: (SHORT, 1, 1),
    273: (LONG, 1, 8),
    277: (SHORT, 1, 1),
    278: (LONG, 1, 7),
    279: (LONG, 1, 63),
}
Entry = tuple[int, int, int, int]


def raw(entries: Sequence[Entry], behind: bytes = b"", following: int = 0) -> bytes:
    """A file of one directory at byte 8, and ``behind`` it whatever its entries point at."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    return head + body + struct.pack("<I", following) + behind


def changed(**tags: tuple[int, int, int]) -> list[Entry]:
    """The entries of a small gray picture, with some of them replaced: ``t259=(SHORT, 1, 5)``."""
    merged = dict(_BASIC) | {int(name[1:]): entry for name, entry in tags.items()}
    return [(tag, *merged[tag]) for tag in sorted(merged)]


def plain(behind: bytes = b"", **tags: tuple[int, int, int]) -> bytes:
    """A gray picture of 9 x 7 with entries replaced."""
    return raw(changed(**tags), behind)


def bomb(compression: int, packed: bytes, side: int = 1000, **tags: Any) -> bytes:
    """A picture of one strip of such data; ``packed`` stands at its end."""
    entries = changed(
        t256=(LONG, 1, side),
        t257=(LONG, 1, side),
        t278=(LONG, 1, side),
        t259=(SHORT, 1, compression),
        t279=(LONG, 1, len(packed)),
        **tags,
    )
    place = 8 + 2 + 12 * len(entries) + 4
    moved = [e if e[0] != 273 else (273, LONG, 1, place) for e in entries]
    return raw(moved, packed)


def shared_values(tags: Sequence[int], kind: int, count: int, size: int) -> bytes:
    """Many tags that all point at the same long value, in front of a palette picture."""
    place = 8 + 2 + 12 * (len(tags) + len(_BASIC)) + 4
    shared = [(tag, kind, count, place) for tag in tags if tag not in _BASIC]
    entries = sorted([*changed(t262=(SHORT, 1, 3)), *shared])
    return raw(entries, bytes(size))


def pages(count: int) -> bytes:
    """So many directories in a row, each of the same small picture."""
    entries = changed()
    size = 2 + 12 * len(entries) + 4
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    parts = [struct.pack("<2sHI", b"II", 42, 8)]
    for index in range(count):
        following = 8 + size * (index + 1) if index + 1 < count else 0
        parts.append(struct.pack("<H", len(entries)) + body + struct.pack("<I", following))
    return b"".join(parts)


def overlapping_strips(count: int) -> bytes:
    """A strip a row, all of them the same bytes."""
    entries = changed(
        t256=(LONG, 1, 1000),
        t257=(LONG, 1, count),
        t278=(LONG, 1, 1),
        t273=(LONG, count, 200),
        t279=(LONG, count, 200 + 4 * count),
    )
    places = struct.pack(f"<{count}I", *[8] * count) + struct.pack(f"<{count}I", *[1000] * count)
    head = raw(entries)
    return head + bytes(200 - len(head)) + places


def _xz_of_a_large_dictionary() -> bytes:
    """XZ data whose header asks for a dictionary of 3 GiB."""
    small = bytearray(lzma.compress(bytes(999), filters=[{"id": lzma.FILTER_LZMA2, "preset": 0}]))
    # The size is one byte of the first block's header, which ends with a checksum.
    small[16] = 0x27
    struct.pack_into("<I", small, 20, zlib.crc32(small[12:20]))
    return bytes(small)


def _jpeg_page(**tags: tuple[int, int, int]) -> bytes:
    return bomb(7, scan_bomb(1000, 1000, 20_000), **tags)


_EVERY_TAG = range(1_000, 60_000)

HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "directory-of-itself": lambda: raw(changed(), following=8),
    "directory-in-a-circle": lambda: tiff_file(Page(_GRAY), Page(_GRAY))[:-4] + b"\x08\0\0\0",
    "directory-in-its-header": lambda: b"II*\0\0\0\0\0" + bytes(500),
    "directory-beyond": lambda: b"II*\0\xff\xff\xff\xff" + bytes(500),
    "directory-of-nothing": lambda: raw([]),
    "directory-of-65535-entries": lambda: b"II*\0\x08\0\0\0\xff\xff" + bytes(65_535 * 12),
    "sub-directory-of-itself": lambda: plain(t330=(LONG, 1, 8), t34665=(LONG, 1, 8)),
    "exif-of-itself": lambda: plain(t262=(SHORT, 1, 3), t34665=(LONG, 1, 8), t34853=(LONG, 1, 8)),
    "pages-100000": lambda: pages(100_000),
    "values-shared": lambda: shared_values(_EVERY_TAG, UNDEFINED, 1 << 20, 1 << 20),
    "values-shared-of-bytes": lambda: shared_values(_EVERY_TAG, BYTE, 1 << 20, 1 << 20),
    "values-shared-that-are-read": lambda: shared_values(
        (266, 274, 284, 317, 322, 323, 324, 325, 332, 338, 339), SHORT, 8 << 20, 16 << 20
    ),
    "values-of-four-billion": lambda: plain(t258=(SHORT, 2**32 - 1, 8)),
    "strips-of-four-billion": lambda: plain(t273=(LONG, 2**32 - 1, 8)),
    "strips-overlapping": lambda: overlapping_strips(1000),
    "strips-12000000": lambda: plain(
        bytes(24 << 20),
        t273=(SHORT, 12 << 20, 150),
        t279=(SHORT, 12 << 20, 150),
        t278=(LONG, 1, 1),
    ),
    "strip-in-the-header": lambda: plain(t273=(LONG, 1, 0)),
    "strip-beyond": lambda: plain(t273=(LONG, 1, 2**32 - 1)),
    "strip-of-four-billion-bytes": lambda: plain(t279=(LONG, 1, 2**32 - 1)),
    "rows-per-strip-of-four-billion": lambda: plain(bytes(99), t278=(LONG, 1, 2**32 - 1)),
    "rows-per-strip-0": lambda: plain(t278=(LONG, 1, 0)),
    "sides-of-four-billion": lambda: plain(t256=(LONG, 1, 2**32 - 1), t257=(LONG, 1, 2**32 - 1)),
    "sides-0": lambda: plain(t256=(LONG, 1, 0), t257=(LONG, 1, 0)),
    "sides-two": lambda: raw(
        [*changed(), (256, LONG, 1, 30_000), (257, LONG, 1, 30_000)], bytes(99)
    ),
    "sides-two-of-a-palette": lambda: raw(
        [*changed(t262=(SHORT, 1, 3)), (256, LONG, 1, 30_000), (257, LONG, 1, 30_000)], bytes(99)
    ),
    "tiles-enormous": lambda: plain(
        t322=(LONG, 1, 60_000), t323=(LONG, 1, 60_000), t324=(LONG, 1, 8), t325=(LONG, 1, 63)
    ),
    "tiles-enormous-of-a-palette": lambda: plain(
        t262=(SHORT, 1, 3),
        t259=(SHORT, 1, 5),
        t322=(LONG, 1, 60_000),
        t323=(LONG, 1, 60_000),
        t324=(LONG, 1, 8),
        t325=(LONG, 1, 63),
    ),
    "tiles-enormous-of-jpeg": lambda: plain(
        t262=(SHORT, 1, 6),
        t259=(SHORT, 1, 7),
        t277=(SHORT, 1, 3),
        t322=(LONG, 1, 32_000),
        t323=(LONG, 1, 32_000),
        t324=(LONG, 1, 8),
        t325=(LONG, 1, 63),
    ),
    "tiles-empty": lambda: plain(t322=(LONG, 1, 0), t323=(LONG, 1, 0), t324=(LONG, 1, 8)),
    "channels-65535": lambda: plain(t277=(SHORT, 1, 65_535), t258=(SHORT, 1, 64)),
    "channels-16-of-64-bits": lambda: bomb(
        8, zeros(128 << 20), t277=(SHORT, 1, 16), t258=(SHORT, 1, 64)
    ),
    "channels-16-of-64-bits-missing": lambda: bomb(
        8, zeros(1 << 20), t277=(SHORT, 1, 16), t258=(SHORT, 1, 64)
    ),
    "bits-0": lambda: plain(t258=(SHORT, 1, 0)),
    "bits-65535": lambda: plain(t258=(SHORT, 1, 65_535)),
    "sample-format-9": lambda: plain(bytes(99), t339=(SHORT, 1, 9)),
    "photometric-65535": lambda: plain(t262=(SHORT, 1, 65_535)),
    "compression-unknown": lambda: plain(t259=(SHORT, 1, 12_345)),
    "predictor-9": lambda: bomb(8, zlib.compress(bytes(10**6)), t317=(SHORT, 1, 9)),
    "orientation-9": lambda: plain(bytes(99), t274=(SHORT, 1, 9)),
    "orientation-of-65535-numbers": lambda: plain(bytes(2 * 65_535), t274=(SHORT, 65_535, 8)),
    "deflate-bomb": lambda: bomb(8, zeros(64 << 20)),
    "deflate-bomb-of-a-palette": lambda: bomb(8, zeros(64 << 20), t262=(SHORT, 1, 3)),
    "deflate-nonsense": lambda: bomb(8, b"\x78\x9c" + b"\xff" * 5_000),
    "lzw-nonsense": lambda: bomb(5, b"\x80\0" + b"\xff" * 50_000),
    "lzw-repeated": lambda: bomb(5, b"\x80\x0b\x60\x50\x22\x0c" * 50_000),
    "packbits-bomb": lambda: bomb(32773, b"\x81\0" * 500_000),
    "packbits-of-nothing": lambda: bomb(32773, b"\x80" * 1_000_000),
    "fax-nonsense": lambda: bomb(4, b"\xa5" * 50_000, t258=(SHORT, 1, 1)),
    "fax-lines-of-errors": lambda: bomb(3, b"\0\1" * 50_000, t258=(SHORT, 1, 1)),
    "lzma-of-a-large-dictionary": lambda: bomb(34925, _xz_of_a_large_dictionary()),
    "zstd-of-a-large-window": lambda: bomb(
        50000, b"\x28\xb5\x2f\xfd\x00\xff" + b"\x02\0\0\0" + b"\xff" * 99
    ),
    "webp-nonsense": lambda: bomb(50001, b"RIFF\xff\xff\xff\xffWEBPVP8 " + b"\xff" * 999),
    "jpeg-scans": _jpeg_page,
    "jpeg-scans-of-ycbcr": lambda: _jpeg_page(t262=(SHORT, 1, 6), t277=(SHORT, 1, 3)),
    "jpeg-old": lambda: bomb(6, b"\xff\xd8\xff", t513=(LONG, 1, 8), t514=(LONG, 1, 2**32 - 1)),
    "jpeg-tables-nonsense": lambda: _jpeg_page(t347=(UNDEFINED, 500, 8)),
    "profile-nonsense": lambda: plain(b"\xff" * 999, t34675=(UNDEFINED, 999, 130)),
    "big-of-2-to-the-64-entries": lambda: b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + b"\xff" * 99,
    "big-with-offsets-of-4-bytes": lambda: b"II+\0\x04\0\0\0\x08\0\0\0" + bytes(99),
    "big-beyond": lambda: b"II+\0\x08\0\0\0" + b"\xff" * 8 + bytes(99),
    "header-alone": lambda: b"II*\0",
}
