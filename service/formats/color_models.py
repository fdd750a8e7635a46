"""Inks and Lab colours as RGB.

Where a file of inks has a profile that says what they look like, it is asked; else, and for
Lab, formulas do, so that 16 bits stay 16 bits.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from service.formats.levels import by_rows
from service.formats.picture import Samples
from service.formats.transfer import from_linear

# The white point D50, and the way from light under it to sRGB's primaries, by Bradford's
# adaptation to D65. Source: Bruce Lindbloom, "RGB/XYZ Matrices" and "Chromatic Adaptation".
_D50 = (0.96422, 1.0, 0.82521)
_XYZ_TO_SRGB = (
    (3.1338561, -1.6168667, -0.4906146),
    (-0.9787684, 1.9161415, 0.0334540),
    (0.0719453, -0.2289914, 1.4052427),
)
_LAB_KNEE = 6 / 29


def cmyk_to_rgb(inks: Samples, icc_profile: bytes | None) -> Samples:
    """Amounts of ink, uint8 or uint16 ``(height, width, 4)``, as RGB of the same type.

    uint8 with a profile of CMYK that LittleCMS takes: sRGB, relative to the paper's white
    (colorimetric, black point compensated). Else what is left of the light by the formula
    ``(1 - ink) * (1 - black)``, rounded half to even.
    """
    if inks.dtype == np.uint8 and icc_profile and icc_profile[16:20] == b"CMYK":
        printed = _as_printed(inks, icc_profile)
        if printed is not None:
            return printed
    white = int(np.iinfo(inks.dtype).max)

    def block(rows: Samples) -> Samples:
        left = white - rows.astype(np.float64)
        return np.rint(left[:, :, :3] * left[:, :, 3:] / white).astype(rows.dtype)

    return by_rows(block, inks)


def _as_printed(inks: Samples, icc_profile: bytes) -> Samples | None:
    """By the profile; None where it is broken, and so says nothing."""
    try:
        converted = ImageCms.profileToProfile(
            Image.fromarray(np.ascontiguousarray(inks), "CMYK"),
            ImageCms.ImageCmsProfile(BytesIO(icc_profile)),
            ImageCms.createProfile("sRGB"),
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            "RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError):
        return None
    return np.asarray(converted)


def lab_to_rgb(lab: Samples, white: float) -> Samples:
    """CIE L*a*b* of D50, float64 ``(height, width, 3)``, as sRGB of 0 to ``white``, unrounded.

    Colours beyond sRGB are brought to its nearest face, channel by channel. Source: CIE
    15:2018, section 8.2.1.
    """
    y = (lab[:, :, 0] + 16) / 116
    x, z = y + lab[:, :, 1] / 500, y - lab[:, :, 2] / 200
    roots = np.stack((x, y, z), axis=2)
    ratios = np.where(roots > _LAB_KNEE, roots**3, 3 * _LAB_KNEE**2 * (roots - 4 / 29))
    light = (ratios * _D50) @ np.array(_XYZ_TO_SRGB).T
    return from_linear(np.clip(light, 0, 1), 1) * white
