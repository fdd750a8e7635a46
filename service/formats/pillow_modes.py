"""Pillow's picture modes to samples: one entry a mode of the files that it is asked to read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image

from service.formats.color_models import cmyk_to_rgb
from service.formats.levels import widened
from service.formats.picture import Samples

ToSamples = Callable[[Image.Image], Samples]

_COLOR_KEYED = frozenset(("1", "L", "I;16", "RGB"))
# Pillow widens the samples of 2- and 4-bit gray to 8 bits, but not their colour key.
_KEY_SCALES = {"L;2": 85, "L;4": 17}
# The bits of each colour where a pixel has 16 in all: Pillow widens them, rounding down.
_PACKED_COLORS = {"BGR;15": (5, 5, 5), "BGR;16": (5, 6, 5)}


def samples_of(image: Image.Image, raw_mode: str) -> Samples:
    """The loaded image as uint8 or uint16 ``(height, width, channels)``, gray or RGB.

    ``raw_mode`` is how the file stores them, in Pillow's words. A mode that is not in
    ``MODES`` is a ``KeyError``.
    """
    samples = MODES[image.mode](image)
    samples = samples.reshape(image.height, image.width, -1)
    if raw_mode in _PACKED_COLORS:
        samples = _rounded(samples, _PACKED_COLORS[raw_mode])
    key = image.info.get("transparency")
    if key is None or image.mode not in _COLOR_KEYED:
        return samples
    return _with_color_key(samples, np.multiply(key, _KEY_SCALES.get(raw_mode, 1)))


def _rounded(samples: Samples, bits: tuple[int, ...]) -> Samples:
    """Levels that were widened from so many bits, rounding down, as if to the nearest."""
    rounded = np.empty_like(samples)
    for channel, width in enumerate(bits):
        levels = np.arange(2**width)
        table = np.zeros(256, np.uint8)
        table[levels * 255 // levels[-1]] = widened(levels, int(levels[-1]))
        rounded[:, :, channel] = table[samples[:, :, channel]]
    return rounded


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


def _inks(image: Image.Image) -> Samples:
    return cmyk_to_rgb(np.asarray(image), image.info.get("icc_profile"))


MODES: Mapping[str, ToSamples] = {
    "1": _converted_to("L"),
    "L": _as_it_is,
    "LA": _as_it_is,
    "P": _palette,
    "PA": _palette,
    "RGB": _as_it_is,
    "RGBX": _converted_to("RGB"),
    "RGBA": _as_it_is,
    "CMYK": _inks,
    "YCbCr": _converted_to("RGB"),
    "I;16": _as_it_is,
}
