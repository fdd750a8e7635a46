"""Values become integers by the rule that is written down, against a naive reference."""

from fractions import Fraction

import numpy as np
import pytest

from service.formats.quantise import Scaling, quantise

DEPTHS = [(8, np.uint8, 255), (16, np.uint16, 65535)]


def half_to_even(value):
    return round(Fraction(value))


@pytest.mark.parametrize("source", [255.0, 65535.0])
@pytest.mark.parametrize(("depth", "dtype", "maximum"), DEPTHS)
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_clip_scales_rounds_and_saturates_as_exact_arithmetic_does(
    depth, dtype, maximum, source, precision
):
    generator = np.random.default_rng(7)
    # Multiples of 1/8: exact in both precisions, so that the reference sees the same ties.
    values = (np.rint(generator.uniform(-0.5, 1.5, (17, 5, 3)) * source * 8) / 8).astype(precision)
    ratio = Fraction(maximum) / Fraction(source)
    expected = [min(max(half_to_even(Fraction(float(v)) * ratio), 0), maximum) for v in values.flat]
    result = quantise(values, Scaling.CLIP, source, depth)
    assert result.dtype == dtype
    assert result.shape == values.shape
    np.testing.assert_array_equal(result.ravel(), expected)


@pytest.mark.parametrize(("depth", "dtype", "maximum"), DEPTHS)
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_halves_go_to_the_even_neighbour(depth, dtype, maximum, precision):
    values = np.array([-0.5, 0.5, 1.5, 2.5, 3.5, maximum - 0.5, maximum + 0.5], precision)
    expected = [0, 0, 2, 2, 4, maximum - 1, maximum]
    np.testing.assert_array_equal(quantise(values, Scaling.CLIP, maximum, depth), expected)


@pytest.mark.parametrize(("depth", "dtype", "maximum"), DEPTHS)
def test_what_is_a_half_but_for_rounding_counts_as_one(depth, dtype, maximum):
    halves = np.arange(maximum) + 0.5
    expected = np.rint(halves)
    for ulps in (-2, -1, 1, 2):
        nearly = halves + ulps * np.spacing(halves)
        np.testing.assert_array_equal(quantise(nearly, Scaling.CLIP, maximum, depth), expected)
    clear = np.arange(maximum) + 0.5 + 2.0**-29
    result = quantise(clear, Scaling.CLIP, maximum, depth)
    np.testing.assert_array_equal(result, np.arange(maximum) + 1)


def test_every_8_bit_level_survives_the_way_to_16_bits_and_back():
    levels = np.arange(256, dtype=np.float32)
    wide = quantise(levels, Scaling.CLIP, 255, 16)
    np.testing.assert_array_equal(wide, np.arange(256) * 257)
    back = quantise(wide.astype(np.float32), Scaling.CLIP, 65535, 8)
    np.testing.assert_array_equal(back, levels)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_huge_values_saturate(precision):
    largest = np.finfo(precision).max
    values = np.array([-largest, largest], precision)
    np.testing.assert_array_equal(quantise(values, Scaling.CLIP, 255, 16), [0, 65535])


@pytest.mark.parametrize(("depth", "dtype", "maximum"), DEPTHS)
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_minmax_stretches_the_smallest_to_zero_and_the_largest_to_the_maximum(
    depth, dtype, maximum, precision
):
    values = np.random.default_rng(8).normal(-20, 3, (11, 7, 1)).astype(precision)
    low, high = float(values.min()), float(values.max())
    expected = [half_to_even((float(v) - low) / (high - low) * maximum) for v in values.flat]
    result = quantise(values, Scaling.MINMAX, 255, depth)
    assert result.dtype == dtype
    assert (result.min(), result.max()) == (0, maximum)
    np.testing.assert_array_equal(result.ravel(), expected)


def test_minmax_resolves_a_span_that_is_tiny_beside_the_values():
    start = np.float32(2**24)
    values = start + np.arange(0, 10, 2, dtype=np.float32)
    np.testing.assert_array_equal(
        quantise(values, Scaling.MINMAX, 255, 8), [0, 64, 128, 191, 255]
    )  # 63.75, 127.5, 191.25


def test_minmax_spans_the_whole_range_of_float64():
    largest = np.finfo(np.float64).max
    values = np.array([-largest, 0.0, largest])
    np.testing.assert_array_equal(quantise(values, Scaling.MINMAX, 255, 8), [0, 128, 255])


@pytest.mark.parametrize("value", [-3.0, 0.0, 900.0])
def test_minmax_of_equal_values_is_zero(value):
    result = quantise(np.full((3, 2, 1), value), Scaling.MINMAX, 255, 16)
    np.testing.assert_array_equal(result, np.zeros((3, 2, 1)))


@pytest.mark.parametrize("scaling", [Scaling.CLIP, Scaling.MINMAX])
@pytest.mark.parametrize("source", [255.0, 65535.0])
def test_the_values_themselves_are_left_alone(scaling, source):
    values = np.linspace(-300, 300, 50)
    before = values.copy()
    quantise(values, scaling, source, 8)
    np.testing.assert_array_equal(values, before)


def test_no_scaling_has_no_integers():
    with pytest.raises(ValueError, match="none"):
        quantise(np.zeros((2, 2)), Scaling.NONE, 255, 8)
