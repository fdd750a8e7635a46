"""Decimals and fractions as integers over a divisor: never another number, often an exact one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from service.kernels.exact import as_ratio, integers_over
from service.kernels.kernel import Normalize, normalized
from service.kernels.parsing import parse_kernel

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("values", "integers", "denominator"),
    [
        ([0.1, 0.2, -0.7], [1, 2, -7], 10),
        ([0.25, -0.5, 1], [1, -2, 4], 4),
        ([-1.5, 3], [-3, 6], 2),
        ([1 / 3, 2, -4 / 3], [1, 6, -4], 3),
        ([1 / 13, 5 / 13], [1, 5], 13),
        ([0.123456789, -2], [123456789, -2000000000], 10**9),
        ([[0.001, 0], [0, 0.999]], [[1, 0], [0, 999]], 1000),
    ],
)
def test_short_decimals_and_fractions_are_integers_over_one_denominator(
    values: list[float], integers: list[int], denominator: float
) -> None:
    found, over = integers_over(np.array(values))
    np.testing.assert_array_equal(found, integers)
    assert over == denominator


@pytest.mark.parametrize(
    "values",
    [
        [3.0, -2.0, 0.0],
        [0.5, 2.0**0.5],
        [0.5, 1e-300],
        [0.5, 1e300],
        [0.5, 2.0**32],
        [0.1 + 0.2, 0.1],
        [1e308, -1e308, 0.1],
    ],
)
def test_whole_values_and_what_would_lose_a_bit_stay_as_they_are(values: list[float]) -> None:
    found, over = integers_over(np.array(values))
    np.testing.assert_array_equal(found, values)
    assert over == 1


def test_one_odd_tap_among_very_many_is_not_lost() -> None:
    values = np.full(100_001, 0.1)
    values[77] = 2.0**0.5
    found, over = integers_over(values)
    np.testing.assert_array_equal(found, values)
    assert over == 1


@given(
    arrays(
        np.float64, st.integers(1, 6), elements=FINITE | st.decimals(-99, 99, places=2).map(float)
    )
)
def test_the_quotients_are_the_values_to_the_last_bit(values: np.ndarray) -> None:
    integers, denominator = integers_over(values)
    np.testing.assert_array_equal(integers / denominator, values)
    np.testing.assert_array_equal(normalized(values, Normalize.NONE, "").taps, values)


@given(FINITE | st.decimals(-1000, 1000, places=3).map(float))
def test_a_ratio_is_its_number_to_the_last_bit(number: float) -> None:
    numerator, denominator = as_ratio(number)
    assert numerator / denominator == number


def test_a_ratio_is_whole_in_lowest_terms() -> None:
    assert as_ratio(0.3) == (3, 10)
    assert as_ratio(-2 / 3) == (-2, 3)
    assert as_ratio(4.0) == (4, 1)
    assert as_ratio(2**0.5) == (2**0.5, 1)


def test_halves_come_out_as_halves_where_decimals_themselves_would_not() -> None:
    samples, values = [1, 1, 3], [0.1, 0.3, 0.7]
    assert sum(sample * value for sample, value in zip(samples, values, strict=True)) < 2.5
    (kernel,) = parse_kernel(values).build(1).kernels
    assert samples @ kernel.values / kernel.divisor == 2.5


def test_an_outer_product_of_decimals_is_rounded_once() -> None:
    line = [0.1, 0.7, -0.3]
    (kernel,) = parse_kernel(line).build(2).kernels
    exact = [[float(Fraction(str(a)) * Fraction(str(b))) for b in line] for a in line]
    np.testing.assert_array_equal(kernel.taps, exact)
    np.testing.assert_array_equal(kernel.values, np.outer([1, 7, -3], [1, 7, -3]))
    assert kernel.divisor == 100


def test_the_sum_of_decimals_is_that_of_their_integers() -> None:
    (kernel,) = (
        parse_kernel({"name": "custom", "values": [0.1, 0.2, 0.4], "normalize": "sum"})
        .build(1)
        .kernels
    )
    np.testing.assert_array_equal(kernel.values, [1, 2, 4])
    assert kernel.divisor == 7


def test_no_zero_is_negative() -> None:
    for spec in ([0.0, -0.0], {"name": "laplacian", "neighbours": 4, "sign": "negative"}):
        (kernel,) = parse_kernel(spec).build(2).kernels
        assert not np.signbit(kernel.values[kernel.values == 0]).any()
