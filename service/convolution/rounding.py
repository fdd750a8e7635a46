"""Whether results in float32 can be rounded to the levels of an 8-bit picture."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from service.convolution.arrays import Array, integral
from service.convolution.samples import Precision, Samples

# Below this the quotient of two integers is no nearer to the half between two levels than a
# float32 can tell, unless it is that half.
ROUNDABLE_SUM = 2.0**23
# What float32's rounding moves a result by, in levels, but for one in thousands.
_BLUR = 2.0**-15
# By chance a share of twice the blur lies so near to a half. Of these few go to the other
# level, and of what exceeds them about every second: so far less than one in ten thousand.
_LARGEST_SHARE = 1.5e-4
_SAMPLES_AT_ONCE = 1 << 16


def sufficient_precision(largest: float, kernel: Array, divisor: float) -> Precision:
    """The precision that an 8-bit result needs, for whole samples of up to ``largest``.

    Whole taps are summed exactly, and over a whole divisor rounded as the exact quotient would
    be. With other taps float32 is enough where its rounding (some 1e-7 of the largest
    possible result) moves at most one in ten thousand results to another level, unless the
    picture puts many results just between two: ``undecided`` tells.
    """
    total = largest * float(np.abs(kernel).sum())
    if integral(kernel):
        exact = total < ROUNDABLE_SUM and float(divisor).is_integer()
        return np.float32 if exact else np.float64
    return np.float32 if total <= 2 * 256 * abs(divisor) else np.float64


def undecided(result: Samples, kernels: Iterable[Array]) -> bool:
    """Whether too many results lie so near to the half between two levels that float32 can't tell.

    ``result``: finite, in levels, of any shape; ``kernels``: those that it was computed with,
    in what ``sufficient_precision`` says. True asks for the same in float64. By chance that
    is rare; but mirrored taps of an even number put every edge, and smooth ones every fine
    check pattern, between black and white. Whole taps, whose sums are exact, are always decided.
    """
    if result.dtype == np.float64 or all(map(integral, kernels)):
        return False
    samples = result.reshape(-1)
    near = 0
    for first in range(0, samples.size, _SAMPLES_AT_ONCE):
        some = samples[first : first + _SAMPLES_AT_ONCE]
        distance = np.abs(some - np.rint(some))
        near += int(np.count_nonzero(distance > 0.5 - _BLUR))
    return near > _LARGEST_SHARE * samples.size
