"""Convolving light: sRGB's transfer function undone before, and done again after."""

from __future__ import annotations

import numpy as np
import pytest

from service.errors import InvalidRequest, ResultNotFinite
from tests.pipelines.calling import convolve_a_picture, tiff_of
from tests.pipelines.expectation import expected, levels

SMOOTH = np.array([[1.0, 2, 0], [4, 3, 1], [0, 1, 0.5]]) / 12.5
SIGNED = np.array([[1.0, 2, -1], [0, 3, 1], [-2, 1, -1]])
KERNELS = {"smooth": SMOOTH, "signed": SIGNED}
SHAPES = {"gray": (8, 9), "gray-alpha": (8, 9, 2), "rgb": (8, 9, 3), "rgba": (8, 9, 4)}


def light(level, maximum):
    """IEC 61966-2-1, section 5.2, the way from the screen; odd below zero."""
    value = np.abs(np.asarray(level, float)) / maximum
    curve = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.sign(level) * curve * maximum


def level(value, maximum):
    """The way to the screen."""
    value, sign = np.abs(value) / maximum, np.sign(value)
    curve = np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055)
    return sign * curve * maximum


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_light_is_convolved_and_given_as_levels(draw, kernel, shape, dtype):
    picture, maximum = draw(*SHAPES[shape], dtype=dtype), np.iinfo(dtype).max
    options = {"kernel": KERNELS[kernel].tolist(), "linear_light": True}
    alpha = picture[..., -1:] if "alpha" in shape or shape == "rgba" else None
    color = picture if alpha is None else picture[..., :-1]
    wanted = level(expected(light(color, maximum), KERNELS[kernel]), maximum)
    answer = convolve_a_picture(picture, output="npy", **options).array
    got = answer if alpha is None else answer[..., :-1]
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-8 * maximum)
    if alpha is not None:
        np.testing.assert_array_equal(answer[..., -1:], alpha)
    shown = convolve_a_picture(picture, **options).picture
    if alpha is None:
        np.testing.assert_array_equal(shown, levels(wanted, maximum))


def test_edges_lie_brighter_than_among_levels():
    picture = np.zeros((4, 6), np.uint8)
    picture[:, 3:] = 255
    answer = convolve_a_picture(picture, kernel=[[0.5, 0.5]], linear_light=True, mode="valid")
    assert answer.picture[0].tolist() == [0, 0, 188, 255, 255]


@pytest.mark.parametrize("alpha", ["preserve", "premultiplied", "drop"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_the_identity_gives_every_level_back(draw, alpha, dtype, channels):
    picture = draw(16, 17, channels, dtype=dtype)
    picture = picture[..., 0] if channels == 1 else picture
    if channels in (2, 4):
        picture[..., -1] |= 1  # what is not seen at all has no colour to be given back
    answer = convolve_a_picture(
        picture, kernel="identity", linear_light=True, alpha=alpha, output="npy", scaling="clip"
    )
    wanted = picture[..., :-1] if alpha == "drop" and channels in (2, 4) else picture
    np.testing.assert_array_equal(answer.array, np.squeeze(wanted))
    assert answer.array.dtype == dtype


def test_colours_are_weighed_by_alpha_as_light(draw):
    picture = draw(8, 9, 4)
    picture[2:4, 2:4, 3] = 0
    answer = convolve_a_picture(
        picture, kernel=SMOOTH.tolist(), linear_light=True, alpha="premultiplied", output="npy"
    )
    alpha = picture[..., 3:].astype(float)
    weighed = expected(light(picture[..., :3], 255) * alpha / 255, SMOOTH)
    opacity = expected(alpha, SMOOTH)
    np.testing.assert_allclose(answer.array[..., 3:], opacity, atol=1e-9)
    wanted = level(weighed * 255 / opacity, 255)
    np.testing.assert_allclose(answer.array[..., :3], wanted, rtol=0, atol=1e-8)


@pytest.mark.parametrize("fill_value", [0, 40, 255, 300.5, -20])
def test_the_fill_value_is_a_level_as_those_of_the_picture(draw, fill_value):
    picture = draw(6, 7)
    options = {"boundary": "constant", "mode": "full"}
    answer = convolve_a_picture(
        picture,
        kernel=SIGNED.tolist(),
        linear_light=True,
        fill_value=fill_value,
        output="npy",
        **options,
    )
    filled = float(light(fill_value, 255))
    wanted = level(expected(light(picture, 255), SIGNED, fill_value=filled, **options), 255)
    np.testing.assert_allclose(answer.array, wanted, rtol=0, atol=1e-8)


def test_a_fill_value_is_light_in_each_of_the_steps_and_undone_once(draw):
    picture = draw(7, 8)
    steps = [SMOOTH.tolist(), {"kernel": SIGNED.tolist(), "fill_value": 200}]
    answer = convolve_a_picture(
        picture, steps=steps, boundary="constant", fill_value=100, linear_light=True, output="npy"
    )
    first = expected(
        light(picture, 255), SMOOTH, boundary="constant", fill_value=float(light(100, 255))
    )
    second = expected(first, SIGNED, boundary="constant", fill_value=float(light(200, 255)))
    np.testing.assert_allclose(answer.array, level(second, 255), rtol=0, atol=1e-8)


def test_magnitude_and_bias_of_the_request_are_of_levels(draw):
    picture = draw(7, 8)
    answer = convolve_a_picture(
        picture, kernel=SIGNED.tolist(), linear_light=True, absolute=True, bias=-9, output="npy"
    )
    wanted = np.abs(level(expected(light(picture, 255), SIGNED), 255)) - 9
    np.testing.assert_allclose(answer.array, wanted, rtol=0, atol=1e-8)


@pytest.mark.parametrize("channels", ["red", "luma"])
def test_channels_are_chosen_among_levels(draw, channels):
    picture = draw(7, 8, 3)
    weights = [1, 0, 0] if channels == "red" else [0.299, 0.587, 0.114]
    answer = convolve_a_picture(
        picture, kernel=SMOOTH.tolist(), linear_light=True, channels=channels, output="npy"
    )
    wanted = level(expected(light(picture @ np.array(weights), 255), SMOOTH), 255)
    np.testing.assert_allclose(answer.array, wanted, rtol=0, atol=1e-8)


@pytest.mark.parametrize("alpha", ["preserve", "premultiplied"])
def test_more_light_than_a_float64_holds_is_refused(draw, alpha):
    options = {"kernel": SMOOTH.tolist(), "linear_light": True, "alpha": alpha}
    with pytest.raises(ResultNotFinite):
        convolve_a_picture(draw(5, 6, 4), boundary="constant", fill_value=1e200, **options)
    # Where nothing is filled, the value says nothing.
    assert convolve_a_picture(draw(5, 6, 4), boundary="edge", fill_value=1e200, **options).body
    with pytest.raises(ResultNotFinite):
        convolve_a_picture(tiff_of(np.full((4, 5), 1e200)), output="npy", **options)


@pytest.mark.parametrize("value", [1, 0, "yes", None, [True], {}])
def test_linear_light_is_true_or_false(draw, value):
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_picture(draw(3, 3), kernel="box", linear_light=value)
    assert [fault.pointer for fault in caught.value.faults] == ["/linear_light"]
