"""The frames of an animation, one laid over the other as a viewer shows them.

Each frame is a picture of a part of the canvas. Source: APNG (Portable Network Graphics, W3C,
third edition, section 11.3.6), whose words for disposal and blending are wider than GIF's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from service.formats.limits import PictureLimits, require_frame
from service.formats.orientation import Stored
from service.formats.picture import Samples


class Disposal(Enum):
    """What becomes of a frame before the next one is laid down."""

    NONE = 0
    CLEAR = 1
    RESTORE = 2


@dataclass(frozen=True)
class Frame:
    """A still file of a frame alone, and how it is laid down.

    ``over``: where it is transparent, what lies below is seen; else it replaces it, alpha and
    all.
    """

    file: bytes
    left: int
    top: int
    width: int
    height: int
    over: bool
    disposal: Disposal


def compose(
    frames: Iterable[Frame],
    wanted: int,
    size: tuple[int, int],
    decode: Callable[[bytes], Stored],
    limits: PictureLimits,
) -> Stored:
    """The canvas of ``size``, width and height, once the frame ``wanted`` is laid down.

    The canvas is transparent to begin with, and parts of frames beyond it are cut off.
    The result has no alpha where it is opaque all over, and is gray where all frames so far
    are. ``InvalidRequest`` at ``/frame`` where there are not as many.
    """
    limits.require(*size)
    canvas: Samples | None = None
    gray, count = True, 0
    for frame in frames:
        count += 1
        stored = decode(frame.file)
        if canvas is None:
            canvas = np.zeros((size[1], size[0], 4), stored.samples.dtype)
        gray = gray and stored.samples.shape[2] < 3
        rows = slice(frame.top, frame.top + frame.height)
        columns = slice(frame.left, frame.left + frame.width)
        region = canvas[rows, columns]
        before = region.copy() if frame.disposal is Disposal.RESTORE else None
        _lay(region, _with_four_channels(stored.samples), frame.over)
        if count > wanted:
            return replace(stored, samples=_reduced(canvas, gray))
        if before is not None:
            region[...] = before
        elif frame.disposal is Disposal.CLEAR:
            region[...] = 0
    require_frame(wanted, count)
    raise AssertionError("a frame that is there was not found")


def _with_four_channels(samples: Samples) -> Samples:
    channels = samples.shape[2]
    if channels == 4:
        return samples
    if channels == 2:
        return samples[:, :, [0, 0, 0, 1]]
    color = np.broadcast_to(samples, (*samples.shape[:2], 3))
    opaque = np.full((*samples.shape[:2], 1), np.iinfo(samples.dtype).max, samples.dtype)
    return np.concatenate((color, opaque), axis=2)


def _lay(region: Samples, samples: Samples, over: bool) -> None:
    """The frame's samples on the region, which may be cut off at the right and below."""
    upper = samples[: region.shape[0], : region.shape[1]]
    if not over:
        region[...] = upper
        return
    white = np.iinfo(region.dtype).max
    alpha = upper[:, :, 3]
    opaque = alpha == white
    region[opaque] = upper[opaque]
    partial = (alpha > 0) & ~opaque
    region[partial] = _blended(region[partial], upper[partial], white)


def _blended(below: Samples, above: Samples, white: int) -> Samples:
    """Straight RGBA ``(n, 4)`` over another, rounded half to even.

    Source: Portable Network Graphics, section 13.16; T. Porter and T. Duff, "Compositing
    Digital Images" (1984), operator *over*.
    """
    lower, upper = below.astype(np.float64), above.astype(np.float64)
    cover = upper[:, 3:] / white
    seen = lower[:, 3:] * (1 - cover)
    alpha = upper[:, 3:] + seen
    color = (upper[:, :3] * upper[:, 3:] + lower[:, :3] * seen) / alpha
    return np.rint(np.concatenate((color, alpha), axis=1)).astype(below.dtype)


def _reduced(canvas: Samples, gray: bool) -> Samples:
    opaque = bool((canvas[:, :, 3] == np.iinfo(canvas.dtype).max).all())
    color = [0] if gray else [0, 1, 2]
    return canvas[:, :, color if opaque else [*color, 3]]
