"""The strips and tiles of a TIFF picture, unpacked to plain samples.

Of the codecs that pack bytes whatever they mean, libtiff does the work, by way of Pillow: the
strips or tiles of a plane are shown to it as those of an 8-bit gray picture whose pixels are
their bytes. So no width of sample, count of channels or arrangement is beyond it, and 16 bits
stay 16. Predictors, bits and byte order are then undone here.
Source: TIFF Revision 6.0; Adobe Photoshop TIFF Technical Notes 1 and 3 (2002, 2005).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from service.formats.levels import by_rows
from service.formats.picture import Buffer, Samples
from service.formats.tiff_layout import FLOAT, SIGNED, Directory

_STORED, _LZW, _DEFLATE, _OLD_DEFLATE, _PACKBITS, _LZMA, _ZSTD = 1, 5, 8, 32946, 32773, 34925, 50000
BYTE_CODECS = frozenset((_STORED, _LZW, _DEFLATE, _OLD_DEFLATE, _PACKBITS, _LZMA, _ZSTD))
"""The compressions that take any bytes; others know what a picture is."""

_PREDICTING = BYTE_CODECS - {_STORED, _PACKBITS}
_DIFFERENCES, _FLOAT_DIFFERENCES = 2, 3
_LONG = 4


@dataclass(frozen=True)
class _Segments:
    """The strips or tiles of one plane: where they are, and their size in samples.

    ``rows`` are those of all of them, one under the other: of tiles whole ones, of strips
    those of the picture.
    """

    offsets: Sequence[int]
    byte_counts: Sequence[int]
    width: int
    height: int
    channels: int
    rows: int


def read_samples(data: Buffer, directory: Directory) -> Samples:
    """The samples ``(height, width, channels)`` as stored, in the machine's byte order.

    Unsigned below 8 and between 9 and 15 bits become uint8 and uint16 of the same value.
    A ``ValueError`` or ``OSError`` for what is broken, or of no such layout.
    """
    planes = [
        _plane(data, directory, segments).astype(_sample_type(directory), copy=False)
        for segments in _planes(directory)
    ]
    return planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2)


def _planes(directory: Directory) -> list[_Segments]:
    width, height = directory.width, directory.height
    tiled = 324 in directory.tags
    offsets = directory.numbers(324 if tiled else 273)
    byte_counts = directory.numbers(325 if tiled else 279)
    if tiled:
        segment_width, segment_height = directory.number(322), directory.number(323)
    else:
        segment_width, segment_height = width, min(directory.number(278, height), height)
    if segment_width < 1 or segment_height < 1:
        raise ValueError("the strips or tiles are empty")
    across, down = -(-width // segment_width), -(-height // segment_height)
    planar = directory.number(284, 1) == 2 and directory.channels > 1
    planes, each = directory.channels if planar else 1, across * down
    rows = across * down * segment_height if tiled else height
    if rows * segment_width > 4 * max(width * height, 2**20):
        raise ValueError("the tiles are much larger than the picture")
    if not len(offsets) == len(byte_counts) == planes * each:
        raise ValueError("not as many strips or tiles as the picture has")
    return [
        _Segments(
            offsets[first : first + each],
            byte_counts[first : first + each],
            segment_width,
            segment_height,
            1 if planar else directory.channels,
            rows,
        )
        for first in range(0, planes * each, each)
    ]


def _plane(data: Buffer, directory: Directory, segments: _Segments) -> Samples:
    """One plane, its segments put where they belong: ``(height, width, channels)``."""
    packed = _unpacked(data, directory, segments)
    samples = _samples(packed, directory, segments)
    across = -(-directory.width // segments.width)
    if across > 1 or segments.rows > directory.height:
        grid = samples.reshape(-1, across, segments.height, segments.width, segments.channels)
        size = (len(grid) * segments.height, across * segments.width, segments.channels)
        samples = grid.swapaxes(1, 2).reshape(size)
    return samples[: directory.height, : directory.width]


def _unpacked(data: Buffer, directory: Directory, segments: _Segments) -> NDArray[np.uint8]:
    """The bytes of the segments, a row of samples a row."""
    row_bytes = -(-segments.width * segments.channels * directory.bits // 8)
    if directory.compression == _STORED and sum(segments.byte_counts) < row_bytes * segments.rows:
        raise ValueError("the strips or tiles are too short")
    end = len(data) + len(data) % 2
    tags = {
        256: [row_bytes],
        257: [segments.rows],
        258: [8],
        259: [directory.compression],
        262: [1],
        266: [directory.number(266, 1)],
        273: segments.offsets,
        277: [1],
        278: [segments.height],
        279: segments.byte_counts,
    }
    header = struct.pack("<2sHI", b"II", 42, end)
    shown = b"".join((header, memoryview(data)[8:], bytes(len(data) % 2), _directory(tags, end)))
    with _bytes_for_pixels(row_bytes * segments.rows), TiffImageFile(BytesIO(shown)) as image:
        return np.asarray(image)


@contextmanager
def _bytes_for_pixels(count: int) -> Iterator[None]:
    """Let Pillow take so many bytes for pixels: the real ones have been judged."""
    allowed, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, count
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = allowed


def _directory(tags: dict[int, Sequence[int]], offset: int) -> bytes:
    """The image file directory at ``offset``; values that need more room stand behind it."""
    values_offset = offset + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for tag, numbers in tags.items():
        packed = struct.pack(f"<{len(numbers)}I", *numbers)
        if len(numbers) > 1:
            packed, values = struct.pack("<I", values_offset + len(values)), values + packed
        entries += struct.pack("<HHI", tag, _LONG, len(numbers)) + packed
    return struct.pack("<H", len(tags)) + entries + bytes(4) + values


def _samples(packed: NDArray[np.uint8], directory: Directory, segments: _Segments) -> Samples:
    shape = (segments.rows, segments.width, segments.channels)
    bits, predictor = directory.bits, _predictor(directory)
    if bits % 8:
        if predictor != 1 or not 1 <= bits <= 15:
            raise ValueError("samples of these bits are not read")
        return _spread(packed, bits, segments.width * segments.channels).reshape(shape)
    if predictor == _FLOAT_DIFFERENCES:
        return _from_float_differences(packed, bits // 8, shape)
    samples = packed.view(f"{directory.byte_order}u{bits // 8}").reshape(shape)
    samples = samples.astype(samples.dtype.newbyteorder("="), copy=False)
    if predictor == _DIFFERENCES:
        samples = np.cumsum(samples, axis=1, dtype=samples.dtype)
    elif predictor != 1:
        raise ValueError("an unknown predictor")
    return samples.view(_sample_type(directory))


def _predictor(directory: Directory) -> int:
    return directory.number(317, 1) if directory.compression in _PREDICTING else 1


def _spread(packed: NDArray[np.uint8], bits: int, count: int) -> Samples:
    """``count`` samples a row, of so many bits each, the highest first."""
    whole = 8 if bits <= 8 else 16

    def block(rows: Samples) -> Samples:
        digits = np.unpackbits(rows, axis=1, count=count * bits).reshape(len(rows), count, bits)
        padded = np.zeros((len(rows), count, whole), np.uint8)
        padded[:, :, whole - bits :] = digits
        samples: Samples = np.packbits(padded, axis=2).view(f">u{whole // 8}")[:, :, 0]
        return samples.astype(samples.dtype.newbyteorder("="))

    return by_rows(block, packed)


def _from_float_differences(
    packed: NDArray[np.uint8], item_bytes: int, shape: tuple[int, int, int]
) -> Samples:
    """Rows told as differences of bytes: first the highest of all samples, then the next ones."""
    rows, width, channels = shape
    stored = packed.reshape(rows, item_bytes * width, channels)
    planes = np.cumsum(stored, axis=1, dtype=np.uint8).reshape(rows, item_bytes, width * channels)
    floats = np.ascontiguousarray(planes.transpose(0, 2, 1)).view(f">f{item_bytes}")
    return floats.astype(floats.dtype.newbyteorder("=")).reshape(shape)


def _sample_type(directory: Directory) -> np.dtype[Any]:
    kind = {SIGNED: "i", FLOAT: "f"}.get(directory.sample_format, "u")
    whole = -(-directory.bits // 8)
    return np.dtype(f"{kind}{whole}")
