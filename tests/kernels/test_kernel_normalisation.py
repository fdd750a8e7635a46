"""Divisors against numpy, and what can't be divided by."""

from __future__ import annotations

import numpy as np
import pytest

from service.errors import InvalidRequest
from service.kernels.kernel import Combine, Kernel, KernelBank, Normalize, normalized
from service.kernels.parsing import parse_kernel

VALUES = np.array([[1.0, -2.0, 4.0], [0.5, 3.0, -8.0]])
BY_NUMPY = {
    Normalize.NONE: 1.0,
    Normalize.SUM: np.sum(VALUES),
    Normalize.L1: np.linalg.norm(VALUES.ravel(), 1),
    Normalize.L2: np.linalg.norm(VALUES.ravel(), 2),
    Normalize.PEAK: np.linalg.norm(VALUES.ravel(), np.inf),
}


@pytest.mark.parametrize("rule", Normalize)
def test_the_taps_are_divided_by_what_numpy_says(rule: Normalize) -> None:
    kernel = normalized(VALUES, rule, "/kernel")
    np.testing.assert_allclose(kernel.taps, VALUES / BY_NUMPY[rule], rtol=1e-15)
    whole = normalized(2 * VALUES, rule, "/kernel")
    np.testing.assert_array_equal(whole.values, 2 * VALUES)
    assert whole.divisor == pytest.approx(BY_NUMPY[rule] * (1 if rule == "none" else 2), rel=1e-15)


@pytest.mark.parametrize("rule", [rule for rule in Normalize if rule is not Normalize.NONE])
def test_zeros_cannot_be_normalised(rule: Normalize) -> None:
    with pytest.raises(InvalidRequest, match="zero") as refusal:
        normalized(np.zeros(3), rule, "/steps/1/kernel")
    assert refusal.value.faults[0].pointer == "/steps/1/kernel/normalize"


def test_zeros_as_they_are_stay_zeros() -> None:
    assert not normalized(np.zeros(3), Normalize.NONE, "/kernel").taps.any()


@pytest.mark.parametrize("values", [[1, -1], [0.1, 0.2, -0.3], [1e200, -1e200]])
def test_a_sum_that_is_zero_but_for_rounding_is_zero(values: list[float]) -> None:
    with pytest.raises(InvalidRequest, match="sum of the taps is zero"):
        normalized(np.array(values), Normalize.SUM, "/kernel")


def test_a_small_sum_that_is_no_rounding_is_divided_by() -> None:
    assert normalized(np.array([1.0, -1 + 1e-9]), Normalize.SUM, "/kernel").divisor > 0


def test_the_l2_norm_of_extreme_taps_neither_overflows_nor_vanishes() -> None:
    for scale in (1e200, 1e-200):
        kernel = normalized(scale * np.array([3.0, -4.0]), Normalize.L2, "/kernel")
        np.testing.assert_allclose(kernel.taps, [0.6, -0.8], rtol=1e-15)


@pytest.mark.parametrize("rule", [Normalize.SUM, Normalize.L1, Normalize.L2])
def test_a_divisor_beyond_float64_is_refused(rule: Normalize) -> None:
    with pytest.raises(InvalidRequest, match="out of a float64's range"):
        normalized(np.full(4, 1.7e308), rule, "/kernel")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(InvalidRequest, match="not finite"):
        normalized(np.array([1.0, bad]), Normalize.NONE, "/kernel")


def test_an_outer_product_that_overflows_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="not finite"):
        parse_kernel([1e200, 2e200]).build(2)


def test_the_specifications_own_rule_wins_over_the_requests_and_that_over_the_convention() -> None:
    says_peak = parse_kernel({"name": "box", "size": 4, "normalize": "peak"})
    assert says_peak.build(1, Normalize.NONE).kernels[0].divisor == 1
    assert says_peak.build(1, Normalize.L1).kernels[0].divisor == 1
    silent = parse_kernel({"name": "box", "size": 4})
    assert silent.build(1, Normalize.L2).kernels[0].divisor == 2
    assert silent.build(1).kernels[0].divisor == 4
    says_none = parse_kernel({"name": "box", "size": 4, "normalize": "none"})
    assert says_none.build(1, Normalize.SUM).kernels[0].divisor == 1


def test_each_kernel_of_a_bank_is_normalised_by_itself() -> None:
    bank = parse_kernel({"name": "sobel", "normalize": "l1"}).build(2)
    assert [kernel.divisor for kernel in bank.kernels] == [8, 8]


def test_a_derivative_cannot_be_divided_by_its_sum() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel({"name": "sobel", "normalize": "sum"}).build(2)
    assert refusal.value.faults[0].pointer == "/kernel/normalize"


def test_a_fault_of_the_rule_lies_where_the_rule_stands() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel("sobel").build(2, Normalize.SUM)
    assert refusal.value.faults[0].pointer == "/normalize"


def test_a_kernel_keeps_a_read_only_copy() -> None:
    values = np.array([1, 2, 3])
    kernel = Kernel(values)
    values[0] = 9
    np.testing.assert_array_equal(kernel.values, [1, 2, 3])
    assert kernel.values.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        kernel.values[0] = 1


def test_a_bank_combines_exactly_when_it_holds_several_kernels() -> None:
    one = Kernel(np.ones(3))
    for kernels, combine in (((one,), Combine.MAX), ((one, one), None), ((), None)):
        with pytest.raises(ValueError, match="combine"):
            KernelBank(kernels, combine)
