"""TIFF pictures: gray, RGB, inks and Lab of any width of sample; what else there is, by Pillow.

Source: TIFF Revision 6.0 (Adobe, 1992); for Lab of 16 bits, Adobe PageMaker 6.0 TIFF
Technical Notes (1995), and ICC.1:2022, section 6.3.4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice

import numpy as np
from PIL.TiffImagePlugin import TiffImageFile

from service.formats.alpha import straightened
from service.formats.color_models import cmyk_to_rgb, lab_to_rgb
from service.formats.levels import by_rows, widened
from service.formats.limits import PictureLimits, require_frame
from service.formats.orientation import Stored
from service.formats.picture import Buffer, Samples
from service.formats.pillow_decoding import decode_with_pillow
from service.formats.tiff_layout import (
    BLACK_IS_ZERO,
    CIELAB,
    FLOAT,
    ICCLAB,
    RGB,
    SEPARATED,
    SIGNED,
    UNDEFINED,
    UNSIGNED,
    WHITE_IS_ZERO,
    Directory,
    directory_offsets,
    read_directory,
    with_first_directory,
)
from service.formats.tiff_segments import BYTE_CODECS, read_samples

_PREMULTIPLIED, _STRAIGHT = 1, 2  # what an extra sample may be, besides unrelated
_MOST_CHANNELS = 16

# What is exact: by the kind of number and its bits, the type of the picture's samples.
_WHOLE_TYPES = {
    (UNSIGNED, 32): np.float64,
    (SIGNED, 8): np.int32,
    (SIGNED, 16): np.int32,
    (SIGNED, 32): np.int32,
    (FLOAT, 16): np.float32,
    (FLOAT, 32): np.float32,
    (FLOAT, 64): np.float64,
}


def decode_tiff(data: Buffer, frame: int, limits: PictureLimits) -> Stored:
    """The page ``frame`` of a TIFF file, its alpha straight and its colours gray or RGB.

    Unsigned samples of up to 8 bits become uint8 and of up to 16 uint16, widened to the whole
    range; wider ones, and float64, become float64; signed ones int32; others float32. An extra
    channel is alpha where it says so, or where it is one and says nothing; others are left out.
    Palettes, YCbCr, and the codecs of fax and JPEG, are read by Pillow. ``ValueError`` and
    what Pillow raises for what is broken, or of a kind that has no meaning here.
    """
    offsets = list(islice(directory_offsets(data), frame + 1))
    if not offsets:
        raise ValueError("the file has no picture")
    require_frame(frame, len(offsets))
    directory = read_directory(data, offsets[frame])
    limits.require(directory.width, directory.height)
    if not _is_plain(directory):
        single = data if frame == 0 else with_first_directory(data, offsets[frame])
        return decode_with_pillow(TiffImageFile, single, 0, limits)
    samples = _meaning(_numbers(read_samples(data, directory), directory), directory)
    return Stored(samples, directory.orientation, directory.icc_profile, directory.resolution)


def _is_plain(directory: Directory) -> bool:
    return (
        directory.compression in BYTE_CODECS
        and directory.photometric in _COLOR_CHANNELS
        and 1 <= directory.bits <= 64
        and directory.channels <= _MOST_CHANNELS
    )


def _numbers(stored: Samples, directory: Directory) -> Samples:
    """The samples in the type that they have from here on."""
    kind, bits = directory.sample_format, directory.bits
    kind = UNSIGNED if kind == UNDEFINED else kind
    if directory.photometric in (CIELAB, ICCLAB):
        return stored
    if kind == UNSIGNED and bits <= 16:
        return widened(stored, 2**bits - 1)
    return stored.astype(_WHOLE_TYPES[kind, bits])


def _meaning(samples: Samples, directory: Directory) -> Samples:
    """The samples as gray or RGB, with straight alpha where they have any."""
    count = _COLOR_CHANNELS[directory.photometric]
    if samples.shape[2] < count:
        raise ValueError("fewer channels than the colours need")
    channel, kind = _alpha_channel(directory, count)
    if kind is None:
        return _COLORS[directory.photometric](samples[:, :, :count], directory)
    chosen = samples[:, :, [*range(count), channel]]
    if kind == _PREMULTIPLIED:
        chosen = straightened(chosen, _white(directory))
    color = _COLORS[directory.photometric](chosen[:, :, :count], directory)
    return np.concatenate((color, chosen[:, :, count:]), axis=2)


def _alpha_channel(directory: Directory, count: int) -> tuple[int, int | None]:
    """Which channel is alpha, and what kind of; the kind None where there is none."""
    kinds = directory.extra_samples
    if not kinds and directory.channels == count + 1:
        kinds = (_STRAIGHT,)
    for channel, kind in enumerate(kinds[: directory.channels - count], start=count):
        if kind in (_PREMULTIPLIED, _STRAIGHT):
            return channel, kind
    return count, None


def _white(directory: Directory) -> float:
    """What counts as white and as opaque, of samples whose range says so."""
    if directory.sample_format == FLOAT:
        return 1.0
    if directory.sample_format == SIGNED:
        raise ValueError("signed samples have no white")
    return next(2.0**bits - 1 for bits in (8, 16, 32) if directory.bits <= bits)


def _as_they_are(samples: Samples, _: Directory) -> Samples:
    return samples


def _inverted(samples: Samples, directory: Directory) -> Samples:
    return np.subtract(_white(directory), samples).astype(samples.dtype)


def _inks(samples: Samples, directory: Directory) -> Samples:
    if directory.number(332, 1) != 1 or samples.dtype.kind != "u":
        raise ValueError("other inks than cyan, magenta, yellow and black, or no amounts of them")
    return cmyk_to_rgb(samples, directory.icc_profile)


def _lab(samples: Samples, directory: Directory) -> Samples:
    if directory.bits not in (8, 16) or samples.dtype.kind == "f":
        raise ValueError("Lab is read of 8 and 16 bits")
    unsigned = samples.view(f"u{samples.itemsize}")
    white = float(np.iinfo(unsigned.dtype).max)
    step = 256.0 ** (unsigned.itemsize - 1)  # of a and b, to the whole number
    signed = directory.photometric == CIELAB

    def block(rows: Samples) -> Samples:
        lightness = rows[:, :, :1] * (100 / (white if signed or step == 1 else 255 * step))
        hues = rows[:, :, 1:]
        offsets = hues.view(f"i{hues.itemsize}") / step if signed else hues / step - 128
        levels = lab_to_rgb(np.concatenate((lightness, offsets), axis=2), white)
        return np.rint(levels).astype(rows.dtype)

    return by_rows(block, unsigned)


_COLOR_CHANNELS: Mapping[int, int] = {
    WHITE_IS_ZERO: 1,
    BLACK_IS_ZERO: 1,
    RGB: 3,
    SEPARATED: 4,
    CIELAB: 3,
    ICCLAB: 3,
}
_COLORS: Mapping[int, Callable[[Samples, Directory], Samples]] = {
    WHITE_IS_ZERO: _inverted,
    BLACK_IS_ZERO: _as_they_are,
    RGB: _as_they_are,
    SEPARATED: _inks,
    CIELAB: _lab,
    ICCLAB: _lab,
}
