"""Pictures that are computed a few rows at a time come out as if computed whole."""

from __future__ import annotations

import numpy as np
import pytest

from service.convolution.operand import Operand
from service.convolution.options import Boundary
from service.pipelines import rows as rows_module
from service.pipelines.rows import Mapped, Stored, bands, bordered_rows, collected
from tests.pipelines.calling import convolve_a_picture, npy_of, tiff_of
from tests.pipelines.expectation import expected, levels

KERNEL = [[1, 2, 0], [0, 3, -1], [-1, 1, -4], [2, 0, 1]]
SMOOTH = [[1.5, 2, 0.1], [0, 3, 1], [1, 1.1, 4], [2, 0, 1]]
PAD = {each: each.value for each in Boundary}


def padded(samples, above, below, columns, boundary, fill):
    constant = {"constant_values": fill} if boundary is Boundary.CONSTANT else {}
    widths = [(above, below), columns, (0, 0)]
    return np.pad(samples.astype(float), widths, mode=PAD[boundary], **constant)


@pytest.mark.parametrize("boundary", Boundary)
@pytest.mark.parametrize(("above", "below"), [(0, 0), (2, 1), (6, 17)])
@pytest.mark.parametrize("fill", [0.0, 7.0, -3.0, 0.1])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_any_rows_with_their_border_are_those_of_the_whole_with_its_border(
    draw, boundary, above, below, fill, dtype
):
    samples = draw(6, 5, 3).astype(dtype)
    whole = padded(samples, above, below, (2, 4), boundary, fill)
    for first in range(-above, 6 + below):
        for last in range(first + 1, 7 + below):
            if last <= 0 or first >= 6:
                continue
            result = bordered_rows(Stored(samples), first, last, (2, 4), boundary, fill)
            wanted = whole[first + above : last + above]
            np.testing.assert_array_equal(result, wanted, err_msg=f"{first} to {last}")


def test_a_border_made_of_distant_rows_asks_for_each_once(draw):
    samples = draw(9, 2, 1)
    asked = []

    class Noting(Stored):
        def rows(self, first, last):
            asked.append((first, last))
            return super().rows(first, last)

    result = bordered_rows(Noting(samples), -2, 3, (0, 0), Boundary.WRAP, 0.0)
    np.testing.assert_array_equal(result, samples[[7, 8, 0, 1, 2]])
    assert asked == [(0, 3), (7, 9)]


@pytest.mark.parametrize(("reach", "step"), [(0, 1), (3, 1), (0, 7), (50, 6)])
def test_bands_cover_a_picture_once_and_in_order(reach, step):
    picture = Stored(np.broadcast_to(np.uint8(0), (1000, 30_000, 1)), reach, step)
    found = [row for band in bands(picture) for row in range(band.start, band.stop)]
    assert found == list(range(1000))
    counts = {band.stop - band.start for band in list(bands(picture))[:-1]}
    assert all(count % step == 0 and count >= 4 * reach for count in counts)


def test_a_multiple_that_would_take_too_many_rows_is_not_asked_for():
    picture = Stored(np.broadcast_to(np.uint8(0), (1000, 30_000, 1)), reach=5, step=600)
    found = list(bands(picture))
    assert max(band.stop - band.start for band in found) < 100
    assert sum(band.stop - band.start for band in found) == 1000


def test_what_is_collected_is_what_the_function_gives(draw):
    samples = draw(6, 5, 3)
    mapped = Mapped(Stored(samples), lambda rows: rows / 2, Operand((6, 5, 3), 127.5, whole=False))
    np.testing.assert_array_equal(collected(mapped).samples, samples / 2)
    stored = Stored(samples)
    assert collected(stored) is stored


RGB, RGBA, GRAY = (29, 23, 3), (29, 23, 4), (29, 23)
GAUSSIAN = {"name": "gaussian", "size": 9, "sigma": 2}
JOBS = {
    "whole taps": (RGB, {"kernel": KERNEL}),
    "fractions": (RGB, {"kernel": SMOOTH}),
    "two passes": (GRAY, {"kernel": GAUSSIAN}),
    "a transform": (RGB, {"kernel": SMOOTH, "method": "fft"}),
    "a large kernel": (RGB, {"kernel": {"name": "box", "size": 40}, "boundary": "reflect"}),
    "several kernels": (RGB, {"kernel": "sobel", "bias": 3.5}),
    "a compass": (GRAY, {"kernel": {"name": "kirsch", "direction": "all"}}),
    "magnitude and bias": (RGB, {"kernel": KERNEL, "absolute": True, "bias": 9}),
    "stretched": (RGB, {"kernel": KERNEL, "absolute": True, "scaling": "minmax"}),
    "16 bits": (RGB, {"kernel": SMOOTH, "depth": 16}),
    "strides": (RGB, {"kernel": KERNEL, "stride": [2, 3], "dilation": [3, 2]}),
    "a stride of a transform": (RGB, {"kernel": GAUSSIAN, "stride": [3, 1], "method": "fft"}),
    "a long stride": (RGB, {"kernel": KERNEL, "stride": 5, "mode": "full"}),
    "valid": (RGBA, {"kernel": KERNEL, "mode": "valid"}),
    "full": (RGBA, {"kernel": KERNEL, "mode": "full", "boundary": "constant", "fill_value": 9.5}),
    "premultiplied": (RGBA, {"kernel": SMOOTH, "alpha": "premultiplied", "bias": 5}),
    "premultiplied light": (
        RGBA,
        {"steps": [SMOOTH, GAUSSIAN], "alpha": "premultiplied", "linear_light": True},
    ),
    "light": (RGB, {"kernel": GAUSSIAN, "linear_light": True, "absolute": True}),
    "luma": (RGB, {"kernel": KERNEL, "channels": "luma"}),
    "one channel": (RGB, {"kernel": KERNEL, "channels": "green", "boundary": "wrap"}),
    "steps": (
        RGB,
        {
            "steps": [
                KERNEL,
                {"kernel": "sobel", "mode": "full", "absolute": True},
                {"kernel": GAUSSIAN, "stride": 2, "boundary": "wrap", "bias": 1.5},
            ]
        },
    ),
}


