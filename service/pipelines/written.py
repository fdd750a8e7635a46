"""The end of a picture's way: its rows computed, finished, and laid down as they are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from service.convolution.threads import run_parallel
from service.formats.quantise import Scaling, quantise, stretch
from service.pipelines.banks import check_finite, finished
from service.pipelines.filtered import Filtered, Rounded
from service.pipelines.planes import Planes, in_colors
from service.pipelines.rows import Mapped, Rows, Stored, bands, collected

# So many numbers are kept between the look for their extremes and the stretching. More are computed
# twice: they would take several times the memory of the picture.
_MOST_KEPT: Final = 2**23
# What is bound to stay below is finite in float32, too.
_SURELY_FINITE: Final = 1e37

Samples = NDArray[Any]
Convert = Callable[[Samples], Samples]


@dataclass(frozen=True)
class Finish:
    """What becomes of the numbers of a result.

    Magnitudes are taken where ``absolute``, and ``bias`` is added; then ``scaling`` makes levels of
    ``depth`` bits, or leaves numbers, of the type ``floats``. NaN may stay among these where there
    may be ``gaps``.
    """

    absolute: bool
    bias: float
    scaling: Scaling
    depth: Literal[8, 16]
    floats: type[np.float32] | type[np.float64]
    gaps: bool

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of what is written."""
        levels = np.uint8 if self.depth == 8 else np.uint16
        return np.dtype(self.floats if self.scaling is Scaling.NONE else levels)


def write(planes: Planes, finish: Finish, result: Samples) -> None:
    """Compute a picture, a few rows at a time, into the array of its shape and of ``finish.dtype``.

    ``ResultNotFinite`` where a number is too large for its type, or NaN where there is no gap.
    """
    parts = [_colors(planes, finish)]
    if planes.alpha is not None:
        parts.append(_mapped(Stored(planes.alpha), _opacity(planes, finish)))
    run_parallel([partial(_write_band, parts, band, result) for band in bands(parts[0])])


def _write_band(parts: Sequence[Rows], band: slice, result: Samples) -> None:
    """A few rows of it, the channels of each part after those of the one before."""
    channel = 0
    for part in parts:
        rows = part.rows(band.start, band.stop)
        result[band, :, channel : channel + rows.shape[2]] = rows
        channel += rows.shape[2]


def _colors(planes: Planes, finish: Finish) -> Rows:
    """The colours as they are written, with alpha where the two are joint."""
    color, finishing = planes.color, _finishing(planes, finish)
    largest = color.operand.largest + abs(finish.bias)
    if finish.scaling is Scaling.MINMAX:
        numbers: Rows = _mapped(color, finishing)
        if math.prod(numbers.operand.shape) <= _MOST_KEPT:
            numbers = collected(numbers)
        low, high = _extremes(numbers, joint=planes.joint)
        stretching = partial(stretch, low=low, high=high, depth=finish.depth)
        return _mapped(numbers, _written(stretching, largest, planes, finish))
    writing = _written(_conversion(planes, finish), largest, planes, finish)

    def convert(rows: Samples) -> Samples:
        return writing(finishing(rows))

    plain = (finish.scaling, finish.depth, planes.maximum) == (Scaling.CLIP, 8, 255)
    if isinstance(color, Filtered) and plain:
        return Rounded(color, finish.absolute, finish.bias, convert)
    return _mapped(color, convert)


def _mapped(rows: Rows, function: Convert) -> Rows:
    """The rows with a function applied that leaves their shape."""
    return Mapped(rows, function, replace(rows.operand, largest=math.inf, whole=False))


def _finishing(planes: Planes, finish: Finish) -> Convert:
    """Magnitudes and bias, in place."""
    change = partial(finished, absolute=finish.absolute, bias=finish.bias)
    return in_colors(change, joint=planes.joint)


def _written(convert: Convert, largest: float, planes: Planes, finish: Finish) -> Convert:
    """A conversion of colours as one of rows, after a look whether they are finite.

    ``largest`` is a bound of them, which may spare the look; in the rows, alpha may be joint.
    """
    if not largest < _SURELY_FINITE:
        convert = _checked(convert, finish)
    return partial(_apart, convert, _opacity(planes, finish)) if planes.joint else convert


def _conversion(planes: Planes, finish: Finish) -> Convert:
    """From numbers to what is written, but for stretching."""
    if finish.scaling is Scaling.NONE:
        return partial(_as_floats, dtype=finish.floats)
    return partial(
        quantise, scaling=Scaling.CLIP, source_maximum=planes.maximum, depth=finish.depth
    )


def _opacity(planes: Planes, finish: Finish) -> Convert:
    """From an alpha, whatever its type, to what is written."""
    clipping = replace(finish, scaling=Scaling.CLIP if finish.dtype.kind == "u" else Scaling.NONE)
    convert = _checked(_conversion(planes, clipping), finish)

    def opacity(alpha: Samples) -> Samples:
        fits = alpha.dtype == finish.dtype and finish.dtype.kind == "u"
        return alpha if fits else convert(alpha.astype(np.float64))

    return opacity


def _checked(convert: Convert, finish: Finish) -> Convert:
    """The conversion between two looks for what is not finite."""

    def checked(rows: Samples) -> Samples:
        gaps = finish.gaps and finish.scaling is Scaling.NONE
        check_finite(rows, gaps=gaps)
        converted = convert(rows)
        if converted.dtype.kind == "f":
            check_finite(converted, gaps=gaps)
        return converted

    return checked


def _as_floats(rows: Samples, dtype: type[np.float32] | type[np.float64]) -> Samples:
    with np.errstate(over="ignore"):
        return rows.astype(dtype, copy=False)


def _apart(of_colors: Convert, of_alpha: Convert, rows: Samples) -> Samples:
    """Colours and alpha, the last channel, each converted in its own way."""
    return np.concatenate([of_colors(rows[:, :, :-1]), of_alpha(rows[:, :, -1:])], axis=2)


def _extremes(numbers: Rows, *, joint: bool) -> tuple[float, float]:
    """The smallest and the largest number among the colours."""

    def extremes(band: slice) -> tuple[float, float]:
        rows = numbers.rows(band.start, band.stop)
        colors = rows[:, :, :-1] if joint else rows
        return float(colors.min()), float(colors.max())

    lows, highs = zip(
        *run_parallel([partial(extremes, band) for band in bands(numbers)]), strict=True
    )
    return min(lows), max(highs)
