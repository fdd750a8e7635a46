"""How large a picture may be, and which of its frames there are: judged before decoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from service.errors import InvalidRequest, LimitExceeded, UndecodablePicture

IMAGE: Final = "/image"
FRAME: Final = "/frame"

MAX_FRAMES: Final = 10_000
"""No frame beyond these is sought: to show one, those before it have to be walked."""


@dataclass(frozen=True)
class PictureLimits:
    """How large a picture may be, judged from its header: pixels, and the longer side."""

    max_pixels: int
    max_side: int

    def require(self, width: int, height: int) -> None:
        """``LimitExceeded`` at ``/image`` over them, ``UndecodablePicture`` without pixels."""
        if width < 1 or height < 1:
            raise UndecodablePicture.at(IMAGE, "the picture has no pixels")
        measured = f"the picture is {width} x {height} pixels"
        if max(width, height) > self.max_side:
            raise LimitExceeded.at(IMAGE, f"{measured}; a side may be {self.max_side} at most")
        if width * height > self.max_pixels:
            raise LimitExceeded.at(
                IMAGE, f"{measured}, {width * height} in all; {self.max_pixels} are allowed"
            )


def require_frame(frame: int, count: int) -> None:
    """``InvalidRequest`` at ``/frame`` for a frame that a picture of ``count`` frames lacks."""
    if frame >= count:
        frames = "one frame" if count == 1 else f"{count} frames"
        raise InvalidRequest.at(
            FRAME, f"the picture has {frames}, counted from 0: there is no frame {frame}"
        )


def require_sought(frame: int) -> None:
    """``InvalidRequest`` at ``/frame`` below 0, ``LimitExceeded`` from ``MAX_FRAMES`` on."""
    if frame < 0:
        raise InvalidRequest.at(FRAME, "frames are counted from 0")
    if frame >= MAX_FRAMES:
        raise LimitExceeded.at(FRAME, f"frames are sought up to number {MAX_FRAMES - 1}")
