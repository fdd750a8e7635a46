"""PNG files that no encoder would write: bombs in every chunk, and chunks without end."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GRAY, RGB, PALETTE, RGBA = 0, 2, 3, 6


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    """A chunk with the right checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width: int, height: int, depth: int = 8, color: int = GRAY, interlace: int = 0) -> bytes:
    """IHDR."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace))


END = chunk(b"IEND")
# Five pixels wide and six high, gray, each row led by its filter.
PIXELS = chunk(b"IDAT", zlib.compress(bytes((1 + 5) * 6)))


def file(*chunks: bytes, size: tuple[int, int] = (5, 6), pixels: bytes = PIXELS) -> bytes:
    """A gray picture with these chunks between its header and its pixels."""
    return b"".join((SIGNATURE, header(*size), *chunks, pixels, END))


def zeros(count: int) -> bytes:
    """So many zeros, deflated a thousandfold."""
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    packed = [packer.compress(block) for _ in range(count >> 20)]
    return b"".join((*packed, packer.compress(block[: count % (1 << 20)]), packer.flush()))


def exif(entries: int, value_bytes: int) -> bytes:
    """EXIF data of entries that all point at the same long value."""
    values = 8 + 2 + 12 * entries + 4
    body = b"".join(
        struct.pack("<HHII", 40_000 + index % 20_000, 7, value_bytes, values)
        for index in range(entries)
    )
    return b"II*\0" + struct.pack("<IH", 8, entries) + body + bytes(4 + value_bytes)


def animation(frames: int, width: int, height: int, **control: int) -> bytes:
    """An APNG that claims so many frames of that size; the canvas is 5 x 6."""
    pixels = zlib.compress(bytes((width + 1) * height))
    parts = [SIGNATURE, header(5, 6), chunk(b"acTL", struct.pack(">II", frames, 0))]
    for index in range(frames):
        place = control.get("left", 0), control.get("top", 0)
        how = control.get("disposal", 0), control.get("blend", 0)
        told = struct.pack(">IIIIIHHBB", 2 * index, width, height, *place, 1, 1, *how)
        numbered = struct.pack(">I", 2 * index + 1) + pixels
        parts += [chunk(b"fcTL", told)]
        parts += [chunk(b"fdAT", numbered) if index else chunk(b"IDAT", pixels)]
    return b"".join((*parts, END))


def _split(data: bytes, size: int) -> bytes:
    pieces = (data[start : start + size] for start in range(0, len(data), size))
    return b"".join(chunk(b"IDAT", piece) for piece in pieces)


_TEXT = b"Comment\0"
_LONG = 64 << 20

HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "pixels-bomb": lambda: file(pixels=chunk(b"IDAT", zeros(_LONG))),
    "pixels-missing": lambda: file(pixels=b"", size=(900, 1000)),
    "pixels-short": lambda: file(size=(900, 1000)),
    "pixels-in-single-bytes": lambda: file(pixels=_split(zlib.compress(bytes(30)), 1)),
    "interlaced-short": lambda: SIGNATURE + header(999, 999, interlace=1) + PIXELS + END,
    "ztxt-bomb": lambda: file(chunk(b"zTXt", _TEXT + b"\0" + zeros(_LONG))),
    "ztxt-many-bombs": lambda: file(*[chunk(b"zTXt", _TEXT + b"\0" + zeros(1 << 20))] * 200),
    "itxt-bomb": lambda: file(chunk(b"iTXt", _TEXT + b"\1\0\0\0" + zeros(_LONG))),
    "itxt-many-bombs": lambda: file(*[chunk(b"iTXt", _TEXT + b"\1\0\0\0" + zeros(1 << 20))] * 200),
    "text-long": lambda: file(chunk(b"tEXt", _TEXT + bytes(16 << 20))),
    "iccp-bomb": lambda: file(chunk(b"iCCP", b"p\0\0" + zeros(_LONG))),
    "iccp-nonsense": lambda: file(chunk(b"iCCP", b"p\0\0" + zlib.compress(b"no profile" * 99))),
    "iccp-method-unknown": lambda: file(chunk(b"iCCP", b"p\0\7" + zlib.compress(b"x"))),
    "exif-bomb": lambda: file(chunk(b"eXIf", exif(20_000, 1 << 20))),
    "exif-of-others": lambda: file(chunk(b"eXIf", b"II*\0" + b"\xff" * 5_000)),
    "exif-loop": lambda: file(
        chunk(b"eXIf", b"II*\0\x08\0\0\0\1\0\x69\x87\4\0\1\0\0\0\x08\0\0\0\x08\0\0\0")
    ),
    "exif-many": lambda: file(*[chunk(b"eXIf", exif(50, 100))] * 5_000),
    "chunks-200000": lambda: file(*[chunk(b"tEXt", b"a\0b")] * 200_000),
    "chunks-200000-private": lambda: file(*[chunk(b"prVt")] * 200_000),
    "chunks-200000-idat": lambda: file(pixels=PIXELS + chunk(b"IDAT") * 200_000),
    "chunks-500000-after-the-end": lambda: file() + chunk(b"tEXt", b"a\0b") * 500_000,
    "chunk-longer-than-the-file": lambda: file(b"\x7f\xff\xff\xfftEXta\0b"),
    "chunk-of-negative-length": lambda: file(b"\xff\xff\xff\xfftEXta\0b"),
    "chunk-names-of-bytes": lambda: file(chunk(b"\0\1\2\3"), chunk(b"\xff\xff\xff\xff")),
    "two-headers": lambda: file(header(4_000_000, 4_000_000)),
    "two-headers-deep": lambda: SIGNATURE + header(5, 6, 16, RGB) + header(9**5, 9**5, 16) + PIXELS,
    "no-header": lambda: SIGNATURE + PIXELS + END,
    "header-after-pixels": lambda: SIGNATURE + PIXELS + header(5, 6) + END,
    "side-zero": lambda: file(size=(0, 6)),
    "sides-of-two-billion": lambda: file(size=(2**31 - 1, 2**31 - 1)),
    "sides-negative": lambda: file(size=(2**32 - 1, 2**32 - 1)),
    "one-row-of-a-million": lambda: file(size=(1_000_000, 1)),
    "depth-3": lambda: SIGNATURE + header(5, 6, 3) + PIXELS + END,
    "depth-16-palette": lambda: SIGNATURE + header(5, 6, 16, PALETTE) + PIXELS + END,
    "color-type-1": lambda: SIGNATURE + header(5, 6, 8, 1) + PIXELS + END,
    "palette-missing": lambda: SIGNATURE + header(5, 6, 8, PALETTE) + PIXELS + END,
    "palette-long": lambda: (
        SIGNATURE + header(5, 6, 8, PALETTE) + chunk(b"PLTE", bytes(3 * 70_000)) + PIXELS + END
    ),
    "palette-short": lambda: (
        SIGNATURE
        + header(5, 6, 8, PALETTE)
        + chunk(b"PLTE", bytes(3))
        + chunk(b"IDAT", zlib.compress(b"\xff" * 36))
        + END
    ),
    "transparency-long": lambda: file(chunk(b"tRNS", bytes(100_000))),
    "transparency-empty": lambda: file(chunk(b"tRNS")),
    "deep-bomb": lambda: SIGNATURE + header(5, 6, 16, RGB) + chunk(b"IDAT", zeros(_LONG)) + END,
    "animation-100000-frames": lambda: animation(100_000, 5, 6),
    "animation-of-a-billion": lambda: (
        SIGNATURE + header(5, 6) + chunk(b"acTL", b"\xff" * 8) + PIXELS + END
    ),
    "animation-empty": lambda: SIGNATURE + header(5, 6) + chunk(b"acTL") + PIXELS + END,
    "animation-frame-beyond": lambda: animation(3, 5, 6, left=2**31, top=2**32 - 1),
    "animation-frame-larger": lambda: animation(3, 900, 1000),
    "animation-frame-enormous": lambda: animation(1, 900, 1000).replace(
        struct.pack(">II", 900, 1000), struct.pack(">II", 2**31 - 1, 2**31 - 1)
    ),
    "animation-disposal-unknown": lambda: animation(3, 5, 6, disposal=200, blend=7),
    "animation-control-short": lambda: file(chunk(b"acTL", b"\0\0\0\2\0\0\0\0"), chunk(b"fcTL")),
}
