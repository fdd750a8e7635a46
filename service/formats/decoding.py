"""Files to pictures: told apart by how they begin, judged by their headers, decoded, upright."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import cv2
import numpy as np
from isal import isal_zlib
from PIL import Image, ImageCms

from service.errors import InvalidRequest, LimitExceeded, UndecodablePicture, UnsupportedMediaType
from service.formats.limits import IMAGE, PictureLimits, require_sought
from service.formats.picture import Buffer, Picture
from service.formats.table import Format, Subject, labels, sniff_picture

# What the decoders raise on broken files: they parse without checking, and say so with
# whatever exception comes of it. MemoryError is not among them.
_DECODER_FAULTS = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    LookupError,
    ArithmeticError,
    BufferError,
    struct.error,
    zlib.error,
    cast("type[Exception]", isal_zlib.error),  # its stubs take the class for an instance
    cv2.error,
    ImageCms.PyCMSError,
)
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def decode_picture(
    data: Buffer, limits: PictureLimits, frame: int = 0, *, gaps: bool = False
) -> Picture:
    """The picture of a file in one of the formats read, upright.

    Of an animation, or of a TIFF file of several pages, the one numbered ``frame``, from 0, as
    a viewer shows it. Unsigned samples of up to 8 bits give uint8 and of up to 16 uint16, of
    their whole range; signed ones int32; wider ones and float64 give float64, other floats
    float32. Palettes, colour keys, CMYK, YCbCr and Lab become gray or RGB, with straight alpha
    where the file has transparency.

    ``InvalidRequest`` at ``/image`` for an empty file and at ``/frame`` for a frame that is not
    there; ``UnsupportedMediaType`` for a file of another format, ``LimitExceeded`` over the
    limits, ``UndecodablePicture`` for a broken one or samples that are not finite (NaN is let
    pass where there may be ``gaps``), all at ``/image``.
    """
    require_sought(frame)
    if not len(data):
        raise InvalidRequest.at(IMAGE, "the file is empty")
    source = sniff_picture(data)
    if source is None or source.decode_picture is None:
        readable = labels(lambda each: Subject.PICTURE in each.reads)
        raise UnsupportedMediaType.at(IMAGE, f"not a picture in a format read here: {readable}")
    if source.guard is not None:
        source.guard(data)
    with _translated_faults(source):
        picture = source.decode_picture(data, frame, limits).upright()
    if picture.samples.dtype.kind == "f":
        sound = ~np.isinf(picture.samples) if gaps else np.isfinite(picture.samples)
        if not sound.all():
            raise UndecodablePicture.at(IMAGE, "the picture holds samples that are not finite")
    return picture


@contextmanager
def _translated_faults(source: Format) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except _BOMBS as error:
            raise LimitExceeded.at(IMAGE, "the picture has more pixels than allowed") from error
        except _DECODER_FAULTS as error:
            detail = f"the {source.label} file is broken or of a kind that cannot be decoded"
            raise UndecodablePicture.at(IMAGE, detail) from error
