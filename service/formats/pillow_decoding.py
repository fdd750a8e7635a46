"""Pictures that Pillow reads as they are: one plugin, asked for one frame."""

from __future__ import annotations

import struct
from io import BytesIO

from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile

from service.formats.limits import PictureLimits, require_frame
from service.formats.orientation import Stored
from service.formats.picture import Buffer
from service.formats.pillow_modes import samples_of

# What Pillow raises on EXIF data that are not: they may be, of a picture that is sound.
_EXIF_FAULTS = (SyntaxError, ValueError, TypeError, KeyError, OSError, struct.error)


def decode_with_pillow(
    plugin: type[ImageFile], data: Buffer, frame: int, limits: PictureLimits
) -> Stored:
    """The frame of the file, read by the one plugin, its modes turned into gray or RGB.

    Whatever Pillow raises on a broken file passes through.
    """
    # The one plugin, not Image.open: no other is ever asked, and Pillow's global limit does
    # not come before the service's own.
    with plugin(BytesIO(data)) as image:
        limits.require(*image.size)
        if frame:
            require_frame(frame, getattr(image, "n_frames", 1))
            image.seek(frame)
        stored_mode = raw_mode(image)
        image.load()
        samples = samples_of(image, stored_mode)
        return Stored(samples, orientation_of(image), profile_of(image))


def raw_mode(image: ImageFile) -> str:
    """How the file stores its samples, in Pillow's words; empty where it does not say."""
    arguments = image.tile[0].args if image.tile else ""
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def orientation_of(image: Image.Image) -> int:
    """The number of the EXIF tag; 1, upright, without it or where the EXIF data are broken."""
    try:
        # Once loaded, a TIFF picture has been turned by Pillow, which then drops the tag.
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except _EXIF_FAULTS:
        return 1
    return orientation if isinstance(orientation, int) else 1


def profile_of(image: Image.Image) -> bytes | None:
    """The embedded ICC profile."""
    profile = image.info.get("icc_profile")
    return bytes(profile) if profile else None
