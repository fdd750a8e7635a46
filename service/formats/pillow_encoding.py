"""JPEG and WebP, written by Pillow."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from service.formats.picture import Picture

# Of one profile: 255 segments of 65,519 bytes (ICC.1:2022, annex B.4). Pillow writes longer ones
# with numbers that have wrapped around.
_LONGEST_JPEG_PROFILE = 255 * 65_519


def encode_jpeg(picture: Picture) -> bytes:
    """The uint8 picture, gray or RGB, as JPEG of quality 90 with full-resolution colour.

    Without a profile that is longer than JPEG can hold.
    """
    profile = picture.fitting_profile
    if profile and len(profile) > _LONGEST_JPEG_PROFILE:
        profile = None
    return _saved(picture, "JPEG", icc_profile=profile, quality=90, subsampling="4:4:4")


def encode_webp(picture: Picture) -> bytes:
    """The uint8 picture as lossless WebP, exact also where alpha is 0; gray becomes RGB.

    Of Pillow's efforts (``method``, 0 to 6) the lowest but one: beyond it the files hardly
    shrink.
    """
    # The profile of a gray picture does not speak of the RGB that it is stored as.
    profile = picture.fitting_profile if picture.channels > 2 else None
    return _saved(picture, "WEBP", icc_profile=profile, lossless=True, exact=True, method=1)


def _saved(picture: Picture, pillow_format: str, **options: object) -> bytes:
    samples = picture.samples
    image = Image.fromarray(np.squeeze(samples, axis=2) if picture.channels == 1 else samples)
    file = BytesIO()
    image.save(file, pillow_format, **options)
    return file.getvalue()
