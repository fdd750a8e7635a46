"""How kernels lie: on a picture's axes, turned, mirrored, and centred in a larger frame.

Angles are degrees anticlockwise as seen on the picture, whose rows go downwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from service.convolution.arrays import Array
from service.errors import InvalidRequest
from service.kernels.exact import integers_over

Axes = Literal["both", "rows", "columns"]
Flip = Literal["horizontal", "vertical", "both"]

# The eight taps round the middle of a 3x3 kernel, clockwise from the top left.
_RING = ((0, 0, 0, 1, 2, 2, 2, 1), (0, 1, 2, 2, 2, 1, 0, 0))


def ring_kernel(ring: Sequence[float], centre: float) -> Array:
    """The 3x3 kernel of eight taps, clockwise from the top left, round one in the middle."""
    kernel = np.full((3, 3), centre)
    kernel[_RING] = ring
    return kernel


def laid(values: Array, dimensions: int, axes: Axes) -> Array:
    """A 1-D kernel on ``dimensions``: its outer product, a row or a column; others as they are."""
    if values.ndim == dimensions:
        return values
    if axes == "both":
        integers, denominator = integers_over(values)
        return np.outer(integers, integers) / denominator**2
    return values[np.newaxis, :] if axes == "rows" else values[:, np.newaxis]


def laid_shape(
    shape: tuple[int, ...], dimensions: int, axes: Axes, pointer: str
) -> tuple[int, ...]:
    """The shape of what ``laid`` gives; ``InvalidRequest`` where the kernel doesn't fit."""
    if len(shape) > dimensions:
        raise InvalidRequest.at(pointer, "a kernel of two dimensions needs a picture or a matrix")
    if axes == "both":
        return shape if len(shape) == dimensions else shape * 2
    if len(shape) == 2:
        detail = "must be both: rows and columns are for kernels of one dimension"
        raise InvalidRequest.at(f"{pointer}/axes", detail)
    if dimensions == 1:
        detail = "must be both: a signal of one dimension has no rows and columns"
        raise InvalidRequest.at(f"{pointer}/axes", detail)
    return (1, shape[0]) if axes == "rows" else (shape[0], 1)


def oriented(values: Array, rotate: int, flip: Flip | None) -> Array:
    """A kernel turned by ``rotate`` degrees, then mirrored; 1-D ones as a row is."""
    sheet = np.atleast_2d(values)
    if rotate % 90:
        # A turn anticlockwise brings each tap of the ring to its predecessor's place.
        sheet = ring_kernel(np.roll(sheet[_RING], -(rotate // 45)).tolist(), sheet[1, 1])
    else:
        sheet = np.rot90(sheet, rotate // 90)
    if flip in ("horizontal", "both"):
        sheet = sheet[:, ::-1]
    if flip in ("vertical", "both"):
        sheet = sheet[::-1]
    return sheet if values.ndim == 2 else sheet[0]


def oriented_shape(
    shape: tuple[int, ...], rotate: int, flip: Flip | None, pointer: str
) -> tuple[int, ...]:
    """The shape of what ``oriented`` gives; ``InvalidRequest`` where it can't be turned so."""
    if len(shape) == 1 and rotate % 180:
        detail = "must be a multiple of 180 for a signal, which has one direction"
        raise InvalidRequest.at(f"{pointer}/rotate", detail)
    if len(shape) == 1 and flip not in (None, "horizontal"):
        detail = "must be horizontal for a signal, which has no top and bottom"
        raise InvalidRequest.at(f"{pointer}/flip", detail)
    if rotate % 90 and shape != (3, 3):
        detail = "must be a multiple of 90; only kernels of 3x3 taps turn by 45 degrees"
        raise InvalidRequest.at(f"{pointer}/rotate", detail)
    return shape[::-1] if rotate % 180 else shape


def centred(values: Array, shape: tuple[int, ...]) -> Array:
    """A kernel in zeros of a larger ``shape``, its origin on the frame's.

    The origin of k taps is tap (k - 1) // 2 of each axis, where scipy.signal's mode ``same``
    has it.
    """
    frame = np.zeros(shape)
    places = zip(shape, values.shape, strict=True)
    starts = [(outer - 1) // 2 - (inner - 1) // 2 for outer, inner in places]
    ends = zip(starts, values.shape, strict=True)
    frame[tuple(slice(start, start + inner) for start, inner in ends)] = values
    return frame
