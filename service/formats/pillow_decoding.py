"""Pictures that Pillow reads as they are: one plugin, asked for one frame."""

from __future__ import annotations

import struct
from io import BytesIO

from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile

from service.formats.limits import PictureLimits, require_frame
from service.formats.orientation import Stored
from service.formats.picture import Buffer, Samples
from service.formats.pillow_modes import samples_of
from service.formats.resolution import METRES_PER_INCH, Resolution, told_resolution

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
        return with_description(samples_of(image, stored_mode), image)


def with_description(samples: Samples, image: Image.Image) -> Stored:
    """The samples with all that the image, as Pillow has read it, says of them."""
    return Stored(samples, _orientation(image), _profile(image), _resolution(image), _gamma(image))


def raw_mode(image: ImageFile) -> str:
    """How the file stores its samples, in Pillow's words; empty where it does not say."""
    arguments = image.tile[0].args if image.tile else ""
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def _orientation(image: Image.Image) -> int:
    """The number of the EXIF tag; 1, upright, without it or where the EXIF data are broken."""
    try:
        # Of the class, not of the plugin: that of PNG would decode the pixels before it.
        # Once loaded, a TIFF picture has been turned by Pillow, which then drops the tag.
        orientation = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    except _EXIF_FAULTS:
        return 1
    return orientation if isinstance(orientation, int) else 1


def _profile(image: Image.Image) -> bytes | None:
    """The embedded ICC profile."""
    profile = image.info.get("icc_profile")
    return profile or None if isinstance(profile, bytes) else None


def _resolution(image: Image.Image) -> Resolution | None:
    """What Pillow tells in pixels per inch; a text of that name is none."""
    density = image.info.get("dpi")
    if not isinstance(density, tuple):
        return None
    across, down = density
    return told_resolution(across, down, METRES_PER_INCH)


def _gamma(image: Image.Image) -> float | None:
    """The power of light that the levels are in; a text of that name is none."""
    gamma = image.info.get("gamma")
    return gamma or None if isinstance(gamma, float) else None
