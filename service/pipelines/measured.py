"""A picture as the kernel: a point-spread function as somebody has measured it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from service.errors import FieldFault, ServiceError
from service.formats.decoding import decode_picture
from service.formats.limits import PictureLimits
from service.kernels.custom import CustomKernel
from service.pipelines.channels import select_channels
from service.pipelines.field_types import Channels
from service.pipelines.limits import Limits
from service.pipelines.rows import collected

PART: Final = "kernel_image"
"""The part of a form that holds such a picture."""

_SAMPLES_AT: Final = "/image"


def measured_kernel(parts: Mapping[str, memoryview], limits: Limits) -> CustomKernel | None:
    """The kernel whose taps are the luma of the picture in its part; None without that part.

    Faults of the picture lie at ``/kernel_image``.
    """
    if PART not in parts:
        return None
    side = limits.max_kernel_side
    try:
        picture = decode_picture(parts[PART], PictureLimits(side**2, side))
    except ServiceError as error:
        raise _moved(error) from error
    luma = collected(select_channels(picture, Channels.LUMA)).samples[:, :, 0].astype(np.float64)
    return CustomKernel(name="custom", values=luma)


def _moved(error: ServiceError) -> ServiceError:
    """The same fault, at the kernel's place instead of the picture's."""
    faults = [
        FieldFault(f"/{PART}{fault.pointer.removeprefix(_SAMPLES_AT)}", fault.detail)
        for fault in error.faults
    ]
    return type(error)(error.detail, faults)
