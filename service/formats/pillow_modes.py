"""Pillow's picture modes to samples: one entry a mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from service.formats.picture import Samples

ToSamples = Callable[[Image.Image], Samples]

_TIFF_BITS, _TIFF_PHOTOMETRIC, _TIFF_SAMPLE_FORMAT = 258, 262, 339
_COLOR_KEYED = frozenset(("1", "L", "I;16", "RGB"))
# Pillow widens the samples of 2- and 4-bit gray to 8 bits, but not their colour key.
_KEY_SCALES = {"L;2": 85, "L;4": 17}


def samples_of(image: Image.Image, raw_mode: str) -> Samples:
    """The loaded image as uint8, uint16, int32 or float32 ``(height, width, channels)``.

    ``raw_mode`` is how the file stores them, in Pillow's words. A mode that is not in
    ``MODES`` is a ``KeyError``, unsigned 32-bit samples of 2**31 and more a ``ValueError``.
    """
    samples = MODES[image.mode](image)
    samples = samples.reshape(image.height, image.width, -1)
    key = image.info.get("transparency")
    if key is None or image.mode not in _COLOR_KEYED:
        return samples
    return _with_color_key(samples, np.multiply(key, _KEY_SCALES.get(raw_mode, 1)))


def _with_color_key(samples: Samples, key: Samples) -> Samples:
    """Alpha added: none where a pixel is of the colour ``key``, full elsewhere."""
    opaque = np.any(samples != key, axis=2, keepdims=True)
    alpha = opaque * samples.dtype.type(np.iinfo(samples.dtype).max)
    return np.concatenate((samples, alpha), axis=2)


def _as_it_is(image: Image.Image) -> Samples:
    return np.asarray(image)


def _converted_to(mode: str) -> ToSamples:
    return lambda image: np.asarray(image.convert(mode))


def _palette(image: Image.Image) -> Samples:
    has_alpha = image.mode == "PA" or "transparency" in image.info
    samples = np.asarray(image.convert("RGBA" if has_alpha else "RGB"))
    palette = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    if (palette == palette[:, :1]).all():
        return samples[:, :, [0, 3]] if has_alpha else samples[:, :, :1]
    return samples


def _lab(image: Image.Image) -> Samples:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    return np.asarray(converted)


def _unsigned(image: Image.Image) -> Samples:
    samples = np.asarray(image).astype(np.uint16, copy=False)
    # Pillow inverts the samples of a white-is-zero TIFF up to 8 bits, but not these.
    return 65535 - samples if _tiff_tags(image).get(_TIFF_PHOTOMETRIC) == 0 else samples


def _integers(image: Image.Image) -> Samples:
    samples = np.asarray(image)
    tags = _tiff_tags(image)
    sixteen_bits = image.format == "PPM" or tags.get(_TIFF_BITS) == (16,)
    if sixteen_bits and samples.min() >= 0 and samples.max() <= 65535:
        return samples.astype(np.uint16)
    unsigned = tags.get(_TIFF_SAMPLE_FORMAT, (1,)) == (1,)
    if image.format == "TIFF" and unsigned and samples.min() < 0:
        raise ValueError("unsigned 32-bit samples over what int32 holds")
    return samples


def _tiff_tags(image: Image.Image) -> Mapping[int, Any]:
    return getattr(image, "tag_v2", {})


MODES: Mapping[str, ToSamples] = {
    "1": _converted_to("L"),
    "L": _as_it_is,
    "LA": _as_it_is,
    "La": _converted_to("LA"),
    "P": _palette,
    "PA": _palette,
    "RGB": _as_it_is,
    "RGBX": _converted_to("RGB"),
    "RGBA": _as_it_is,
    "RGBa": _converted_to("RGBA"),
    "CMYK": _converted_to("RGB"),
    "YCbCr": _converted_to("RGB"),
    "HSV": _converted_to("RGB"),
    "LAB": _lab,
    "I;16": _unsigned,
    "I;16B": _unsigned,
    "I;16L": _unsigned,
    "I;16N": _unsigned,
    "I": _integers,
    "F": _as_it_is,
}
