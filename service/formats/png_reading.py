"""PNG pictures, and the frames of animated ones.

Source: Portable Network Graphics (W3C), third edition.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from io import BytesIO

from PIL.PngImagePlugin import PngImageFile

from service.formats.animation import Disposal, Frame, compose
from service.formats.limits import PictureLimits, require_frame
from service.formats.orientation import Stored
from service.formats.picture import Buffer
from service.formats.pillow_decoding import decode_with_pillow, with_description
from service.formats.png_chunks import Chunk, read_chunks, written_file
from service.formats.png_pixels import plain_header, read_pixels

_CONTROL = struct.Struct(">IIIIIHHBB")
_DISPOSALS = (Disposal.NONE, Disposal.CLEAR, Disposal.RESTORE)
_ANIMATED = frozenset((b"acTL", b"fcTL", b"fdAT"))
_SHARED = frozenset((b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"gAMA", b"pHYs", b"eXIf"))


def decode_png(data: Buffer, frame: int, limits: PictureLimits) -> Stored:
    """The picture, or an animation's canvas at the frame: uint8, or uint16 of 16-bit files.

    The default picture of an animation is among its frames only where it is part of it. What
    Pillow raises, ``ValueError`` and ``struct.error`` for a broken file.
    """
    chunks = tuple(read_chunks(data))
    if not _is_animated(chunks):
        require_frame(frame, 1)
        return _still(data, chunks, limits)
    with PngImageFile(BytesIO(data)) as image:
        size = image.size

    def decode(file: bytes) -> Stored:
        return _still(file, tuple(read_chunks(file)), limits)

    return compose(_frames(chunks), frame, size, decode, limits)


def _still(data: Buffer, chunks: Sequence[Chunk], limits: PictureLimits) -> Stored:
    header = plain_header(chunks)
    if header is None:
        return decode_with_pillow(PngImageFile, data, 0, limits)
    with PngImageFile(BytesIO(_description(chunks))) as image:
        limits.require(*image.size)
        return with_description(read_pixels(chunks, header), image)


def _description(chunks: Sequence[Chunk]) -> bytes:
    """A file of all but the pixels, for which there is an empty chunk behind the others.

    So what stands behind them is found without decoding them.
    """
    without = _ANIMATED | {b"IDAT", b"IEND"}
    return written_file((*(each for each in chunks if each[0] not in without), (b"IDAT", b"")))


def _is_animated(chunks: Sequence[Chunk]) -> bool:
    for kind, _ in chunks:
        if kind in (b"acTL", b"IDAT"):
            return kind == b"acTL"
    return False


def _frames(chunks: Sequence[Chunk]) -> Iterator[Frame]:
    """The frames as files of their own, each with what the file says of all of them."""
    shared = [chunk for chunk in chunks if chunk[0] in _SHARED]
    control: Buffer | None = None
    pixels: list[Buffer] = []
    for kind, body in chunks:
        if kind == b"fcTL" or kind == b"IEND":
            if control is not None:
                yield _frame(shared, control, pixels)
            control, pixels = body, []
        elif kind == b"IDAT":
            pixels.append(body)
        elif kind == b"fdAT":
            pixels.append(body[4:])


def _frame(shared: list[Chunk], control: Buffer, pixels: list[Buffer]) -> Frame:
    _, width, height, left, top, _, _, disposal, blend = _CONTROL.unpack(control)
    (_, header), *others = shared
    size = struct.pack(">II", width, height)
    chunks: list[Chunk] = [
        (b"IHDR", size + bytes(header[8:])),
        *others,
        *((b"IDAT", each) for each in pixels),
    ]
    file = written_file(chunks)
    return Frame(file, left, top, width, height, over=blend == 1, disposal=_DISPOSALS[disposal])
