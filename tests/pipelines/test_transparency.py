"""What becomes of alpha: kept, convolved along with premultiplied colours, or dropped."""

from __future__ import annotations

import numpy as np
import pytest

from service.errors import InvalidRequest
from service.pipelines.field_types import Alpha
from tests.pipelines.calling import convolve_a_picture
from tests.pipelines.expectation import dilated, expected, levels

ODD = np.array([[1.0, 2, 0], [4, 3, 1], [0, 1, 0.5]])
EVEN = np.array([[1.0, 0, 2, 1], [3, 2, 0, 0.5]])
SIGNED = np.array([[1.0, 2, -1], [0, 3, 1], [-2, 1, -1]])
KERNELS = {"odd": ODD / ODD.sum(), "even": EVEN / EVEN.sum(), "signed": SIGNED, "bright": ODD / 4}
PICTURES = [(9, 10, 2), (9, 10, 4)]


def premultiplied(picture, kernel, maximum, *, fill_value=0.0, stride=(1, 1), **options):
    """Colours and alpha after a convolution of what they are when premultiplied, in float64."""
    color, alpha = picture[..., :-1].astype(float), picture[..., -1:].astype(float)
    weighed = expected(color * alpha / maximum, kernel, fill_value=fill_value, **options)
    opacity = expected(alpha, kernel, fill_value=maximum, **options).clip(0, maximum)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = np.where(opacity > 0, weighed * maximum / opacity, 0)
    return np.concatenate([result, opacity], axis=2)[:: stride[0], :: stride[1]]


