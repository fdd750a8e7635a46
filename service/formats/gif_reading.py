"""GIF pictures: the frames of a file as files of their own, laid over one another.

Pillow decodes each; what it would make of several is not what viewers show.
Source: Graphics Interchange Format, version 89a (CompuServe, 1990); and where that is silent,
what browsers do: the canvas is transparent, also where a frame is disposed of.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from PIL.GifImagePlugin import GifImageFile

from service.formats.animation import Disposal, Frame, compose
from service.formats.limits import PictureLimits
from service.formats.orientation import Stored
from service.formats.picture import Buffer
from service.formats.pillow_decoding import decode_with_pillow

_EXTENSION, _IMAGE, _TRAILER, _GRAPHIC_CONTROL = 0x21, 0x2C, 0x3B, 0xF9
_HAS_TABLE, _TABLE_SIZE, _INTERLACED = 0x80, 0x07, 0x40
_DISPOSALS = {2: Disposal.CLEAR, 3: Disposal.RESTORE}
_SCREEN = struct.Struct("<6sHHBBB")
_DESCRIPTOR = struct.Struct("<HHHHB")


@dataclass
class _Reader:
    """The bytes of a file, read from front to back; ``EOFError`` beyond the end."""

    data: memoryview
    position: int = 0

    def take(self, count: int) -> bytes:
        taken = bytes(self.data[self.position : self.position + count])
        if len(taken) < count:
            raise EOFError("the file ends in the middle of a block")
        self.position += count
        return taken

    def table(self, flags: int) -> bytes:
        """The colour table that the flags announce; empty where they announce none."""
        return self.take(3 << (1 + (flags & _TABLE_SIZE))) if flags & _HAS_TABLE else b""

    def blocks(self) -> bytes:
        """A sequence of sub-blocks with the empty one that ends it, as it stands."""
        start = self.position
        while length := self.take(1)[0]:
            self.position += length
        return bytes(self.data[start : self.position])


def decode_gif(data: Buffer, frame: int, limits: PictureLimits) -> Stored:
    """The animation's canvas at the frame; uint8, with alpha where it is seen through.

    A picture of one frame that fills its canvas keeps its alpha wherever its palette has a
    transparent colour. What Pillow raises, and ``EOFError``, for a broken file.
    """
    first = next(_frames(data), None)
    if first is None:
        raise EOFError("the file has no picture")
    _, width, height, *_ = _SCREEN.unpack_from(data)
    # Some files tell a smaller canvas than their first picture, or none.
    size = max(width, first.left + first.width), max(height, first.top + first.height)
    if frame == 0 and size == (first.width, first.height):
        return decode_with_pillow(GifImageFile, first.file, 0, limits)
    return compose(_frames(data), frame, size, lambda file: _still(file, limits), limits)


def _still(file: bytes, limits: PictureLimits) -> Stored:
    return decode_with_pillow(GifImageFile, file, 0, limits)


def _frames(data: Buffer) -> Iterator[Frame]:
    """The frames up to the trailer, or to where the file breaks off between two of them."""
    reader = _Reader(memoryview(data))
    flags = _SCREEN.unpack(reader.take(_SCREEN.size))[3]
    global_table = reader.table(flags)
    control = bytes(4)
    while reader.position < len(reader.data):
        kind = reader.take(1)[0]
        if kind == _TRAILER:
            return
        if kind == _EXTENSION:
            label, blocks = reader.take(1)[0], reader.blocks()
            if label == _GRAPHIC_CONTROL and blocks[0] == 4:
                control = blocks[1:5]
        elif kind == _IMAGE:
            yield _frame(reader, flags, global_table, control)
            control = bytes(4)


def _frame(reader: _Reader, screen_flags: int, global_table: bytes, control: bytes) -> Frame:
    left, top, width, height, flags = _DESCRIPTOR.unpack(reader.take(_DESCRIPTOR.size))
    table = reader.table(flags)
    if not table:
        flags, table = screen_flags | (flags & _INTERLACED), global_table
    pixels = reader.take(1) + reader.blocks()
    table_flags = flags & (_HAS_TABLE | _TABLE_SIZE)
    file = b"".join(
        (
            _SCREEN.pack(b"GIF89a", width, height, table_flags, 0, 0),
            table,
            bytes((_EXTENSION, _GRAPHIC_CONTROL, 4, control[0] & 1)) + control[1:] + b"\0",
            bytes((_IMAGE,)) + _DESCRIPTOR.pack(0, 0, width, height, flags & _INTERLACED),
            pixels,
            bytes((_TRAILER,)),
        )
    )
    disposal = _DISPOSALS.get(control[0] >> 2 & 7, Disposal.NONE)
    return Frame(file, left, top, width, height, over=True, disposal=disposal)
