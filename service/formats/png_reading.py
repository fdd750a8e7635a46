"""PNG pictures of 8 and 16 bits, and the frames of animated ones.

Source: Portable Network Graphics (W3C), third edition.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO

import cv2
import numpy as np
from PIL.PngImagePlugin import PngImageFile

from service.formats.animation import Disposal, Frame, compose
from service.formats.limits import PictureLimits, require_frame
from service.formats.orientation import Stored
from service.formats.picture import Buffer, Samples
from service.formats.pillow_decoding import (
    decode_with_pillow,
    orientation_of,
    profile_of,
    raw_mode,
)
from service.formats.png_chunks import Chunk, read_chunks, written_file

_CONTROL = struct.Struct(">IIIIIHHBB")
_DISPOSALS = (Disposal.NONE, Disposal.CLEAR, Disposal.RESTORE)
_DEEP = frozenset((b"IHDR", b"tRNS", b"IDAT"))
_SHARED = frozenset((b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"eXIf"))


def decode_png(data: Buffer, frame: int, limits: PictureLimits) -> Stored:
    """The picture, or an animation's canvas at the frame: uint8, or uint16 of 16-bit files.

    The default picture of an animation is among its frames only where it is part of it. What
    Pillow raises, ``ValueError`` and ``struct.error`` for a broken file.
    """
    if not _is_animated(data):
        require_frame(frame, 1)
        return _still(data, limits)
    with PngImageFile(BytesIO(data)) as image:
        size = image.size
    return compose(_frames(data), frame, size, lambda file: _still(file, limits), limits)


def _still(data: Buffer, limits: PictureLimits) -> Stored:
    with PngImageFile(BytesIO(data)) as image:
        limits.require(*image.size)
        stored_mode = raw_mode(image)
        if image.mode != "I;16" and stored_mode.endswith(";16B"):
            samples = _deep(data, stored_mode)
            return Stored(samples, orientation_of(image), profile_of(image))
    return decode_with_pillow(PngImageFile, data, 0, limits)


def _deep(data: Buffer, stored_mode: str) -> Samples:
    """The 16-bit samples that Pillow, having read their header, would reduce to 8 bits."""
    # Of chunks that are whole: for one that is not, OpenCV makes as much room as it claims.
    chunks = [chunk for chunk in read_chunks(data) if chunk[0] in _DEEP]
    if [kind for kind, _ in chunks].count(b"IHDR") != 1:
        raise ValueError("the file has two headers, of which the second was judged")
    whole = written_file(chunks)
    stored = cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_UNCHANGED)
    if stored is None or stored.dtype != np.uint16:
        raise ValueError("OpenCV found it broken")
    if stored_mode.startswith("LA"):
        return stored[:, :, [0, 3]]
    return stored[:, :, [2, 1, 0, 3][: stored.shape[2]]]


def _is_animated(data: Buffer) -> bool:
    for kind, _ in read_chunks(data):
        if kind in (b"acTL", b"IDAT"):
            return kind == b"acTL"
    return False


def _frames(data: Buffer) -> Iterator[Frame]:
    """The frames as files of their own, each with what the file says of all of them."""
    shared = [chunk for chunk in read_chunks(data) if chunk[0] in _SHARED]
    control: Buffer | None = None
    pixels: list[Buffer] = []
    for kind, body in read_chunks(data):
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
