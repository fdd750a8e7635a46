"""GIF, WebP, BMP and PNM files that no encoder would write, and files of two formats at once."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping

from tests.fuzz import png_files
from tests.fuzz.tiny_files import PICTURES

_TRAILER = b";"
_STILL = b"\x02\x02\x44\x01\x00"  # LZW of two bits a code: one pixel


def gif(*blocks: bytes, size: tuple[int, int] = (1, 1)) -> bytes:
    """A GIF of these blocks with a palette of four colours."""
    return (
        b"GIF89a" + struct.pack("<HHBBB", *size, 0x81, 0, 0) + bytes(range(12)) + b"".join(blocks)
    )


def gif_picture(width: int, height: int, pixels: bytes = _STILL, left: int = 0) -> bytes:
    """An image block."""
    return b"," + struct.pack("<HHHHB", left, 0, width, height, 0) + pixels


def lzw_of_zeros(bits: int, codes: int) -> bytes:
    """LZW data in which every code stands for a longer run than the one before: the densest."""
    clear, buffer, filled, width = 1 << bits, 1 << bits, bits + 1, bits + 1
    packed = bytearray()
    for index in range(codes):
        code = 0 if index == 0 else min(clear + 1 + index, 4095)
        if clear + 1 + index > (1 << width) - 1 and width < 12:
            width += 1
        buffer |= code << filled
        filled += width
        while filled >= 8:
            packed.append(buffer & 255)
            buffer, filled = buffer >> 8, filled - 8
    packed.append(buffer & 255)
    blocks = (packed[start : start + 255] for start in range(0, len(packed), 255))
    return bytes((bits,)) + b"".join(bytes((len(each),)) + each for each in blocks) + b"\0"


def riff(*chunks: tuple[bytes, bytes], length: int | None = None) -> bytes:
    """A WebP container."""
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) if length is None else length) + body


def webp_canvas(width: int, height: int, flags: int = 0x02) -> tuple[bytes, bytes]:
    """VP8X."""
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"VP8X", bytes((flags, 0, 0, 0)) + sides


def _webp_frames(count: int, width: int, height: int) -> bytes:
    picture = PICTURES["webp"][12:]
    told = bytes(6) + (8).to_bytes(3, "little") + (6).to_bytes(3, "little") + bytes(4)
    frames = [(b"ANMF", told + picture)] * count
    return riff(webp_canvas(width, height), (b"ANIM", bytes(6)), *frames)


def bmp(width: int, height: int, bits: int = 24, compression: int = 0, rest: bytes = b"") -> bytes:
    """A bitmap with the header of Windows 3."""
    head = struct.pack(
        "<IIIIiiHHIIIIII", 54, 0, 54, 40, width, height, 1, bits, compression, *[0] * 5
    )
    return b"BM" + head + rest


HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "gif-lzw-bomb": lambda: gif(
        gif_picture(1000, 1000, lzw_of_zeros(2, 20_000)), size=(1000, 1000)
    ),
    "gif-lzw-beyond-its-picture": lambda: gif(gif_picture(1, 1, lzw_of_zeros(2, 200_000))),
    "gif-lzw-of-12-bits": lambda: gif(gif_picture(9, 9, b"\x0c" + _STILL[1:])),
    "gif-lzw-of-255-bits": lambda: gif(gif_picture(9, 9, b"\xff" + _STILL[1:])),
    "gif-lzw-of-0-bits": lambda: gif(gif_picture(9, 9, b"\0" + _STILL[1:])),
    "gif-lzw-empty": lambda: gif(gif_picture(9, 9, b"\x02\0")),
    "gif-100000-frames": lambda: gif(*[gif_picture(1, 1)] * 100_000, _TRAILER),
    "gif-1000000-extensions": lambda: gif(b"!\xfe\0" * 1_000_000, gif_picture(1, 1), _TRAILER),
    "gif-2000000-sub-blocks": lambda: gif(
        b"!\xfe" + b"\1x" * 2_000_000 + b"\0", gif_picture(1, 1), _TRAILER
    ),
    "gif-pixels-in-single-bytes": lambda: gif(
        gif_picture(1, 1, b"\x02" + b"\1\x44" * 1_000_000 + b"\0"), _TRAILER
    ),
    "gif-control-empty": lambda: gif(b"!\xf9\0", gif_picture(1, 1), _TRAILER),
    "gif-control-long": lambda: gif(b"!\xf9\xff" + bytes(255) + b"\0", gif_picture(1, 1)),
    "gif-nothing": lambda: gif(_TRAILER),
    "gif-nothing-but-zeros": lambda: gif(bytes(1_000_000)),
    "gif-canvas-0": lambda: gif(gif_picture(0, 0), size=(0, 0)),
    "gif-canvas-65535": lambda: gif(gif_picture(1, 1), size=(65_535, 65_535)),
    "gif-picture-beyond": lambda: gif(gif_picture(1, 1, left=65_535), _TRAILER),
    "gif-endless": lambda: gif(b"!\xfe\xff"),
    "webp-canvas-enormous": lambda: riff(webp_canvas(1 << 24, 1 << 24), (b"VP8 ", bytes(99))),
    "webp-canvas-16383": lambda: _webp_frames(2, 16_383, 16_383),
    "webp-canvas-other": lambda: riff(webp_canvas(900, 900), (b"VP8 ", PICTURES["webp"][20:])),
    "webp-20000-frames": lambda: _webp_frames(20_000, 9, 7),
    "webp-200000-chunks": lambda: riff(
        webp_canvas(9, 7, 0), *[(b"abcd", b"")] * 200_000, (b"VP8 ", PICTURES["webp"][20:])
    ),
    "webp-length-of-four-billion": lambda: riff((b"VP8 ", bytes(99)), length=2**32 - 1),
    "webp-length-0": lambda: riff((b"VP8 ", bytes(99)), length=0),
    "webp-lossless-nonsense": lambda: riff((b"VP8L", b"\x2f" + b"\xff" * 5_000)),
    "webp-lossless-enormous": lambda: riff((b"VP8L", b"\x2f\xff\xff\xff\x0f" + bytes(999))),
    "webp-alpha-nonsense": lambda: riff(
        webp_canvas(9, 7, 0x10), (b"ALPH", b"\xff" * 500), (b"VP8 ", PICTURES["webp"][20:])
    ),
    "webp-exif-bomb": lambda: riff(
        webp_canvas(9, 7, 0x08),
        (b"VP8 ", PICTURES["webp"][20:]),
        (b"EXIF", png_files.exif(20_000, 1 << 20)),
    ),
    "webp-profile-nonsense": lambda: riff(
        webp_canvas(9, 7, 0x20), (b"ICCP", b"\xff" * 9_999), (b"VP8 ", PICTURES["webp"][20:])
    ),
    "bmp-sides-of-two-billion": lambda: bmp(2**31 - 1, 2**31 - 1),
    "bmp-height-least": lambda: bmp(1, -(2**31)),
    "bmp-width-negative": lambda: bmp(-5, 5, rest=bytes(99)),
    "bmp-short": lambda: bmp(1000, 1000),
    "bmp-runs-8": lambda: bmp(1000, 1000, 8, 1, bytes(1024) + b"\xff\1" * 1_000_000),
    "bmp-runs-of-nothing": lambda: bmp(1000, 1000, 8, 1, bytes(1024) + b"\0\2\0\0" * 1_000_000),
    "bmp-runs-4": lambda: bmp(1000, 1000, 4, 2, bytes(64) + b"\0\2\xff\xff" * 1_000_000),
    "bmp-jumps-beyond": lambda: bmp(9, 9, 8, 1, bytes(1024) + b"\0\2\xff\xff\5\1"),
    "bmp-jpeg-inside": lambda: bmp(9, 7, 24, 4, PICTURES["jpeg"]),
    "bmp-png-inside": lambda: bmp(9, 7, 0, 5, PICTURES["png"]),
    "bmp-bits-0": lambda: bmp(9, 7, 0, 0, bytes(999)),
    "bmp-masks-nonsense": lambda: bmp(9, 7, 32, 3, b"\xff" * 999),
    "bmp-palette-of-four-billion": lambda: (
        b"BM"
        + struct.pack("<IIIIiiHHIIIIII", 54, 0, 54, 40, 9, 7, 1, 8, 0, 0, 0, 0, 2**32 - 1, 0)
        + bytes(999)
    ),
    "bmp-pixels-beyond": lambda: (
        b"BM"
        + struct.pack("<IIIIiiHHIIIIII", 54, 0, 2**32 - 1, 40, 9, 7, 1, 24, *[0] * 6)
        + bytes(999)
    ),
    "pnm-spaces": lambda: b"P6" + b" " * (16 << 20) + b"1 1 255 abc",
    "pnm-spaces-and-nothing": lambda: b"P6" + b" " * (16 << 20),
    "pnm-comments": lambda: b"P6 " + b"#\n" * (8 << 20) + b"1 1 255 abc",
    "pnm-comment-without-end": lambda: b"P6 #" + b"x" * (16 << 20),
    "pnm-plain-comments": lambda: b"P2 1000 1000 255 " + b"#\n0 " * (4 << 20),
    "pnm-plain-bits-of-pairs": lambda: b"P1 1000 1000 " + b"01 " * (5 << 20),
    "pnm-plain-bits-of-comments": lambda: b"P1 1000 1000 " + b"01#\n" * (4 << 20),
    "pnm-plain-missing": lambda: b"P3 1000 1000 255\n1 2 3",
    "pnm-plain-numbers-of-a-million-digits": lambda: b"P2 9 7 255 " + b"9" * 1_000_000,
    "pnm-plain-negative": lambda: b"P2 9 7 255 " + b"-1 " * 63,
    "pnm-plain-above": lambda: b"P2 9 7 254 " + b"255 " * 63,
    "pnm-plain-numbers-not-decimal": lambda: b"P2 9 7 255 " + b"0x1f nan 1e5 " * 63,
    "pnm-sides-of-ten-digits": lambda: b"P6 9999999999 9999999999 255\n",
    "pnm-sides-of-a-million-digits": lambda: b"P6 " + b"9" * 1_000_000 + b" 1 255 abc",
    "pnm-maximum-0": lambda: b"P5 9 7 0 " + bytes(63),
    "pnm-scale-nonsense": lambda: b"Pf 9 7 " + b"-1e9999" * 5 + b"\n" + bytes(999),
    "pnm-scale-dots": lambda: b"Pf 9 7 ....\n" + bytes(999),
    "pnm-not-finite": lambda: b"Pf 1 1 -1\n" + struct.pack("<f", float("inf")),
    "polyglot-gif-and-script": lambda: b"GIF89a/*" + b"*/=1;alert(1)//" + bytes(500),
    "polyglot-png-then-zip": lambda: PICTURES["png"] + b"PK\3\4" + bytes(5_000),
    "polyglot-jpeg-then-jpeg": lambda: PICTURES["jpeg"] + PICTURES["jpeg-inks"] * 1_000,
    "polyglot-gif-then-bytes": lambda: PICTURES["gif"] + b"\xff" * 1_000_000,
    "polyglot-tiff-then-bytes": lambda: PICTURES["tiff"] + b"\xff" * 1_000_000,
    "polyglot-bitmap-and-text": lambda: b"BM" + b"text " * 9_999,
    "zip-bomb": lambda: b"PK\3\4" + zlib.compress(bytes(1 << 20)),
}
