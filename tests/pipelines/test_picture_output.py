"""From numbers to an answer: magnitude, bias, scaling, arrays, limits and refusals."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
import orjson
import pytest
from PIL import Image

from service.errors import InvalidRequest, LimitExceeded, ResultNotFinite, UndecodablePicture
from service.formats.table import FORMATS, Subject
from service.pipelines.pictures import convolve_picture
from tests.pipelines.calling import (
    LIMITS,
    call,
    convolve_a_picture,
    png_of,
)
from tests.pipelines.expectation import expected, levels

KERNEL = np.array([[1.0, 2, 0], [0, 1, -1], [-3, 1, 1]])
WRITTEN = [each for each in FORMATS.values() if Subject.PICTURE in each.writes]
PICTURES = [each.name for each in WRITTEN if each.encode_picture is not None]
ARRAYS = [each.name for each in WRITTEN if each.encode_picture is None]
FLOATS = [each.name for each in WRITTEN if each.encode_picture is not None and each.floats]


def numbers_of(answer, output):
    if output == "json":
        document = answer.json
        array = np.array(document["result"])
        assert document["shape"] == list(array.shape)
        return array
    return answer.array if output == "npy" else answer.picture


@pytest.mark.parametrize("output", ARRAYS)
@pytest.mark.parametrize(
    ("given", "wanted"),
    [((5, 6), (5, 6)), ((5, 6, 2), (5, 6, 2)), ((5, 6, 3), (5, 6, 3)), ((5, 6, 4), (5, 6, 4))],
    ids=["gray", "gray-alpha", "rgb", "rgba"],
)
def test_arrays_have_no_axis_for_a_single_channel_and_one_for_several(draw, output, given, wanted):
    picture = draw(*given)
    answer = convolve_a_picture(picture, kernel=KERNEL.tolist(), output=output)
    array = numbers_of(answer, output)
    assert array.shape == wanted
    colors = {2: 1, 4: 3}.get(given[-1], 3) if len(given) == 3 else None
    got, color = (
        (array, picture) if colors is None else (array[..., :colors], picture[..., :colors])
    )
    np.testing.assert_array_equal(got, expected(color, KERNEL))


@pytest.mark.parametrize("output", ARRAYS)
def test_arrays_hold_the_raw_float64_numbers(draw, output):
    picture = draw(7, 8)
    answer = convolve_a_picture(picture, kernel=(KERNEL / 7).tolist(), output=output)
    array = numbers_of(answer, output)
    assert array.dtype == np.float64
    assert array.min() < 0
    np.testing.assert_allclose(array, expected(picture, KERNEL / 7), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("output", FLOATS)
@pytest.mark.parametrize("shape", [(7, 8), (7, 8, 3), (7, 8, 4)], ids=str)
def test_a_float_picture_holds_the_numbers_as_float32(draw, output, shape):
    picture = draw(*shape)
    answer = convolve_a_picture(
        picture, kernel=(KERNEL / 7).tolist(), output=output, scaling="none"
    )
    colors = picture[..., :3] if len(shape) == 3 else picture
    wanted = expected(colors, KERNEL / 7).astype(np.float32)
    assert answer.picture.dtype == np.float32
    shown = answer.picture[..., :3] if len(shape) == 3 else answer.picture
    np.testing.assert_allclose(shown, wanted, rtol=1e-6)
    if shape[-1] == 4:
        np.testing.assert_array_equal(answer.picture[:, :, 3], picture[:, :, 3])


@pytest.mark.parametrize("output", [name for name in PICTURES if name not in FLOATS])
def test_formats_of_levels_refuse_numbers_as_they_are(draw, output):
    with pytest.raises(InvalidRequest, match="TIFF, NPY, JSON") as caught:
        convolve_a_picture(draw(3, 3), kernel="box", output=output, scaling="none")
    assert [fault.pointer for fault in caught.value.faults] == ["/scaling"]


@pytest.mark.parametrize("output", [each.name for each in WRITTEN if each.lossless])
def test_clip_rounds_half_to_even_and_saturates_in_every_format(output):
    picture = np.array([[0, 1, 3, 5, 255, 254]], np.uint8)
    answer = convolve_a_picture(picture, kernel=[[0.5]], output=output, scaling="clip")
    shown = numbers_of(answer, output)
    shown = shown[..., 0] if shown.ndim == 3 else shown
    assert shown.tolist() == [[0, 0, 2, 2, 128, 127]]
    loud = convolve_a_picture(picture, kernel=[[3]], bias=-9, output=output, scaling="clip")
    shown = numbers_of(loud, output)
    shown = shown[..., 0] if shown.ndim == 3 else shown
    assert shown.tolist() == [[0, 0, 0, 6, 255, 255]]


@pytest.mark.parametrize("output", [each.name for each in WRITTEN if each.lossless])
def test_minmax_stretches_the_result_from_black_to_white_in_every_format(draw, output):
    picture = draw(6, 7)
    answer = convolve_a_picture(picture, kernel=KERNEL.tolist(), output=output, scaling="minmax")
    raw = expected(picture, KERNEL)
    wanted = np.rint((raw - raw.min()) / (raw.max() - raw.min()) * 255)
    shown = numbers_of(answer, output)
    np.testing.assert_array_equal(shown[..., 0] if shown.ndim == 3 else shown, wanted)


def test_minmax_stretches_sixteen_bits_to_65535(draw):
    picture = draw(6, 7, dtype=np.uint16) // 100
    answer = convolve_a_picture(picture, kernel="identity", scaling="minmax")
    assert (answer.picture.min(), answer.picture.max()) == (0, 65535)


def test_minmax_leaves_alpha_alone(draw):
    picture = draw(6, 7, 2) // 2
    answer = convolve_a_picture(picture, kernel="identity", scaling="minmax")
    np.testing.assert_array_equal(answer.picture[:, :, 1], picture[:, :, 1])


def test_a_constant_picture_stretched_is_black():
    picture = np.full((4, 5), 200, np.uint8)
    assert not convolve_a_picture(picture, kernel="box", scaling="minmax").picture.any()


def test_the_magnitude_is_taken_before_the_bias_is_added(draw):
    picture = draw(6, 7)
    options = {"kernel": KERNEL.tolist(), "absolute": True, "bias": -40.5}
    wanted = np.abs(expected(picture, KERNEL)) - 40.5
    np.testing.assert_array_equal(convolve_a_picture(picture, **options).picture, levels(wanted))
    raw = convolve_a_picture(picture, output="npy", **options)
    np.testing.assert_allclose(raw.array, wanted, atol=1e-11)


def test_a_bias_of_the_step_comes_before_the_magnitude_of_the_request(draw):
    picture = draw(9, 8)
    numbers = expected(picture, KERNEL)
    options = {"absolute": True, "bias": 3}
    steps = [{"kernel": KERNEL.tolist(), "bias": -40}]
    answer = convolve_a_picture(picture, steps=steps, **options)
    np.testing.assert_array_equal(answer.picture, levels(np.abs(numbers - 40) + 3))
    answer = convolve_a_picture(picture, steps=[{**steps[0], "absolute": True}], **options)
    np.testing.assert_array_equal(answer.picture, levels(np.abs(np.abs(numbers) - 40) + 3))


def test_a_bias_of_the_kernel_comes_before_any_magnitude(draw):
    picture = draw(9, 8)
    kernel = {"name": "custom", "values": KERNEL.tolist(), "bias": -40}
    answer = convolve_a_picture(picture, kernel=kernel, absolute=True, bias=3)
    wanted = np.abs(expected(picture, KERNEL) - 40) + 3
    np.testing.assert_array_equal(answer.picture, levels(wanted))


@pytest.mark.parametrize(
    ("gain", "bias", "level"),
    [(1e9, -1.9999999999e10, 1), (50_000, -999_989.49, 11), (50_000, -999_989.51, 10)],
)
def test_a_large_bias_costs_no_precision(gain, bias, level):
    picture = np.array([[10, 20, 30]], np.uint8)
    answer = convolve_a_picture(picture, kernel=[[gain]], bias=bias)
    assert answer.picture.tolist() == [[0, level, 255]]


@pytest.mark.parametrize("gain", [1000, 4000])
def test_a_large_bias_costs_no_precision_where_the_kernel_is_small(gain):
    picture = np.array([[10, 250]], np.uint8)
    answer = convolve_a_picture(picture, kernel=[[gain]], bias=10.505 - 250 * gain)
    assert answer.picture.tolist() == [[0, 11]]


def test_the_kernel_is_included_in_a_json_answer_that_asks_for_it(draw):
    answer = convolve_a_picture(draw(3, 3), kernel="sobel", output="json", include=["kernel"])
    kernel = answer.json["kernel"]
    assert kernel["combine"] == "magnitude"
    assert [each["shape"] for each in kernel["kernels"]] == [[3, 3], [3, 3]]
    plain = convolve_a_picture(draw(3, 3), kernel="sobel", output="json")
    assert set(plain.json) == {"result", "shape", "plan"}


@pytest.mark.parametrize("output", [each.name for each in WRITTEN if each.name != "json"])
def test_other_formats_have_no_room_for_a_kernel(draw, output):
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_picture(draw(3, 3), kernel="box", output=output, include=["kernel"])
    assert [fault.pointer for fault in caught.value.faults] == ["/include"]


def test_the_whole_specification_in_one_field_says_what_the_fields_say_one_by_one(draw):
    options = {
        "kernel": KERNEL.tolist(),
        "mode": "full",
        "boundary": "constant",
        "fill_value": 30.5,
        "operation": "correlate",
        "normalize": "l2",
        "method": "direct",
        "absolute": True,
        "bias": 3.25,
        "scaling": "minmax",
        "channels": "green",
    }
    picture = draw(6, 7, 3)
    single = convolve_a_picture(picture, **options)
    whole = convolve_a_picture(picture, spec=orjson.dumps(options).decode())
    assert single.body == whole.body
    assert single.body != convolve_a_picture(picture, kernel=KERNEL.tolist()).body


@pytest.mark.parametrize(
    ("limits", "options", "pointer", "named"),
    [
        ({"max_picture_pixels": 41}, {"kernel": "box"}, "/image", "42"),
        ({"max_picture_side": 6}, {"kernel": "box"}, "/image", "7"),
        ({"max_kernel_side": 4}, {"kernel": {"name": "box", "size": 5}}, "/kernel/size", "4"),
        ({"max_kernel_side": 4}, {"kernel": np.ones((2, 5)).tolist()}, "/kernel", "4"),
    ],
    ids=["pixels", "side", "kernel-size", "kernel"],
)
def test_over_a_limit_the_error_tells_the_limit_and_where(draw, limits, options, pointer, named):
    with pytest.raises(LimitExceeded, match=named) as caught:
        convolve_a_picture(draw(6, 7), limits=limits, **options)
    assert [fault.pointer for fault in caught.value.faults] == [pointer]
    relaxed = {name: value + 1 for name, value in limits.items()}
    assert convolve_a_picture(draw(6, 7), limits=relaxed, **options).body


def test_the_limit_on_work_is_one_for_all_kernels_of_a_bank(draw):
    picture = draw(60, 70)
    one = convolve_a_picture(picture, kernel={"name": "kirsch", "direction": "N"}, output="json")
    work = one.json["plan"]["multiply_adds"]
    convolve_a_picture(picture, kernel="kirsch", limits={"max_multiply_adds": 8 * work})
    with pytest.raises(LimitExceeded, match="multiply-adds"):
        convolve_a_picture(picture, kernel="kirsch", limits={"max_multiply_adds": 8 * work - 1})


def test_a_bank_over_the_limit_on_work_is_told_the_limit_and_its_own_work(draw):
    picture = draw(60, 70)
    one = convolve_a_picture(picture, kernel={"name": "kirsch", "direction": "N"}, output="json")
    work = one.json["plan"]["multiply_adds"]
    with pytest.raises(LimitExceeded) as caught:
        convolve_a_picture(picture, kernel="kirsch", limits={"max_multiply_adds": 7.5 * work})
    assert f"{7.5 * work:.2g}" in caught.value.detail


def test_json_is_not_written_for_more_numbers_than_a_signal_may_have(draw):
    limits = {"max_signal_samples": 41}
    with pytest.raises(LimitExceeded, match="42 numbers") as caught:
        convolve_a_picture(draw(6, 7), kernel="box", output="json", limits=limits)
    assert [fault.pointer for fault in caught.value.faults] == ["/format"]
    assert convolve_a_picture(draw(6, 7), kernel="box", output="npy", limits=limits).body


@pytest.mark.parametrize("output", PICTURES)
def test_a_small_file_holds_the_same_picture(draw, output):
    picture = cv2.GaussianBlur(draw(90, 80, 3), (0, 0), 3)
    kept, small = (
        convolve_a_picture(picture, kernel="sobel", output=output, compression=each)
        for each in ("fast", "small")
    )
    np.testing.assert_array_equal(small.picture, kept.picture)
    assert len(small.body) < 1.02 * len(kept.body)
    left_out = convolve_a_picture(picture, kernel="sobel", output=output)
    assert left_out.body == kept.body


@pytest.mark.parametrize("output", ["npy", "json"])
def test_plain_numbers_are_not_made_small(draw, output):
    convolve_a_picture(draw(4, 5), kernel=[[1]], output=output, compression="fast")
    with pytest.raises(InvalidRequest, match="PNG") as caught:
        convolve_a_picture(draw(4, 5), kernel=[[1]], output=output, compression="small")
    assert caught.value.faults[0].pointer == "/compression"


def test_the_resolution_of_a_picture_is_that_of_its_result(draw):
    file = BytesIO()
    Image.fromarray(draw(6, 7, 3)).save(file, "png", dpi=(300, 150))
    body = convolve_a_picture(file.getvalue(), kernel="box").body
    with Image.open(BytesIO(body)) as image:
        assert image.info["dpi"] == pytest.approx((300, 150), rel=1e-3)


@pytest.mark.parametrize("shape", [(4, 5, 2), (4, 5, 4)], ids=["gray", "rgb"])
def test_formats_without_alpha_refuse_a_transparent_picture(draw, shape):
    for name in PICTURES:
        if FORMATS[name].alpha:
            assert convolve_a_picture(draw(*shape), kernel="box", output=name).body
            continue
        with pytest.raises(InvalidRequest, match="no transparency") as caught:
            convolve_a_picture(draw(*shape), kernel="box", output=name)
        assert [fault.pointer for fault in caught.value.faults] == ["/format"]


def test_valid_with_a_kernel_larger_than_the_picture_is_refused(draw):
    with pytest.raises(InvalidRequest, match="3 x 3, the input 2 x 9"):
        convolve_a_picture(draw(2, 9), kernel="laplacian", mode="valid")


def test_a_result_beyond_a_float32_is_refused_for_a_float_tiff_and_given_as_npy(draw):
    options = {"kernel": [[1e300]], "scaling": "none"}
    with pytest.raises(ResultNotFinite):
        convolve_a_picture(draw(3, 3), output="tiff", **options)
    assert np.isfinite(convolve_a_picture(draw(3, 3), output="npy", **options).array).all()


@pytest.mark.parametrize("options", [{"kernel": [[1e308]]}, {"kernel": "sobel", "bias": 1.7e308}])
def test_overflow_is_an_error_where_it_happens_and_only_there(options):
    picture = np.array([[0, 255, 0, 255]], np.uint8)
    if "bias" in options:
        raw = convolve_a_picture(picture, output="npy", **options).array
        assert np.all(raw == 1.7e308)
    else:
        with pytest.raises(ResultNotFinite):
            convolve_a_picture(picture, output="npy", **options)


def test_without_a_picture_the_request_is_refused():
    with pytest.raises(InvalidRequest) as caught:
        call(convolve_picture, {"kernel": b"box"}, LIMITS, output="png", include=())
    assert [fault.pointer for fault in caught.value.faults] == ["/image"]


def test_a_picture_that_is_cut_short_is_refused(draw):
    with pytest.raises(UndecodablePicture):
        convolve_a_picture(png_of(draw(40, 50))[:-300], kernel="box")


@pytest.mark.parametrize(
    ("options", "pointers"),
    [
        ({}, ["/kernel"]),
        ({"kernel": "box", "modus": "same"}, ["/modus"]),
        ({"kernel": "box", "mode": "some", "bias": "much"}, ["/mode", "/bias"]),
        ({"kernel": "box", "bias": "NaN"}, ["/bias"]),
        ({"kernel": "box", "bias": "1e400"}, ["/bias"]),
        ({"kernel": "box", "bias": True}, ["/bias"]),
        ({"kernel": "box", "absolute": 1}, ["/absolute"]),
        ({"kernel": [[1, 2], [3]]}, ["/kernel/1"]),
        ({"kernel": [[1, True]]}, ["/kernel/0/1"]),
        ({"kernel": {"name": "box", "size": 2.5}}, ["/kernel/size"]),
        ({"kernel": {"name": "custom", "values": [["1"]]}}, ["/kernel/values/0/0"]),
        ({"kernel": "laplacian", "normalize": "sum"}, ["/normalize"]),
    ],
)
def test_a_fault_is_told_with_the_pointer_to_its_field(draw, options, pointers):
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_picture(draw(3, 3), **options)
    assert [fault.pointer for fault in caught.value.faults] == pointers
