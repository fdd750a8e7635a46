"""A picture as the kernel: a point-spread function."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.errors import (
    InvalidRequest,
    LimitExceeded,
    ServiceError,
    UndecodablePicture,
    UnsupportedMediaType,
)
from service.pipelines.pictures import convolve_picture
from service.pipelines.signals import convolve_signal
from tests.pipelines.calling import LIMITS, call, npy_of, png_of, text_of, tiff_of
from tests.pipelines.expectation import dilated, expected

SPREAD = np.array([[0, 3, 90, 7], [12, 255, 30, 0], [1, 0, 60, 200]], np.uint8)


def blur(picture, spread, output="npy", include=(), limits=LIMITS, **options: Any):
    parts = {name: text_of(value) for name, value in options.items()}
    parts |= {"image": png_of(picture), "kernel_image": spread}
    return call(convolve_picture, parts, limits, output=output, include=include)


def pointers(error):
    return [fault.pointer for fault in error.value.faults]


def luma(color):
    return color.astype(float) @ [0.299, 0.587, 0.114]


@pytest.mark.parametrize("kind", ["png", "tiff", "16-bit", "float"])
def test_the_picture_is_convolved_with_the_samples_over_their_sum(draw, kind):
    picture = draw(9, 10, 3)
    spread = {
        "png": png_of(SPREAD),
        "tiff": tiff_of(SPREAD),
        "16-bit": png_of(SPREAD.astype(np.uint16) * 77),
        "float": tiff_of(SPREAD.astype(np.float32) / 7),
    }[kind]
    wanted = expected(picture, SPREAD / SPREAD.sum(dtype=float))
    np.testing.assert_allclose(blur(picture, spread).array, wanted, rtol=0, atol=1e-4)


@pytest.mark.parametrize("channels", [3, 4])
def test_of_a_coloured_one_the_luma_counts_and_alpha_does_not(draw, channels):
    picture, spread = draw(9, 10), draw(4, 3, channels)
    kernel = luma(spread[..., :3])
    wanted = expected(picture, kernel / kernel.sum())
    np.testing.assert_allclose(blur(picture, png_of(spread)).array, wanted, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("normalize", "divisor"),
    [
        ("none", 1.0),
        ("sum", SPREAD.sum(dtype=float)),
        ("peak", 255.0),
        ("l2", np.sqrt(np.square(SPREAD.astype(float)).sum())),
    ],
)
def test_it_is_divided_by_what_the_request_says(draw, normalize, divisor):
    picture = draw(9, 10)
    answer = blur(picture, png_of(SPREAD), normalize=normalize)
    np.testing.assert_allclose(answer.array, expected(picture, SPREAD / divisor), rtol=1e-12)


@pytest.mark.parametrize("normalize", [None, "sum"])
def test_a_black_one_has_no_sum(draw, normalize):
    given = {} if normalize is None else {"normalize": normalize}
    with pytest.raises(InvalidRequest, match="zero") as caught:
        blur(draw(4, 5), png_of(np.zeros((3, 2), np.uint8)), **given)
    assert pointers(caught) == ["/kernel_image" if normalize is None else "/normalize"]
    assert not blur(draw(4, 5), png_of(np.zeros((3, 2), np.uint8)), normalize="none").array.any()


def test_the_options_beside_it_hold(draw):
    picture = draw(12, 13)
    answer = blur(
        picture,
        png_of(SPREAD),
        mode="full",
        boundary="wrap",
        operation="correlate",
        dilation=2,
        stride=[1, 2],
        normalize="none",
    )
    wanted = expected(picture, dilated(SPREAD.astype(float), 2), "full", "wrap", 0, "correlate")
    np.testing.assert_allclose(answer.array, wanted[:, ::2], rtol=1e-12)


def test_its_taps_are_included_as_a_custom_kernels(draw):
    answer = blur(draw(5, 6), png_of(SPREAD), "json", ["kernel"])
    (kernel,) = answer.json["kernel"]["kernels"]
    np.testing.assert_allclose(kernel["values"], SPREAD / SPREAD.sum(dtype=float))
    assert kernel["shape"] == [3, 4]


@pytest.mark.parametrize(
    ("options", "beside"),
    [({"kernel": "box"}, "kernel"), ({"steps": ["box"]}, "steps")],
)
def test_it_stands_beside_no_other_kernel(draw, options, beside):
    with pytest.raises(InvalidRequest, match=f"beside {beside}") as caught:
        blur(draw(4, 5), png_of(SPREAD), **options)
    assert pointers(caught) == ["/kernel_image"]


BROKEN = {
    "cut short": (png_of(np.tile(SPREAD, (9, 9)))[:-40], UndecodablePicture),
    "no picture": (b"laplacian", UnsupportedMediaType),
    "empty": (b"", InvalidRequest),
    "of a text": (b"[[1, 2], [3, 4]]", UnsupportedMediaType),
    "of an array": (npy_of(SPREAD), UnsupportedMediaType),
    "not finite": (tiff_of(np.array([[1, np.nan], [2, 3]], np.float32)), UndecodablePicture),
    "infinite": (tiff_of(np.array([[1, np.inf], [2, 3]], np.float32)), UndecodablePicture),
    "too long": (png_of(np.ones((1025, 1), np.uint8)), LimitExceeded),
    "too wide": (png_of(np.ones((2, 1025, 3), np.uint8)), LimitExceeded),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("nan", ["error", "ignore"])
def test_what_is_wrong_with_it_is_told_at_its_own_place(draw, name, nan):
    data, kind = BROKEN[name]
    with pytest.raises(ServiceError) as caught:
        blur(draw(4, 5), data, nan=nan)
    assert type(caught.value) is kind
    assert pointers(caught) == ["/kernel_image"]


def test_a_frame_is_one_of_the_picture_and_not_of_the_kernel(draw):
    with pytest.raises(InvalidRequest) as caught:
        blur(draw(4, 5), png_of(SPREAD), frame=1)
    assert pointers(caught) == ["/frame"]


def test_signals_have_none():
    parts = {"signal": b"1,2,3", "kernel_image": png_of(SPREAD)}
    with pytest.raises(ServiceError):
        call(convolve_signal, parts, LIMITS, output="json", include=())