@pytest.fixture
def few_rows(monkeypatch):
    """Bands of a row or two, but where more are asked for."""
    monkeypatch.setattr(rows_module, "_SAMPLES_AT_ONCE", 100)
    monkeypatch.setattr(rows_module, "_ROWS_PER_REACH", 0)


@pytest.mark.parametrize("boundary", ["symmetric", "wrap", "constant"])
@pytest.mark.parametrize("output", ["png", "npy"])
@pytest.mark.parametrize("name", JOBS)
def test_a_picture_in_bands_is_the_picture_as_a_whole(draw, request, name, output, boundary):
    shape, options = JOBS[name]
    options = {"boundary": boundary, **options}
    if "depth" in options:
        options["scaling"] = "clip"
    picture = draw(*shape)
    whole = convolve_a_picture(picture, output=output, **options)
    request.getfixturevalue("few_rows")
    parts = convolve_a_picture(picture, output=output, **options)
    assert parts.facts["plan"] == whole.facts["plan"]
    if output == "png":
        np.testing.assert_array_equal(parts.picture, whole.picture)
    else:
        np.testing.assert_allclose(parts.array, whole.array, rtol=0, atol=1e-10 * 65535)


def test_gaps_in_bands_are_the_gaps_of_the_whole(request):
    samples = np.random.default_rng(4).uniform(0, 255, (29, 23, 3)).astype(np.float32)
    samples[4:20, 5:9] = np.nan
    options = {"steps": [SMOOTH, GAUSSIAN], "nan": "ignore", "output": "npy"}
    whole = convolve_a_picture(tiff_of(samples), **options).array
    request.getfixturevalue("few_rows")
    parts = convolve_a_picture(tiff_of(samples), **options).array
    np.testing.assert_allclose(parts, whole, rtol=1e-12)


def test_rows_that_float32_cannot_decide_are_computed_again_alone(request):
    # Mirrored taps put every edge between black and white on a half.
    picture = np.zeros((40, 300), np.uint8)
    picture[20:, ::2] = 255
    kernel = {"name": "gaussian", "size": 8, "sigma": 1.7}
    options = {"kernel": kernel, "boundary": "wrap"}
    whole = convolve_a_picture(picture, **options)
    assert "precision=float64" in whole.facts["plan"]
    request.getfixturevalue("few_rows")
    parts = convolve_a_picture(picture, **options)
    assert "precision=float64" in parts.facts["plan"]
    np.testing.assert_array_equal(parts.picture, whole.picture)


@pytest.mark.parametrize("width", [700, 1001])
@pytest.mark.parametrize("column", [20, 333, 681])
@pytest.mark.parametrize("taps", [8, 3])
def test_a_single_edge_in_a_large_picture_is_rounded_as_float64_rounds_it(width, column, taps):
    # Between black and white mirrored taps sum to the half, along one column alone.
    picture = np.zeros((500, width), np.uint8)
    picture[:, column:] = 255
    for spread in (3.7, 5.1, 8.3, 13.9):
        falling = np.exp(-(np.arange(taps) ** 2) / spread)
        kernel = np.concatenate([falling[::-1], falling])[np.newaxis]
        answer = convolve_a_picture(picture, kernel=kernel.tolist(), normalize="sum")
        wanted = expected(picture, kernel / kernel.sum())
        halves = np.abs(wanted % 1 - 0.5) < 1e-9
        np.testing.assert_array_equal(answer.picture[~halves], levels(wanted)[~halves])
        assert np.count_nonzero(halves) == 500
        assert set(answer.picture[halves]) == {128}


def test_a_file_of_numbers_is_as_numpy_writes_it(draw):
    for shape in (GRAY, RGB, RGBA):
        picture = draw(*shape)
        answer = convolve_a_picture(picture, kernel=[[1]], output="npy", scaling="clip")
        assert answer.body == npy_of(picture)