def holed(picture):
    """The same picture, a part of it fully transparent."""
    result = picture.copy()
    result[2:7, 3:8, -1] = 0
    return result


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("shape", PICTURES, ids=["gray", "rgb"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_premultiplied_colours_are_convolved_and_divided_by_the_alpha_that_results(
    draw, kernel, shape, dtype
):
    picture, maximum = holed(draw(*shape, dtype=dtype)), np.iinfo(dtype).max
    options = {"kernel": KERNELS[kernel].tolist(), "alpha": "premultiplied"}
    wanted = premultiplied(picture, KERNELS[kernel], maximum)
    answer = convolve_a_picture(picture, output="npy", **options)
    np.testing.assert_allclose(answer.array, wanted, rtol=1e-9, atol=1e-9 * maximum)
    shown = convolve_a_picture(picture, **options).picture
    # OpenCV, which reads 16 bits, shows gray with alpha as RGB with alpha.
    shown = shown if shown.shape == shape else shown[..., [0, 3]]
    undecided = np.abs(wanted % 1 - 0.5) < 1e-6
    assert undecided.mean() < 0.1
    np.testing.assert_array_equal(shown[~undecided], levels(wanted, maximum)[~undecided])


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("boundary", ["constant", "edge", "reflect", "symmetric", "wrap"])
@pytest.mark.parametrize("operation", ["convolve", "correlate"])
def test_every_mode_and_boundary_extends_colour_and_alpha_alike(draw, mode, boundary, operation):
    picture = holed(draw(9, 10, 4))
    options = {"mode": mode, "boundary": boundary, "operation": operation, "fill_value": 90}
    answer = convolve_a_picture(
        picture, kernel=KERNELS["even"].tolist(), alpha="premultiplied", output="npy", **options
    )
    wanted = premultiplied(picture, KERNELS["even"], 255, **options)
    np.testing.assert_allclose(answer.array, wanted, rtol=1e-9, atol=1e-9)


def test_beyond_a_constant_border_it_is_opaque():
    picture = np.zeros((3, 3, 4), np.uint8)
    answer = convolve_a_picture(
        picture,
        kernel=np.full((3, 3), 1 / 9).tolist(),
        alpha="premultiplied",
        mode="full",
        boundary="constant",
        fill_value=200,
        output="npy",
    )
    # The corner meets one pixel of the picture, which has no opacity, and eight of the border.
    np.testing.assert_allclose(answer.array[0, 0], [200, 200, 200, 255 * 8 / 9])
    np.testing.assert_array_equal(answer.array[2, 2], [0, 0, 0, 0])


def test_white_on_transparent_black_gets_no_dark_rim():
    picture = np.zeros((21, 22, 4), np.uint8)
    picture[6:15, 7:15] = 255
    kernel = {"name": "gaussian", "sigma": 1.5}
    shown = convolve_a_picture(picture, kernel=kernel, alpha="premultiplied").picture
    visible = shown[..., 3] > 0
    assert np.count_nonzero((shown[..., 3] > 0) & (shown[..., 3] < 255)) > 50
    assert set(shown[visible][:, :3].ravel()) == {255}
    rim = convolve_a_picture(picture, kernel=kernel).picture
    assert np.any(rim[picture[..., 3] == 255][:, 0] < 200)


@pytest.mark.parametrize("shape", PICTURES, ids=["gray", "rgb"])
def test_what_is_nowhere_transparent_is_convolved_as_without_alpha(draw, shape):
    picture = draw(*shape)
    picture[..., -1] = 255
    kernel = KERNELS["odd"]
    answer = convolve_a_picture(
        picture, kernel=kernel.tolist(), alpha="premultiplied", output="npy"
    )
    np.testing.assert_allclose(answer.array[..., :-1], expected(picture[..., :-1], kernel))
    np.testing.assert_allclose(answer.array[..., -1], 255)


@pytest.mark.parametrize("output", ["png", "npy", "tiff"])
def test_a_picture_all_transparent_stays_so(draw, output):
    picture = draw(6, 7, 4)
    picture[..., 3] = 0
    answer = convolve_a_picture(picture, kernel=ODD.tolist(), alpha="premultiplied", output=output)
    assert not (answer.array if output == "npy" else answer.picture).any()


@pytest.mark.parametrize("alpha", Alpha)
@pytest.mark.parametrize("shape", [(7, 8), (7, 8, 3)], ids=["gray", "rgb"])
def test_without_alpha_there_is_nothing_to_say_of_it(draw, alpha, shape):
    picture = draw(*shape)
    answer = convolve_a_picture(picture, kernel=KERNELS["odd"].tolist(), alpha=alpha, output="npy")
    np.testing.assert_allclose(answer.array, expected(picture, KERNELS["odd"]), atol=1e-10)


@pytest.mark.parametrize("shape", PICTURES, ids=["gray", "rgb"])
@pytest.mark.parametrize("output", ["png", "jpeg", "npy"])
def test_dropped_alpha_is_left_out_of_the_result(draw, shape, output):
    picture = draw(*shape)
    options = {"alpha": "drop", "kernel": KERNELS["odd"].tolist(), "output": output}
    answer = convolve_a_picture(picture, **options)
    opaque = picture[..., :-1] if shape[-1] == 4 else picture[..., 0]
    wanted = expected(opaque, KERNELS["odd"])
    if output == "jpeg":
        assert answer.picture.shape == opaque.shape
    elif output == "png":
        np.testing.assert_array_equal(answer.picture, levels(wanted))
    else:
        np.testing.assert_allclose(answer.array, wanted, atol=1e-10)


@pytest.mark.parametrize("index", range(3))
def test_one_channel_is_weighed_by_the_alpha_of_all(draw, index):
    picture = holed(draw(9, 10, 4))
    answer = convolve_a_picture(
        picture,
        kernel=KERNELS["even"].tolist(),
        channels=("red", "green", "blue")[index],
        alpha="premultiplied",
        output="npy",
    )
    wanted = premultiplied(picture[..., [index, 3]], KERNELS["even"], 255)
    np.testing.assert_allclose(answer.array, wanted, rtol=1e-9, atol=1e-9)


def test_the_luma_is_weighed_by_alpha(draw):
    picture = holed(draw(9, 10, 4))
    luma = picture[..., :3].astype(float) @ [0.299, 0.587, 0.114]
    answer = convolve_a_picture(
        picture, kernel=ODD.tolist(), channels="luma", alpha="premultiplied", output="npy"
    )
    wanted = premultiplied(np.dstack([luma, picture[..., 3]]), ODD, 255)
    np.testing.assert_allclose(answer.array, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("alpha", ["preserve", "premultiplied"])
def test_stride_and_dilation_hold_for_alpha_too(draw, alpha):
    picture, kernel = holed(draw(15, 17, 4)), KERNELS["even"]
    options = {"stride": [2, 3], "dilation": [3, 2], "alpha": alpha, "mode": "full"}
    answer = convolve_a_picture(picture, kernel=kernel.tolist(), output="npy", **options)
    wide = dilated(kernel, 3, 2)
    if alpha == "premultiplied":
        wanted = premultiplied(picture, wide, 255, mode="full", stride=(2, 3))
        np.testing.assert_allclose(answer.array, wanted, rtol=1e-9, atol=1e-9)
        return
    rows, columns = wide.shape
    before = ((rows - 1) // 2, rows // 2), ((columns - 1) // 2, columns // 2)
    wanted = np.pad(picture[..., 3], before, mode="symmetric")[::2, ::3]
    np.testing.assert_array_equal(answer.array[..., 3], wanted)
    colors = expected(picture[..., :3], wide, "full")[::2, ::3]
    np.testing.assert_allclose(answer.array[..., :3], colors, atol=1e-10)


def test_each_step_weighs_anew(draw):
    picture = holed(draw(9, 10, 4))
    steps = [KERNELS["odd"].tolist(), {"kernel": KERNELS["even"].tolist(), "bias": 3}]
    answer = convolve_a_picture(picture, steps=steps, alpha="premultiplied", output="npy")
    first = premultiplied(picture, KERNELS["odd"], 255)
    wanted = premultiplied(first, KERNELS["even"], 255)
    wanted[..., :3] += 3
    np.testing.assert_allclose(answer.array, wanted, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("kernels", ["one", "several"])
def test_the_bias_of_a_kernel_is_added_to_colours_and_not_to_alpha(draw, kernels):
    picture = holed(draw(9, 10, 4))
    single = {"name": "custom", "values": KERNELS["odd"].tolist()}
    several = {"name": "combination", "kernels": [single, "identity"], "combine": "mean"}
    kernel = single if kernels == "one" else several

    def result(bias):
        specification = {**kernel, "bias": bias}
        return convolve_a_picture(
            picture, kernel=specification, alpha="premultiplied", output="npy"
        ).array

    plain, biased = result(0), result(-17.5)
    np.testing.assert_allclose(biased[..., :3], plain[..., :3] - 17.5, rtol=0, atol=1e-10)
    np.testing.assert_array_equal(biased[..., 3], plain[..., 3])


def test_a_bias_of_one_kernel_among_several_has_no_place_in_premultiplied_colours(draw):
    kernels = ["box", {"name": "identity", "bias": 3}]
    options = {"kernel": kernels, "combine": "mean"}
    with pytest.raises(InvalidRequest, match="for all kernels together") as caught:
        convolve_a_picture(draw(4, 5, 4), alpha="premultiplied", **options)
    assert [fault.pointer for fault in caught.value.faults] == ["/alpha"]
    assert convolve_a_picture(draw(4, 5, 4), **options).body
    assert convolve_a_picture(draw(4, 5, 3), alpha="premultiplied", **options).body


def test_a_format_without_alpha_is_told_from_one_with_it_by_what_is_asked(draw):
    for alpha in ("preserve", "premultiplied"):
        with pytest.raises(InvalidRequest, match="no transparency"):
            convolve_a_picture(draw(5, 6, 4), kernel="box", alpha=alpha, output="jpeg")
    assert convolve_a_picture(draw(5, 6, 4), kernel="box", alpha="drop", output="jpeg").body


@pytest.mark.parametrize("alpha", ["keep", "", 1, True, None, ["drop"], {}, "PRESERVE"])
def test_what_is_no_way_to_treat_alpha_is_refused(draw, alpha):
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_picture(draw(3, 3, 4), kernel="box", alpha=alpha)
    assert [fault.pointer for fault in caught.value.faults] == ["/alpha"]
