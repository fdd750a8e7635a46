"""What a job takes on at most; plain numbers, so that they can be sent to a worker."""

from __future__ import annotations

from dataclasses import dataclass

from service.formats.limits import PictureLimits
from service.kernels.kernel import KernelLimits


@dataclass(frozen=True)
class Limits:
    """The limits of one job; the settings of the same names say what each means."""

    max_picture_pixels: int
    max_picture_side: int
    max_signal_samples: int
    max_kernel_taps: int
    max_kernel_side: int
    max_multiply_adds: float

    @property
    def picture(self) -> PictureLimits:
        """Those of a picture."""
        return PictureLimits(max_pixels=self.max_picture_pixels, max_side=self.max_picture_side)

    @property
    def kernel(self) -> KernelLimits:
        """Those of a kernel."""
        return KernelLimits(max_taps=self.max_kernel_taps, max_side=self.max_kernel_side)
