"""NaN among the samples: refused, or left out by normalised convolution."""

from __future__ import annotations

import numpy as np
import orjson
import pytest

from service.convolution.options import Boundary, Mode
from service.errors import InvalidRequest, ResultNotFinite, UndecodablePicture
from tests.pipelines.calling import convolve_a_picture, convolve_a_signal, npy_of, tiff_of
from tests.pipelines.expectation import expected

TAPS = np.array([1.0, 3, 0.5, 2])
KERNEL = np.array([[1.0, 2, 0.5], [0.25, 3, 1]])


def gappy(*shape):
    """Random numbers with single gaps, and one gap that is wider than a kernel."""
    random = np.random.default_rng([8, *shape])
    samples = random.normal(50, 20, shape)
    samples[random.random(shape) < 0.15] = np.nan
    samples[tuple(slice(3, 11) for _ in shape[:2])] = np.nan
    return samples


def ignoring(samples, kernel, fill_value=0.0, **options):
    """The sum over the numbers in reach, over the taps that met them, times all of the taps."""
    missing = np.isnan(samples)
    sums = expected(np.where(missing, 0, samples), kernel, fill_value=fill_value, **options)
    weights = expected(1.0 - missing, kernel, fill_value=1.0, **options)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(weights > 1e-9 * kernel.sum(), sums / weights * kernel.sum(), np.nan)


def as_json(samples):
    """Rows of numbers and None."""
    return orjson.loads(orjson.dumps(samples, option=orjson.OPT_SERIALIZE_NUMPY))


SIGNALS = [(gappy(40), TAPS), (gappy(17, 19), KERNEL)]


@pytest.mark.parametrize(("signal", "kernel"), SIGNALS, ids=["1d", "2d"])
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("boundary", Boundary)
def test_gaps_of_a_signal_are_left_out(signal, kernel, mode, boundary):
    options = {"mode": mode, "boundary": boundary, "fill_value": 40}
    wanted = ignoring(signal, kernel, **options)
    assert np.isnan(wanted).any()
    answer = convolve_a_signal(
        signal=as_json(signal), kernel=kernel.tolist(), nan="ignore", **options
    )
    got = np.array(answer.json["result"], dtype=float)  # None becomes NaN
    np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-11)
    raw = convolve_a_signal(
        file=npy_of(signal), kernel=kernel.tolist(), nan="ignore", output="npy", **options
    )
    np.testing.assert_array_equal(raw.array, got)


def test_gaps_of_csv_are_left_out():
    text = b"1,2,nan\n4,NaN,6\n7,8,9\n"
    answer = convolve_a_signal(file=text, kernel=[[1, 2]], nan="ignore")
    table = np.array([[1, 2, np.nan], [4, np.nan, 6], [7, 8, 9]])
    wanted = ignoring(table, np.array([[1.0, 2]]), boundary="constant")
    np.testing.assert_allclose(np.array(answer.json["result"], float), wanted)


def test_stride_dilation_and_steps_hold_for_gaps_too():
    signal = gappy(40)
    signal[3:20] = np.nan
    wide = np.array([1.0, 0, 3, 0, 0.5, 0, 2])
    answer = convolve_a_signal(
        file=npy_of(signal),
        nan="ignore",
        output="npy",
        boundary="edge",
        steps=[
            {"kernel": TAPS.tolist(), "dilation": 2, "absolute": True, "bias": -3},
            {"kernel": [1, 4], "stride": 3},
        ],
    )
    first = np.abs(ignoring(signal, wide, boundary="edge")) - 3
    wanted = ignoring(first, np.array([1.0, 4]), boundary="edge")[::3]
    assert np.isnan(wanted).any()
    np.testing.assert_allclose(answer.array, wanted, rtol=1e-10)


@pytest.mark.parametrize(("signal", "kernel"), SIGNALS, ids=["1d", "2d"])
def test_a_signal_without_gaps_is_convolved_as_ever(signal, kernel):
    whole = np.nan_to_num(signal, nan=3.0)
    plain = convolve_a_signal(file=npy_of(whole), kernel=kernel.tolist(), output="npy")
    answer = convolve_a_signal(
        file=npy_of(whole), kernel=kernel.tolist(), output="npy", nan="ignore"
    )
    assert answer.body == plain.body


def test_each_kernel_of_several_leaves_gaps_out_for_itself():
    signal = gappy(17, 19)
    kernels = [KERNEL, KERNEL[::-1, ::-1]]
    answer = convolve_a_signal(
        file=npy_of(signal),
        kernel=[{"name": "custom", "values": each.tolist()} for each in kernels],
        combine="max",
        nan="ignore",
        output="npy",
    )
    results = [ignoring(signal, each, boundary="constant") for each in kernels]
    np.testing.assert_allclose(answer.array, np.maximum(*results), rtol=1e-11, atol=1e-11)


def test_a_signal_of_nothing_but_gaps_stays_one():
    answer = convolve_a_signal(
        signal=[None] * 9, kernel=TAPS.tolist(), nan="ignore", boundary="wrap"
    )
    assert answer.json["result"] == [None] * 9


