"""How many bits the result has, and which picture of a file it is made of."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from service.errors import InvalidRequest, LimitExceeded
from service.formats.table import FORMATS, Subject
from tests.pipelines.calling import convolve_a_picture, tiff_of
from tests.pipelines.expectation import expected, levels

KERNEL = np.array([[1.0, 2, 0], [0, 1, -1], [3, 1, 1]]) / 8
WRITTEN = [each for each in FORMATS.values() if Subject.PICTURE in each.writes]
DEEP = [each.name for each in WRITTEN if 16 in each.depths]
SHALLOW = [each.name for each in WRITTEN if 16 not in each.depths]


def shown(answer, output):
    if output == "json":
        return np.array(answer.json["result"])
    return answer.array if output == "npy" else answer.picture


def pointers(error):
    return [fault.pointer for fault in error.value.faults]


@pytest.mark.parametrize("output", DEEP)
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_the_result_has_the_depth_that_is_asked_for(draw, output, depth, dtype):
    whole = draw(9, 10, dtype=np.uint16 if dtype is np.uint16 else np.uint8)
    picture = tiff_of(whole.astype(dtype))
    options = {"kernel": KERNEL.tolist(), "depth": depth, "scaling": "clip", "output": output}
    result = shown(convolve_a_picture(picture, **options), output)
    white, top = (65535 if dtype is np.uint16 else 255), 2**depth - 1
    np.testing.assert_array_equal(result, levels(expected(whole, KERNEL) * (top / white), top))
    if output != "json":
        assert result.dtype == (np.uint8 if depth == 8 else np.uint16)


@pytest.mark.parametrize("alpha", ["preserve", "premultiplied"])
def test_alpha_gets_the_depth_of_the_colours(draw, alpha):
    picture = draw(6, 7, 4)
    picture[..., 3] |= 1
    answer = convolve_a_picture(picture, kernel="identity", depth=16, alpha=alpha)
    np.testing.assert_array_equal(answer.picture, picture.astype(np.uint16) * 257)
    deep = draw(6, 7, 4, dtype=np.uint16)
    flat = convolve_a_picture(deep, kernel="identity", depth=8)
    np.testing.assert_array_equal(flat.picture, levels(deep / 257))


@pytest.mark.parametrize("scaling", ["clip", "minmax"])
@pytest.mark.parametrize("depth", [8, 16])
def test_every_level_of_a_depth_is_true_of_8_bit_pictures_too(draw, scaling, depth):
    # Levels near one another, which minmax pulls apart.
    picture = 100 + draw(200, 201) % (2 if scaling == "minmax" else 100)
    kernel = np.random.default_rng(7).random((11, 12))
    kernel /= kernel.sum()
    answer = convolve_a_picture(picture, kernel=kernel.tolist(), scaling=scaling, depth=depth)
    raw, top = expected(picture, kernel), 2**depth - 1
    low, high = (raw.min(), raw.max()) if scaling == "minmax" else (0, 255)
    wanted = levels((raw - low) / (high - low) * top, top)
    distance = np.abs(answer.picture.astype(int) - wanted)
    assert distance.max() <= 1
    assert np.count_nonzero(distance) <= picture.size / 10_000


@pytest.mark.parametrize("output", SHALLOW)
def test_formats_of_8_bits_refuse_16_and_name_those_that_hold_them(draw, output):
    with pytest.raises(InvalidRequest, match="PNG, TIFF, NPY, JSON") as caught:
        convolve_a_picture(draw(3, 3), kernel="box", output=output, depth=16)
    assert pointers(caught) == ["/depth"]
    assert convolve_a_picture(draw(3, 3), kernel="box", output=output, depth=8).body


@pytest.mark.parametrize(
    ("output", "scaling"), [("npy", "none"), ("json", "none"), ("tiff", "none"), ("npy", None)]
)
def test_numbers_as_they_are_have_no_depth(draw, output, scaling):
    given = {} if scaling is None else {"scaling": scaling}
    with pytest.raises(InvalidRequest, match="scaling none") as caught:
        convolve_a_picture(draw(3, 3), kernel="box", output=output, depth=16, **given)
    assert pointers(caught) == ["/depth"]


@pytest.mark.parametrize("depth", [0, 1, 12, 32, -8, 8.5, True, [8], {}, "sixteen", 10**30])
def test_there_are_8_and_16_bits_and_nothing_else(draw, depth):
    text = str(depth) if depth == 10**30 else depth
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_picture(draw(3, 3), kernel="box", depth=text)
    assert pointers(caught) == ["/depth"]


def animation(pictures, kind):
    file = BytesIO()
    first, *others = (Image.fromarray(each) for each in pictures)
    lossless = {"lossless": True} if kind == "webp" else {}
    first.save(file, kind, save_all=True, append_images=others, duration=90, **lossless)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["gif", "tiff", "png", "webp"])
@pytest.mark.parametrize("frame", [None, 0, 1, 2])
def test_the_frame_asked_for_is_convolved(draw, kind, frame):
    pictures = [draw(9, 10), draw(9, 11)[:, 1:].copy(), draw(10, 10)[1:]]
    options = {} if frame is None else {"frame": frame}
    data = animation([np.ascontiguousarray(each) for each in pictures], kind)
    # As a gray picture, whatever the format has made of it.
    answer = convolve_a_picture(
        data, kernel=KERNEL.tolist(), channels="green", alpha="drop", output="npy", **options
    )
    np.testing.assert_allclose(answer.array, expected(pictures[frame or 0], KERNEL), atol=1e-10)


@pytest.mark.parametrize("kind", ["gif", "tiff", "png", "webp"])
@pytest.mark.parametrize(
    ("frame", "error"), [(3, InvalidRequest), (9_999, InvalidRequest), (10**9, LimitExceeded)]
)
def test_a_frame_that_is_not_there_is_refused(draw, kind, frame, error):
    data = animation([draw(9, 10), draw(10, 9).T.copy(), draw(10, 10)[1:].copy()], kind)
    with pytest.raises(error) as caught:
        convolve_a_picture(data, kernel="box", frame=frame)
    assert pointers(caught) == ["/frame"]


@pytest.mark.parametrize("frame", [-1, 1.5, True, None, "first", [0], {}, "1" + "0" * 30])
def test_a_frame_is_a_number_from_0_on(draw, frame):
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_picture(draw(3, 3), kernel="box", frame=frame)
    assert pointers(caught) == ["/frame"]
