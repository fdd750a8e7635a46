"""TIFF files by hand: any layout that the specification knows, to be read by the service."""

import lzma
import struct
import zlib
from dataclasses import dataclass, field, replace

import numpy as np

SHORT, LONG, LONG8, UNDEFINED = 3, 4, 16, 7
FORMATS = {"u": 1, "i": 2, "f": 3}


@dataclass(frozen=True)
class Page:
    """Samples (height, width, channels), and how they are to stand in the file."""

    samples: np.ndarray
    photometric: int | None = None
    bits: int | None = None
    compression: int = 1
    predictor: int = 1
    planar: bool = False
    tile: tuple[int, int] | None = None
    rows_per_strip: int | None = None
    extra_samples: tuple[int, ...] = ()
    fill_order: int = 1
    tags: dict = field(default_factory=dict)

    def with_tags(self, **tags):
        return replace(self, tags={int(name[1:]): value for name, value in tags.items()})


def tiff_file(*pages, order="<", big=False):
    data = bytearray(16 if big else 8)
    links = [8 if big else 4]
    for page in pages:
        offsets, counts = [], []
        for segment in segments(page, order):
            offsets.append(len(data))
            counts.append(len(segment))
            data += segment + bytes(len(segment) % 2)
        tags = page_tags(page, offsets, counts) | page.tags
        start = len(data)
        data += directory(tags, start, order, big)
        struct.pack_into(order + ("Q" if big else "I"), data, links[-1], start)
        links.append(start + (8 + 20 * len(tags) if big else 2 + 12 * len(tags)))
    head = b"II" if order == "<" else b"MM"
    data[:4] = head + struct.pack(order + "H", 43 if big else 42)
    if big:
        data[4:8] = struct.pack(order + "HH", 8, 0)
    return bytes(data)


def page_tags(page, offsets, counts):
    height, width, channels = page.samples.shape
    dtype = page.samples.dtype
    photometric = page.photometric
    if photometric is None:
        photometric = 1 if channels < 3 else 2
    tags = {
        256: width,
        257: height,
        258: (page.bits or 8 * dtype.itemsize,) * channels,
        259: page.compression,
        262: photometric,
        277: channels,
        339: (FORMATS[dtype.kind],) * channels,
    }
    if page.tile:
        tags |= {322: page.tile[1], 323: page.tile[0], 324: tuple(offsets), 325: tuple(counts)}
    else:
        tags |= {273: tuple(offsets), 279: tuple(counts), 278: page.rows_per_strip or height}
    if page.planar:
        tags[284] = 2
    if page.predictor > 1:
        tags[317] = page.predictor
    if page.extra_samples:
        tags[338] = page.extra_samples
    if page.fill_order > 1:
        tags[266] = page.fill_order
    return tags


def directory(tags, start, order, big):
    count, offset, room = ("Q", "Q", 8) if big else ("H", "I", 4)
    values_start = start + struct.calcsize("<" + count) + len(tags) * (12 + 8 * big) + room
    entries, values = b"", b""
    for tag in sorted(tags):
        value = tags[tag]
        if isinstance(value, bytes):
            kind, number, body = UNDEFINED, len(value), value
        else:
            numbers = value if isinstance(value, tuple) else (value,)
            kind = LONG if max(numbers) > 65535 or tag in (273, 279, 324, 325) else SHORT
            number = len(numbers)
            body = struct.pack(f"{order}{number}{'I' if kind == LONG else 'H'}", *numbers)
        if len(body) > room:
            place = values_start + len(values)
            values += body + bytes(len(body) % 2)
            body = struct.pack(order + offset, place)
        entries += struct.pack(order + "HH" + offset, tag, kind, number) + body.ljust(room, b"\0")
    return struct.pack(order + count, len(tags)) + entries + bytes(room) + values


def segments(page, order):
    planes = [page.samples]
    if page.planar:
        planes = [page.samples[:, :, c : c + 1] for c in range(page.samples.shape[2])]
    for plane in planes:
        for part in parts(page, plane):
            packed = packed_samples(page, part, order)
            compressed = COMPRESSORS[page.compression](packed)
            yield bytes(map(mirrored, compressed)) if page.fill_order == 2 else compressed


def parts(page, plane):
    height, width, channels = plane.shape
    if page.tile is None:
        rows = page.rows_per_strip or height
        yield from (plane[top : top + rows] for top in range(0, height, rows))
        return
    tile_height, tile_width = page.tile
    for top in range(0, height, tile_height):
        for left in range(0, width, tile_width):
            # What lies outside of the picture has to be ignored: not zeros.
            tile = np.full((tile_height, tile_width, channels), 1, plane.dtype)
            inside = plane[top : top + tile_height, left : left + tile_width]
            tile[: inside.shape[0], : inside.shape[1]] = inside
            yield tile


def packed_samples(page, part, order):
    if page.bits is not None and page.bits not in (8, 16, 32, 64):
        return b"".join(packed_bits(row.ravel().tolist(), page.bits) for row in part)
    if page.predictor == 2:
        whole = part.view(f"u{part.itemsize}")
        differences = whole.copy()
        differences[:, 1:] -= whole[:, :-1]
        part = differences
    if page.predictor == 3:
        return b"".join(float_differences(row) for row in part)
    return part.astype(part.dtype.newbyteorder(order)).tobytes()


def packed_bits(numbers, bits):
    digits = "".join(f"{number:0{bits}b}" for number in numbers)
    digits += "0" * (-len(digits) % 8)
    return bytes(int(digits[start : start + 8], 2) for start in range(0, len(digits), 8))


def float_differences(row):
    """TIFF Technical Note 3: the bytes sorted by weight, then told as differences."""
    channels = row.shape[1]
    item = row.dtype.itemsize
    big_endian = row.astype(row.dtype.newbyteorder(">")).tobytes()
    planes = [big_endian[byte::item] for byte in range(item)]
    stored = b"".join(planes)
    return bytes(
        (each - (stored[index - channels] if index >= channels else 0)) % 256
        for index, each in enumerate(stored)
    )


def mirrored(byte):
    return int(f"{byte:08b}"[::-1], 2)


def packbits(data):
    packed = b""
    while data:
        run = len(data) - len(data.lstrip(data[:1]))
        if run > 1:
            run = min(run, 128)
            packed += bytes((257 - run, data[0]))
        else:
            run = min(len(data), 3)
            packed += bytes((run - 1,)) + data[:run]
        data = data[run:]
    return packed


def lzw(data):
    """TIFF 6.0, section 13: codes of 9 to 12 bits, the highest first, widened one code early."""
    digits, table, bits, prefix = f"{256:09b}", {bytes((n,)): n for n in range(256)}, 9, b""
    for byte in data:
        longer = prefix + bytes((byte,))
        if longer in table:
            prefix = longer
            continue
        digits += f"{table[prefix]:0{bits}b}"
        table[longer] = 258 + len(table) - 256
        bits = (258 + len(table) - 256).bit_length()
        if len(table) == 4092 - 2:
            digits += f"{256:0{bits}b}"
            table, bits = {bytes((n,)): n for n in range(256)}, 9
        prefix = bytes((byte,))
    digits += f"{table[prefix]:0{bits}b}"
    digits += f"{257:0{bits}b}"
    digits += "0" * (-len(digits) % 8)
    return int(digits, 2).to_bytes(len(digits) // 8, "big")


COMPRESSORS = {
    1: bytes,
    5: lzw,
    8: zlib.compress,
    32946: zlib.compress,
    32773: packbits,
    34925: lzma.compress,
}
