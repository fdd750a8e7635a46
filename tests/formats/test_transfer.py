"""To linear light and back, by the formula of IEC 61966-2-1."""

import numpy as np
import pytest

from service.formats.transfer import from_linear, to_linear

DEPTHS = [(np.uint8, 255), (np.uint16, 65535)]


def light_of(level):
    """The standard's formula, of one level from 0 to 1."""
    return level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4


def level_of(light):
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


@pytest.mark.parametrize(("dtype", "white"), DEPTHS)
def test_every_level_becomes_the_light_that_the_formula_says(dtype, white):
    levels = np.arange(white + 1, dtype=dtype)
    expected = [white * light_of(level / white) for level in range(white + 1)]
    result = to_linear(levels, white)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, expected, rtol=1e-14)
    np.testing.assert_allclose(to_linear(levels, white, np.float32), expected, rtol=1e-7)


@pytest.mark.parametrize(("dtype", "white"), DEPTHS)
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_every_level_comes_back_to_itself(dtype, white, precision):
    levels = np.arange(white + 1, dtype=dtype).reshape(-1, 4, 1)
    back = from_linear(to_linear(levels, white, precision), white)
    assert back.dtype == precision
    assert back.shape == levels.shape
    np.testing.assert_array_equal(np.rint(back), levels)
    # How far from a half, where rounding would turn: thousandths of a level.
    assert np.abs(back - levels).max() < (0.02 if precision == np.float32 else 1e-8)


@pytest.mark.parametrize(("precision", "white", "tolerance"), [
    (np.float32, 255, 1e-3), (np.float32, 65535, 0.05), (np.float64, 65535, 1e-10),
])  # fmt: skip
def test_light_between_the_levels_is_within_a_fraction_of_one(precision, white, tolerance):
    light = np.random.default_rng(4).random(50_000) ** 3
    light[:3] = 0.0031308, np.nextafter(0.0031308, 0), np.nextafter(0.0031308, 1)
    light = light.astype(precision)
    expected = [white * level_of(each) for each in light.astype(np.float64).tolist()]
    result = from_linear(light * precision(white), white)
    np.testing.assert_allclose(result, expected, atol=tolerance, rtol=0)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_beyond_black_the_curve_is_mirrored_and_beyond_white_it_goes_on(precision):
    light = np.array([-510, -0.25, 0, 255, 1000], precision)
    expected = [
        np.sign(each) * 255 * level_of(abs(each) / 255) for each in light.astype(float).tolist()
    ]
    np.testing.assert_allclose(from_linear(light, 255), expected, rtol=1e-6)
    np.testing.assert_allclose(to_linear(from_linear(light, 255), 255), light, rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
def test_numbers_that_are_no_levels_are_computed(dtype):
    values = np.array([[-20, 0, 3], [9, 255, 700]], dtype)
    expected = np.reshape(
        [np.sign(v) * 255 * light_of(abs(v) / 255) for v in values.astype(float).flat], (2, 3)
    )
    np.testing.assert_allclose(to_linear(values, 255), expected, rtol=1e-13)


def test_neither_changes_what_it_is_given():
    values = np.linspace(-10, 300, 40_000, dtype=np.float32).reshape(100, 400)
    before = values.copy()
    to_linear(values, 255)
    from_linear(values, 255)
    np.testing.assert_array_equal(values, before)


def test_any_layout_is_taken():
    values = np.random.default_rng(5).random((60, 70, 3))
    turned = values.transpose(1, 0, 2)
    np.testing.assert_array_equal(from_linear(turned, 1), from_linear(values, 1).transpose(1, 0, 2))
