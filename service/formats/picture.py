"""What every picture is between its decoding and its encoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.formats.resolution import Resolution

Buffer = bytes | bytearray | memoryview
Samples = NDArray[Any]

SAMPLE_TYPES = frozenset(map(np.dtype, (np.uint8, np.uint16, np.int32, np.float32, np.float64)))
_PROFILE_SPACES = {1: b"GRAY", 2: b"GRAY", 3: b"RGB ", 4: b"RGB "}


@dataclass(frozen=True)
class Picture:
    """Samples, upright, with the ICC profile that says what their colours mean.

    ``samples`` is C-contiguous, ``(height, width, channels)``, of uint8, uint16, int32,
    float32 or float64. The count of channels is the colour model: 1 gray, 2 gray and alpha, 3 RGB,
    4 RGB and alpha. Alpha is straight: colours are not multiplied by it. Anything else is a
    ``ValueError``.

    ``resolution`` is how large the picture is to be printed, ``gamma`` the power of light that
    the levels are in (0.45455 of most): carried to the formats that can tell them.
    """

    samples: Samples
    icc_profile: bytes | None = None
    resolution: Resolution | None = None
    gamma: float | None = None

    def __post_init__(self) -> None:
        shape = self.samples.shape
        if len(shape) != 3 or not 1 <= shape[2] <= 4 or 0 in shape:
            raise ValueError("samples are (height, width, channels) with 1 to 4 channels")
        if self.samples.dtype not in SAMPLE_TYPES:
            raise ValueError("samples are uint8, uint16, int32, float32 or float64")
        if not self.samples.flags.c_contiguous:
            raise ValueError("samples are C-contiguous")

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.samples.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.samples.shape[1])

    @property
    def channels(self) -> int:
        """Samples a pixel, alpha included."""
        return int(self.samples.shape[2])

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel is alpha."""
        return self.channels in (2, 4)

    @property
    def color(self) -> Samples:
        """A view of the channels without alpha: ``(height, width, 1 or 3)``."""
        return self.samples[:, :, : self.channels - self.has_alpha]

    @property
    def alpha(self) -> Samples | None:
        """A view of the alpha channel, ``(height, width, 1)``; None without one."""
        return self.samples[:, :, -1:] if self.has_alpha else None

    @property
    def maximum(self) -> float:
        """What counts as white: 65535 for uint16, 255 for uint8.

        The other types have no range of their own, and are taken to be on the 8-bit scale: 255
        as well.
        """
        return 65535.0 if self.samples.dtype == np.uint16 else 255.0

    @property
    def fitting_profile(self) -> bytes | None:
        """The ICC profile if it is of the picture's colour model, else None.

        The rule for profiles: one that still speaks of the samples is carried, byte for byte,
        to every format that can hold it. One of another model has nothing to say of them: that
        of CMYK or Lab once decoded to RGB (of 8-bit CMYK it has been applied, and what came of
        it is sRGB), that of RGB once only the luma or one channel is left, that of gray once
        stored as RGB. The model stands in bytes 16 to 19 (ICC.1:2022, section 7.2).
        """
        profile = self.icc_profile
        return profile if profile and profile[16:20] == _PROFILE_SPACES[self.channels] else None
