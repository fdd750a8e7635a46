"""Stored rows and columns to those of the upright picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from service.formats.picture import Picture, Samples
from service.formats.resolution import Resolution


@dataclass(frozen=True)
class Stored:
    """What a file holds: samples ``(height, width, channels)`` as stored, and how they turn.

    ``orientation`` is the number of the EXIF and TIFF tags; one that is not of ``ORIENTATIONS``
    means upright. The rest is as in ``Picture``, but the resolution that of what is stored.
    """

    samples: Samples
    orientation: int = 1
    icc_profile: bytes | None = None
    resolution: Resolution | None = None
    gamma: float | None = None

    def upright(self) -> Picture:
        """The picture as it is to be looked at."""
        turn = ORIENTATIONS.get(self.orientation, ORIENTATIONS[1])
        resolution = self.resolution
        if resolution and self.orientation in _ON_THEIR_SIDE:
            resolution = resolution.turned
        samples = np.ascontiguousarray(turn(self.samples))
        return Picture(samples, self.icc_profile, resolution, self.gamma)


# Source: TIFF Revision 6.0, page 36: which sides the first row and the first column are.
ORIENTATIONS: Mapping[int, Callable[[Samples], Samples]] = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: stored[::-1].transpose(1, 0, 2),
    7: lambda stored: stored[::-1, ::-1].transpose(1, 0, 2),
    8: lambda stored: stored[:, ::-1].transpose(1, 0, 2),
}
_ON_THEIR_SIDE = frozenset((5, 6, 7, 8))