@pytest.mark.parametrize("kernel", ["laplacian", [[1, -1]], ["box", [[1, -1]]], "sobel"])
def test_a_kernel_whose_taps_cancel_can_leave_nothing_out(kernel):
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_signal(signal=as_json(gappy(17, 19)), kernel=kernel, nan="ignore")
    assert [fault.pointer for fault in caught.value.faults] == ["/nan"]
    assert convolve_a_signal(signal=[[1, 2], [3, 4]], kernel=kernel, nan="ignore").body


@pytest.mark.parametrize("nan", ["error", None])
@pytest.mark.parametrize(
    ("signal", "place"),
    [
        ([1, None, None], "/signal/1"),
        ([[1, 2], [3, None], [None, 4]], "/signal/1/1"),
        (np.array([1, 2, np.nan, np.nan]), "/signal/2"),
        (np.array([[1, 2], [np.nan, 4]]), "/signal/1/0"),
        (np.array([[1, np.inf], [np.nan, 4]]), "/signal/0/1"),
        (b"1,2\n3,nan\n", "/signal/1/1"),
    ],
    ids=["json", "json-2d", "npy", "npy-2d", "npy-inf", "csv"],
)
def test_the_first_gap_is_told_where_there_should_be_none(signal, place, nan):
    given = {} if nan is None else {"nan": nan}
    if isinstance(signal, list):
        given["signal"] = signal
    else:
        given["file"] = signal if isinstance(signal, bytes) else npy_of(signal)
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_signal(kernel=[1], **given)
    assert [fault.pointer for fault in caught.value.faults] == [place]


def test_an_infinity_is_no_gap():
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_signal(file=npy_of(np.array([1, np.nan, np.inf])), kernel=[1], nan="ignore")
    assert [fault.pointer for fault in caught.value.faults] == ["/signal/2"]
    picture = tiff_of(np.array([[1, np.nan], [-np.inf, 2]], np.float32))
    with pytest.raises(UndecodablePicture) as refused:
        convolve_a_picture(picture, kernel="box", nan="ignore")
    assert [fault.pointer for fault in refused.value.faults] == ["/image"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(17, 19), (17, 19, 3)], ids=["gray", "rgb"])
def test_gaps_of_a_float_picture_are_left_out(dtype, shape):
    samples = gappy(*shape).astype(dtype)
    picture = tiff_of(samples)
    options = {"kernel": KERNEL.tolist(), "nan": "ignore", "bias": 4, "absolute": True}
    wanted = np.abs(ignoring(samples.astype(float), KERNEL)) + 4
    assert np.isnan(wanted).any()
    raw = convolve_a_picture(picture, output="npy", **options)
    np.testing.assert_allclose(raw.array, wanted, rtol=1e-11)
    text = convolve_a_picture(picture, output="json", **options)
    np.testing.assert_array_equal(np.array(text.json["result"], float), raw.array)
    floats = convolve_a_picture(picture, output="tiff", scaling="none", **options)
    np.testing.assert_array_equal(floats.picture, raw.array.astype(np.float32))


@pytest.mark.parametrize("output", ["png", "jpeg", "webp", "tiff"])
def test_a_gap_in_the_result_is_no_level_and_small_ones_are_filled(output):
    samples = np.random.default_rng(9).uniform(0, 255, (9, 10)).astype(np.float32)
    samples[4, 5] = np.nan
    options = {"kernel": KERNEL.tolist(), "normalize": "sum", "nan": "ignore", "output": output}
    assert convolve_a_picture(tiff_of(samples), **options).body
    samples[2:7, 2:7] = np.nan
    with pytest.raises(ResultNotFinite, match="no number is in reach"):
        convolve_a_picture(tiff_of(samples), **options)


@pytest.mark.parametrize("options", [{}, {"nan": "error"}])
def test_a_picture_with_gaps_is_refused_unless_they_are_to_be_ignored(options):
    with pytest.raises(UndecodablePicture) as caught:
        convolve_a_picture(tiff_of(gappy(17, 19).astype(np.float32)), kernel="box", **options)
    assert [fault.pointer for fault in caught.value.faults] == ["/image"]


@pytest.mark.parametrize("alpha", ["preserve", "premultiplied"])
def test_a_gap_in_alpha_is_no_level_either(alpha):
    samples = np.random.default_rng(9).uniform(1, 255, (17, 19, 4)).astype(np.float32)
    samples[3:11, 3:11, 3] = np.nan
    options = {"kernel": KERNEL.tolist(), "nan": "ignore", "alpha": alpha}
    with pytest.raises(ResultNotFinite):
        convolve_a_picture(tiff_of(samples), output="png", **options)
    raw = convolve_a_picture(tiff_of(samples), output="npy", **options)
    assert np.isnan(raw.array[5, 5, 3])


@pytest.mark.parametrize("nan", ["skip", "", 1, True, None, ["ignore"], {}, "IGNORE"])
def test_what_is_no_way_to_treat_gaps_is_refused(draw, nan):
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_signal(kernel=[1], signal=[1, 2], nan=nan)
    assert [fault.pointer for fault in caught.value.faults] == ["/nan"]
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_picture(draw(3, 3), kernel="box", nan=nan)
    assert [fault.pointer for fault in caught.value.faults] == ["/nan"]
