"""Levels made of whole sums: those of the exact quotient, rounded half to even and clipped."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from service.convolution.convolve import Operand, Options, prepare
from service.convolution.levels import MOST_LEVEL_TAPS, is_power_of_two, rounded_levels
from service.convolution.options import Boundary, Method, Mode
from service.convolution.planner import Plan
from service.convolution.rounding import ROUNDABLE_SUM
from service.convolution.workload import KernelAnalysis
from tests.convolution.entries import ENTRIES

RANDOM = np.random.default_rng(21)
PICTURE = RANDOM.integers(0, 256, (40, 45, 3)).astype(np.uint8)
KERNELS = {
    "signed 3x3": RANDOM.integers(-4, 5, (3, 3)),
    "smooth 2x5": RANDOM.integers(0, 9, (2, 5)),
    "one column": RANDOM.integers(-3, 9, (7, 1)),
    "dense 7x6": RANDOM.integers(-2, 4, (7, 6)),
    "separable 21x20": np.outer(RANDOM.integers(-2, 3, 21), RANDOM.integers(0, 4, 20)),
    "dense 25x24": RANDOM.integers(-2, 3, (25, 24)),
}
every_kernel = pytest.mark.parametrize("taps", KERNELS.values(), ids=KERNELS.keys())


def exact_levels(sums, divisor, bias, absolute):
    """In fractions, which round half to even, number by number."""

    def level(total):
        quotient = Fraction(total) / Fraction(divisor)
        shifted = (abs(quotient) if absolute else quotient) + Fraction(bias)
        return min(max(round(shifted), 0), 255)

    different, places = np.unique(sums, return_inverse=True)
    table = np.array([level(int(each)) for each in different], np.uint8)
    return table[places].reshape(sums.shape)


def prepared(taps, operand=PICTURE, **options):
    return prepare(operand, taps.astype(float), Options(precision=np.float32, **options))


@every_kernel
@pytest.mark.parametrize("divisor", [1.0, 2.0, 8.0, 64.0, 3.0, 6.0, 10.0, 100.0, -2.0, -1.0])
@pytest.mark.parametrize("bias", [0.0, 128.0, -7.0])
@pytest.mark.parametrize("absolute", [False, True])
def test_levels_are_the_exact_quotients_rounded_half_to_even(taps, divisor, bias, absolute):
    each = prepared(taps, mode=Mode.VALID)
    sums = np.rint(each.run(PICTURE)).astype(np.int64)
    levels = each.levels_bordered(PICTURE, divisor, bias, absolute=absolute)
    assert levels.dtype == np.uint8
    np.testing.assert_array_equal(levels, exact_levels(sums, divisor, bias, absolute))


@every_kernel
@pytest.mark.parametrize(
    "engine", [each for each in ENTRIES if each.engine.run_levels], ids=str, indirect=True
)
@pytest.mark.parametrize(("divisor", "bias"), [(1.0, 0.0), (8.0, -7.0), (3.0, 128.0), (-2.0, 0.0)])
@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_an_engine_that_stores_levels_stores_the_exact_ones(
    engine, taps, divisor, bias, absolute, precision
):
    if not engine.can(KernelAnalysis.of(taps.astype(float))):
        pytest.skip("the engine does not take kernels of this shape")
    planned = prepared(taps, mode=Mode.VALID)
    work = replace(planned.plan.workload, precision=precision)
    each = replace(planned, plan=Plan(engine, work, forced=False))
    if each.largest_sum >= engine.exact_sum[precision]:
        assert each.levels_bordered(PICTURE, divisor, bias, absolute=absolute) is None
        return
    sums = np.rint(each.run(PICTURE)).astype(np.int64)
    levels = each.levels_bordered(PICTURE, divisor, bias, absolute=absolute)
    assert levels.dtype == np.uint8
    np.testing.assert_array_equal(levels, exact_levels(sums, divisor, bias, absolute))


@every_kernel
@pytest.mark.parametrize("method", [Method.DIRECT, Method.FFT])
def test_levels_are_the_same_whatever_the_method(taps, method):
    expected = prepared(taps, mode=Mode.VALID).levels_bordered(PICTURE, 4.0, 3.0)
    levels = prepared(taps, mode=Mode.VALID, method=method).levels_bordered(PICTURE, 4.0, 3.0)
    np.testing.assert_array_equal(levels, expected)


def test_levels_saturate_at_both_ends():
    taps = np.array([[9.0, 0.0, 3.0]])
    white, black = np.full((2, 5, 1), 255, np.uint8), np.zeros((2, 5, 1), np.uint8)
    each = prepared(taps, white, mode=Mode.VALID)
    assert np.all(each.levels_bordered(white) == 255)
    assert np.all(each.levels_bordered(black, bias=-9.0) == 0)


@pytest.mark.parametrize("stride", [2, (3, 1)])
def test_levels_of_a_stride_are_those_it_keeps(stride):
    taps = KERNELS["signed 3x3"]
    down, across = (stride, stride) if isinstance(stride, int) else stride
    every = prepared(taps, mode=Mode.VALID).levels_bordered(PICTURE, 2.0)
    kept = prepared(taps, mode=Mode.VALID, stride=stride).levels_bordered(PICTURE, 2.0)
    np.testing.assert_array_equal(kept, every[::down, ::across])


def test_levels_need_whole_taps_divisors_biases_and_samples():
    taps = KERNELS["signed 3x3"]
    assert prepared(taps + 0.5).levels_bordered(PICTURE) is None
    assert prepared(taps).levels_bordered(PICTURE, divisor=2.5) is None
    assert prepared(taps).levels_bordered(PICTURE, bias=0.5) is None
    assert prepared(taps, Operand((9, 9, 1), 255.0, whole=False)).levels_bordered(PICTURE) is None
    assert (
        prepared(taps, boundary=Boundary.CONSTANT, fill_value=0.5).levels_bordered(PICTURE) is None
    )


@pytest.mark.parametrize("bias", [0.0, 7.0])
def test_levels_need_sums_that_a_float32_divides_well_enough(bias):
    largest = (ROUNDABLE_SUM - 1 - bias * 3) // 255
    assert prepared(np.array([[largest, 0.0]])).levels_bordered(PICTURE, 3.0, bias) is not None
    assert prepared(np.array([[largest + 1, 0.0]])).levels_bordered(PICTURE, 3.0, bias) is None


@pytest.mark.parametrize("divisor", [3.0, 1000.0, 32_769.0, 32_770.0])
def test_quotients_next_to_a_half_go_to_their_own_level(divisor):
    halves = (np.arange(256) + 0.5) * divisor
    sums = np.rint(halves[:, None] + np.arange(-2, 3)).astype(np.float32)[:, :, None]
    sums = sums[np.abs(sums).max(axis=(1, 2)) < ROUNDABLE_SUM]
    expected = exact_levels(sums.astype(np.int64), divisor, 0, absolute=False)
    np.testing.assert_array_equal(rounded_levels(sums, divisor, 0.0, absolute=False), expected)


def test_powers_of_two_are_told_from_other_divisors():
    found = [n for n in range(-4, 70) if is_power_of_two(float(n))]
    assert found == [1, 2, 4, 8, 16, 32, 64]
    assert not is_power_of_two(0.5)
    assert MOST_LEVEL_TAPS >= 9
