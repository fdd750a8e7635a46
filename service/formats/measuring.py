"""The size of a picture from its header, to estimate the work before anything is decoded."""

from __future__ import annotations

import warnings
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from service.formats.limits import PictureLimits
from service.formats.picture import Buffer
from service.formats.pnm import pnm_size
from service.formats.table import sniff_picture

# Pillow's names of the formats of the table.
_PLUGINS = {
    "png": "PNG",
    "jpeg": "JPEG",
    "webp": "WEBP",
    "tiff": "TIFF",
    "bmp": "BMP",
    "gif": "GIF",
}
# What Pillow raises on headers that it can't make out; the decoder has the last word on them.
_HEADER_FAULTS = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    Image.DecompressionBombError,
)


def measured_size(data: Buffer, limits: PictureLimits) -> tuple[int, int] | None:
    """Height and width as stored; None where the header alone does not tell them.

    ``LimitExceeded`` at ``/image`` where they are over the limits, or where opening the file would
    take long.
    """
    source = sniff_picture(data)
    if source is None:
        return None
    if source.guard is not None:
        source.guard(data)
    try:
        width, height = _size(data, source.name)
    except _HEADER_FAULTS:
        return None
    limits.require(width, height)
    return height, width


def _size(data: Buffer, name: str) -> tuple[int, int]:
    """Width and height as Pillow tells them; but of PNM, whose header it reads byte by byte."""
    if name == "pnm":
        return pnm_size(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(BytesIO(data), formats=[_PLUGINS[name]]) as image:
            return image.size
