"""Straight alpha to premultiplied and back, against exact fractions."""

from fractions import Fraction

import numpy as np
import pytest

from service.formats.alpha import premultiply, straightened, unpremultiply


def every_pair(white, count):
    generator = np.random.default_rng(white)
    color = generator.integers(0, white, (count, 7, 3), endpoint=True)
    alpha = generator.integers(0, white, (count, 7, 1), endpoint=True)
    alpha[0], alpha[1], color[2] = 0, white, white
    return color, alpha


@pytest.mark.parametrize("white", [255, 65535])
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_a_premultiplied_colour_is_the_colour_times_its_opacity(white, precision):
    color, alpha = every_pair(white, 40)
    expected = [
        float(Fraction(c * a, white))
        for c, a in np.broadcast(color, alpha)
    ]  # fmt: skip
    result = premultiply(color.astype(precision), alpha.astype(precision), white)
    assert result.dtype == precision
    np.testing.assert_allclose(result.ravel(), expected, rtol=3 * np.finfo(precision).eps)


@pytest.mark.parametrize(("white", "precision"), [
    (255, np.float32), (255, np.float64), (65535, np.float64),
])  # fmt: skip
def test_every_visible_colour_comes_back_to_its_level_and_no_other_has_one(white, precision):
    color, alpha = every_pair(white, 3000)
    values, opacity = color.astype(precision), alpha.astype(precision)
    back = unpremultiply(premultiply(values, opacity, white), opacity, white)
    assert back.dtype == precision
    np.testing.assert_array_equal(np.rint(back), np.where(alpha > 0, color, 0))


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_alpha_of_zero_and_below_has_no_colour(precision):
    color = np.array([[[5, -3, 0]] * 4], precision)
    alpha = np.array([[[0], [-0.0], [-7], [np.finfo(precision).smallest_subnormal]]], precision)
    result = unpremultiply(color, alpha, 255)
    np.testing.assert_array_equal(result[0, :3], np.zeros((3, 3)))
    assert not np.isnan(result).any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_premultiplied_levels_become_straight_ones_rounded(dtype):
    white = int(np.iinfo(dtype).max)
    generator = np.random.default_rng(7)
    samples = generator.integers(0, white, (90, 50, 2), dtype, endpoint=True)
    expected = [
        (min(round(Fraction(c * white, a)), white) if a else 0, a)
        for c, a in samples.reshape(-1, 2).tolist()
    ]
    result = straightened(samples, white)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result.reshape(-1, 2), expected)
