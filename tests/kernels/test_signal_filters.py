"""Filters in time: against scipy, naive recursions, and polynomials with known derivatives."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.signal

from service.errors import InvalidRequest, LimitExceeded
from service.kernels.kernel import KernelLimits
from service.kernels.parsing import parse_kernel

SIGNAL = np.random.default_rng(4).normal(size=80).cumsum()


def taps(name: str, **parameters: Any) -> Any:
    (kernel,) = parse_kernel({"name": name, **parameters}).build(1).kernels
    return kernel.taps


def filtered(kernel: Any, signal: Any = SIGNAL) -> Any:
    """The signal convolved in the mode same, which keeps its length."""
    start = (len(kernel) - 1) // 2
    return np.convolve(signal, kernel)[start : start + len(signal)]


def test_a_moving_average_is_of_the_samples_round_the_present_one() -> None:
    result = filtered(taps("moving_average", size=5))
    for index in range(2, len(SIGNAL) - 2):
        assert result[index] == pytest.approx(SIGNAL[index - 2 : index + 3].mean())


def test_a_trailing_moving_average_is_of_the_present_sample_and_those_before() -> None:
    result = filtered(taps("moving_average", size=4, trailing=True))
    for index in range(3, len(SIGNAL)):
        assert result[index] == pytest.approx(SIGNAL[index - 3 : index + 1].mean())


@pytest.mark.parametrize("alpha", [0.2, 0.75, 1])
def test_exponential_smoothing_is_browns_recursion(alpha: float) -> None:
    result = filtered(taps("exponential_smoothing", alpha=alpha, tolerance=1e-15, normalize="none"))
    level = 0.0
    for sample, smoothed in zip(SIGNAL, result, strict=True):
        level = alpha * sample + (1 - alpha) * level
        assert smoothed == pytest.approx(level, abs=1e-12)


def test_exponential_smoothing_of_zero_phase_is_the_same_forwards_then_backwards() -> None:
    once = taps("exponential_smoothing", alpha=0.4, length=20)
    both = taps("exponential_smoothing", alpha=0.4, length=20, phase="zero")
    forwards = once[19:]
    np.testing.assert_allclose(both, np.convolve(forwards, forwards[::-1]), atol=1e-15)
    np.testing.assert_allclose(both, both[::-1], atol=1e-15)


def test_the_last_weight_that_exponential_smoothing_leaves_out_is_below_the_tolerance() -> None:
    kernel = taps("exponential_smoothing", alpha=0.3, tolerance=0.01)
    kept = (len(kernel) + 1) // 2
    assert 0.7**kept <= 0.01 < 0.7 ** (kept - 1)


SAVITZKY_GOLAY = [
    (size, order, derivative)
    for size, order in ((5, 2), (7, 3), (8, 3), (21, 4), (6, 5), (1, 0), (2, 1))
    for derivative in range(order + 1)
]


@pytest.mark.parametrize(("size", "order", "derivative"), SAVITZKY_GOLAY)
def test_savitzky_golay_is_scipys(size: int, order: int, derivative: int) -> None:
    expected = scipy.signal.savgol_coeffs(size, order, derivative, delta=0.5)
    kernel = taps("savitzky_golay", size=size, order=order, derivative=derivative, delta=0.5)
    np.testing.assert_allclose(kernel, expected, atol=1e-11 * np.abs(expected).max())


@pytest.mark.parametrize("size", [1_001, 65_537])
def test_savitzky_golay_is_right_for_polynomials_over_long_windows_too(size: int) -> None:
    position = np.linspace(-1, 1, size)
    for degree in range(11):
        for derivative in (0, 1):
            kernel = taps(
                "savitzky_golay", size=size, order=10, derivative=derivative, delta=2 / (size - 1)
            )
            expected = float(degree == derivative)
            measured = kernel[::-1] @ position**degree
            assert measured == pytest.approx(expected, abs=1e-9), (degree, derivative)


@pytest.mark.parametrize(("derivative", "accuracy"), list(product(range(1, 5), (2, 4, 6, 8))))
def test_a_differentiator_is_exact_for_polynomials_up_to_its_accuracy(
    derivative: int, accuracy: int
) -> None:
    kernel = taps("differentiator", derivative=derivative, accuracy=accuracy, delta=0.5)
    time = 0.5 * (np.arange(len(kernel) + 4) - 4)
    for degree in range(derivative + accuracy):
        polynomial = np.polynomial.Polynomial([0] * degree + [1])
        measured = np.convolve(polynomial(time), kernel, mode="valid")
        middle = len(kernel) // 2
        expected = polynomial.deriv(derivative)(time[middle : len(time) - middle])
        np.testing.assert_allclose(measured, expected, atol=1e-7)
    beyond = np.polynomial.Polynomial([0] * (derivative + accuracy) + [1])
    middle = time[len(kernel) // 2]
    error = np.convolve(beyond(time), kernel, mode="valid")[0] - beyond.deriv(derivative)(middle)
    assert abs(error) > 1e-6


def test_a_differentiator_holds_the_published_fractions() -> None:
    np.testing.assert_array_equal(taps("differentiator"), [0.5, 0, -0.5])
    np.testing.assert_array_equal(taps("differentiator", derivative=2), [1, -2, 1])
    np.testing.assert_array_equal(
        taps("differentiator", accuracy=4), [-1 / 12, 2 / 3, 0, -2 / 3, 1 / 12]
    )
    np.testing.assert_array_equal(taps("differentiator", derivative=3), [0.5, -1, 0, 1, -0.5])


def test_a_low_noise_differentiator_holds_the_published_integers() -> None:
    size_5 = taps("low_noise_differentiator", delta=0.5)
    np.testing.assert_array_equal(size_5, np.array([1, 2, 0, -2, -1]) / 4)
    size_11 = taps("low_noise_differentiator", size=11)
    np.testing.assert_array_equal(
        size_11, np.array([1, 8, 27, 48, 42, 0, -42, -48, -27, -8, -1]) / 512
    )
    size_3 = taps("low_noise_differentiator", size=3)
    np.testing.assert_array_equal(size_3, taps("differentiator"))


FIRST_DERIVATIVES: list[dict[str, Any]] = [
    {"name": "savitzky_golay", "derivative": 1},
    {"name": "differentiator"},
    {"name": "differentiator", "accuracy": 8},
    {"name": "low_noise_differentiator", "size": 501},
]


@pytest.mark.parametrize("document", FIRST_DERIVATIVES)
def test_a_first_derivative_is_one_where_the_signal_grows_by_one(document: dict[str, Any]) -> None:
    kernel = taps(**document)
    slope = np.convolve(np.arange(len(kernel) + 9.0), kernel, mode="valid")
    np.testing.assert_allclose(slope, 1, atol=1e-10)


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"name": "moving_average", "size": 0}, "/kernel/size"),
        ({"name": "exponential_smoothing", "alpha": 0}, "/kernel/alpha"),
        ({"name": "exponential_smoothing", "alpha": 1.5}, "/kernel/alpha"),
        ({"name": "savitzky_golay", "size": 3, "order": 3}, "/kernel/order"),
        ({"name": "savitzky_golay", "order": 2, "derivative": 3}, "/kernel/derivative"),
        ({"name": "savitzky_golay", "size": 65_538}, "/kernel/size"),
        ({"name": "differentiator", "accuracy": 3}, "/kernel/accuracy"),
        ({"name": "differentiator", "derivative": 0}, "/kernel/derivative"),
        ({"name": "low_noise_differentiator", "size": 6}, "/kernel/size"),
    ],
)
def test_a_filter_that_can_not_be_is_refused(document: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel(document)
    assert [fault.pointer for fault in refusal.value.faults] == [pointer]


@pytest.mark.parametrize(
    ("document", "size", "pointer"),
    [
        ({"name": "moving_average", "size": 30, "trailing": True}, 59, "/kernel/size"),
        ({"name": "exponential_smoothing", "length": 30}, 59, "/kernel/length"),
        ({"name": "exponential_smoothing", "alpha": 0.01}, 2749, "/kernel/alpha"),
        ({"name": "exponential_smoothing", "alpha": 1e-6}, 1_048_577, "/kernel/alpha"),
        ({"name": "savitzky_golay", "size": 60}, 60, "/kernel/size"),
        ({"name": "low_noise_differentiator", "size": 51}, 51, "/kernel/size"),
    ],
)
def test_a_filter_over_the_limit_is_refused_where_its_size_is_said(
    document: dict[str, Any], size: int, pointer: str
) -> None:
    with pytest.raises(LimitExceeded, match=f"{size:,}") as refusal:
        parse_kernel(document).build(1, limits=KernelLimits(max_taps=50))
    assert refusal.value.faults[0].pointer == pointer
