"""Files to pictures: judged by their headers first, then decoded, then put upright."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageCms
from PIL.ImageFile import ImageFile

from service.errors import InvalidRequest, LimitExceeded, UndecodablePicture, UnsupportedMediaType
from service.formats.picture import Buffer, Picture, Samples
from service.formats.pillow_modes import samples_of
from service.formats.table import Format, Subject, labels, sniff_picture
from service.formats.tiff_reading import DeepTiff, deep_tiff

POINTER = "/image"

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
    cv2.error,
    ImageCms.PyCMSError,
)
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)

# By the EXIF tag: how stored rows and columns become those of the upright picture.
ORIENTATIONS: Mapping[int, Callable[[Samples], Samples]] = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: stored[::-1].transpose(1, 0, 2),
    7: lambda stored: stored[::-1, ::-1].transpose(1, 0, 2),
    8: lambda stored: stored[:, ::-1].transpose(1, 0, 2),
}


@dataclass(frozen=True)
class PictureLimits:
    """How large a picture may be, judged from its header: pixels, and the longer side."""

    max_pixels: int
    max_side: int


def decode_picture(data: Buffer, limits: PictureLimits) -> Picture:
    """The picture of a file in one of the formats read, upright; of an animation, the first.

    8-bit files give uint8, 16-bit ones uint16, others int32 or float32; palettes, colour
    keys, CMYK, YCbCr, Lab and HSV become gray or RGB, with straight alpha where the file has
    transparency. ``InvalidRequest`` for an empty file, ``UnsupportedMediaType`` for one of
    another format, ``LimitExceeded`` over the limits, ``UndecodablePicture`` for a broken one
    or float samples that are not finite; all at ``/image``.
    """
    if not len(data):
        raise InvalidRequest.at(POINTER, "the file is empty")
    source = sniff_picture(data)
    if source is None or source.plugin is None:
        readable = labels(lambda each: Subject.PICTURE in each.reads)
        raise UnsupportedMediaType.at(POINTER, f"not a picture in a format read here: {readable}")
    with _translated_faults(source):
        picture = _decode(data, source.name, source.plugin, limits)
    if picture.samples.dtype.kind == "f" and not np.isfinite(picture.samples).all():
        raise UndecodablePicture.at(POINTER, "the picture holds samples that are not finite")
    return picture


def _decode(data: Buffer, name: str, plugin: type[ImageFile], limits: PictureLimits) -> Picture:
    deep = deep_tiff(data) if name == "tiff" else None
    if deep is not None:
        return _decode_deep_tiff(deep, limits)
    # The one plugin, not Image.open: no other is ever asked, and Pillow's global limit does
    # not come before the service's own.
    with plugin(BytesIO(data)) as image:
        _require_within(image.size, limits)
        raw_mode = _raw_mode(image)
        if name == "png" and image.mode != "I;16" and raw_mode.endswith(";16B"):
            return _decode_deep_png(image, data, raw_mode)
        image.load()
        return _upright(samples_of(image, raw_mode), _orientation(image), _profile(image))


def _decode_deep_tiff(deep: DeepTiff, limits: PictureLimits) -> Picture:
    _require_within(deep.size, limits)
    samples, orientation = deep.decode()
    return _upright(samples, orientation, deep.icc_profile)


def _decode_deep_png(image: ImageFile, data: Buffer, raw_mode: str) -> Picture:
    """The 16-bit PNG that Pillow, having read its header, would reduce to 8 bits."""
    stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise ValueError("OpenCV found it broken")
    if raw_mode.startswith("LA"):
        samples: Samples = stored[:, :, [0, 3]]
    else:
        samples = stored[:, :, [2, 1, 0, 3][: stored.shape[2]]]
    return _upright(samples, _orientation(image), _profile(image))


def _upright(stored: Samples, orientation: int, icc_profile: bytes | None) -> Picture:
    samples = ORIENTATIONS.get(orientation, ORIENTATIONS[1])(stored)
    return Picture(np.ascontiguousarray(samples), icc_profile)


def _orientation(image: Image.Image) -> int:
    # Once loaded, a TIFF picture has been turned by Pillow, which then drops the tag.
    return int(image.getexif().get(ExifTags.Base.Orientation, 1))


def _profile(image: Image.Image) -> bytes | None:
    profile = image.info.get("icc_profile")
    return bytes(profile) if profile else None


def _raw_mode(image: ImageFile) -> str:
    arguments = image.tile[0].args if image.tile else ""
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def _require_within(size: tuple[int, int], limits: PictureLimits) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise UndecodablePicture.at(POINTER, "the picture has no pixels")
    measured = f"the picture is {width} x {height} pixels"
    if max(size) > limits.max_side:
        raise LimitExceeded.at(POINTER, f"{measured}; a side may be {limits.max_side} at most")
    if width * height > limits.max_pixels:
        raise LimitExceeded.at(
            POINTER, f"{measured}, {width * height} in all; {limits.max_pixels} are allowed"
        )


@contextmanager
def _translated_faults(source: Format) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except _BOMBS as error:
            raise LimitExceeded.at(POINTER, "the picture has more pixels than allowed") from error
        except _DECODER_FAULTS as error:
            detail = f"the {source.label} file is broken or of a kind that cannot be decoded"
            raise UndecodablePicture.at(POINTER, detail) from error
