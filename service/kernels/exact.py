"""Numbers as people mean them: 0.1 as one over ten, so that sums of integers stay exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from service.convolution.arrays import Array

# Halves, thirds and sixteenths as well as percent, then decimals of up to nine places.
_DENOMINATORS = np.array((*range(2, 101), *(10**places for places in range(3, 10))), np.float64)
_LARGEST_INTEGER = 2.0**31
# So many taps show that the others can't be integers over a denominator either.
_SAMPLE = 64
_LARGEST_RATIO = 10**6


def integers_over(values: Array) -> tuple[Array, float]:
    """``values`` as (integers, denominator), each quotient equal to its value to the last bit.

    The integers are float64s of the same shape, at most 2**31 in magnitude. Values that are
    whole already, or no short decimals or fractions, come back as they are, over 1. Finite
    values of any magnitude.
    """
    if np.array_equal(values, np.rint(values)):
        return values, 1.0
    # From the whole, at even distances: what fails at a few taps is not tried at a million.
    sample = values.ravel()[:: max(1, values.size // _SAMPLE)]
    for denominator in _whole_over(_DENOMINATORS, sample):
        if _whole_over(np.array([denominator]), values.ravel()):
            integers = np.rint(values * denominator)
            common = int(np.gcd.reduce(integers.astype(np.int64).ravel(), initial=int(denominator)))
            return integers / common, denominator / common
    return values, 1.0


def as_ratio(number: float) -> tuple[float, float]:
    """A number as (numerator, denominator), both whole where it is a short decimal or fraction.

    The quotient equals the number to the last bit; any other number comes back over 1.
    """
    ratio = Fraction(number).limit_denominator(_LARGEST_RATIO)
    if ratio.numerator / ratio.denominator == number:
        return float(ratio.numerator), float(ratio.denominator)
    return number, 1.0


def _whole_over(denominators: Array, values: Array) -> list[float]:
    """Those of the denominators over which each of the values, (n,), is an integer."""
    with np.errstate(over="ignore"):
        integers = np.rint(np.multiply.outer(denominators, values))
    small = np.abs(integers) <= _LARGEST_INTEGER
    exact = integers / denominators[:, np.newaxis] == values
    fitting: list[float] = denominators[(small & exact).all(axis=1)].tolist()
    return fitting
