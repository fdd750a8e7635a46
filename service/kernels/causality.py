"""Filters that look back in time, laid out so that the mode ``same`` doesn't shift the signal."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import scipy.signal
from pydantic import Field

from service.convolution.arrays import Array
from service.kernels.specification import MAX_SIZE

# A response of this many samples makes the longest kernel.
LONGEST_RESPONSE = MAX_SIZE // 2

Phase = Annotated[
    Literal["causal", "zero"],
    Field(
        description="causal: from the present and past samples, with delay; zero: forwards and "
        "then backwards, without delay, with the square of the gain."
    ),
]
Tolerance = Annotated[
    float,
    Field(
        ge=1e-16,
        le=0.5,
        description="What the response has decayed to where it is cut off, if length is null.",
    ),
]
Length = Annotated[
    Annotated[int, Field(ge=1, le=LONGEST_RESPONSE)] | None,
    Field(description="Samples of the response; null: until it has decayed to the tolerance."),
]


def two_sided_size(length: int) -> int:
    """Taps of the kernel that ``two_sided`` makes of a response of ``length`` samples."""
    return 2 * length - 1


def two_sided(response: Array, phase: Phase) -> Array:
    """The kernel, centred on the present, of a causal response h[0], h[1], ...

    Float64 of shape (2 * len(response) - 1,). ``causal`` puts zeros in place of the future;
    ``zero`` is the response correlated with itself, as scipy.signal.filtfilt applies it.
    """
    if phase == "zero":
        return np.asarray(scipy.signal.correlate(response, response))
    return np.concatenate((np.zeros(len(response) - 1), response))


def decayed_length(ratio: float, tolerance: float) -> int:
    """Samples after which ``ratio`` to their power is at most ``tolerance``; at least one."""
    if ratio <= 0:
        return 1
    decay = -np.log(ratio)
    if decay * LONGEST_RESPONSE <= -np.log(tolerance):
        return LONGEST_RESPONSE + 1
    return int(np.ceil(-np.log(tolerance) / decay))
