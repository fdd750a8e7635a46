"""Kernels shown: their numbers, and their looks."""

from __future__ import annotations

import numpy as np
import orjson
import pytest

from service.errors import InvalidRequest, LimitExceeded, UnknownKernel
from service.formats.table import FORMATS, Subject
from service.kernels.catalogue import CATALOGUE, complete_by_name
from service.pipelines.kernels import show_kernel, show_named_kernel
from tests.pipelines.calling import LIMITS, call

NAMED = [name for name, entry in CATALOGUE.items() if complete_by_name(entry)]
OUTPUTS = [each.name for each in FORMATS.values() if Subject.KERNEL in each.writes]
# Figures, which take their time, have tests of their own.
UNDRAWN = [name for name in OUTPUTS if name != "svg"]
ASYMMETRIC = [[0, 1, 2], [3, 4, 5]]


def show(kernel, output="json", dimensions=None, limits=LIMITS):
    parts = {"kernel": orjson.dumps(kernel)}
    return call(show_kernel, parts, limits, dimensions=dimensions, output=output)


def show_named(name, output="json", dimensions=None, **parameters):
    parts = {key: str(value).encode() for key, value in parameters.items()}
    return call(show_named_kernel, parts, name=name, dimensions=dimensions, output=output)


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("output", UNDRAWN)
def test_every_kernel_that_is_complete_by_name_is_shown_in_every_format(name, output):
    assert show_named(name, output).body == show({"name": name}, output).body


def test_json_tells_taps_shape_sum_rank_and_separability():
    assert show(ASYMMETRIC).json == {
        "name": "custom",
        "values": ASYMMETRIC,
        "shape": [2, 3],
        "sum": 15.0,
        "rank": 2,
        "separable": False,
    }


def test_json_of_a_bank_tells_each_kernel_and_how_they_combine():
    document = show("sobel").json
    assert (document["name"], document["combine"]) == ("sobel", "magnitude")
    assert [each["values"] for each in document["kernels"]] == [
        [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
        [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
    ]


def test_taps_are_shown_as_they_are_applied_that_is_normalised():
    assert show_named("box", size=4).json["values"] == [0.25] * 4
    assert show_named("box", size=4, normalize="none").json["values"] == [1] * 4


def test_parameters_come_as_text_and_mean_what_they_mean_in_json():
    named = show_named("gaussian", size=7, sigma=1.5, sym="false", normalize="peak")
    whole = show({"name": "gaussian", "size": 7, "sigma": 1.5, "sym": False, "normalize": "peak"})
    assert named.json == whole.json


@pytest.mark.parametrize(("dimensions", "shape"), [(None, [5]), (1, [5]), (2, [5, 5])])
def test_a_kernel_of_one_dimension_is_shown_for_signals_or_for_pictures(dimensions, shape):
    assert show_named("box", size=5, dimensions=dimensions).json["shape"] == shape


@pytest.mark.parametrize(("axes", "shape"), [("rows", [1, 5]), ("columns", [5, 1])])
def test_a_kernel_laid_along_one_axis_is_one_for_pictures(axes, shape):
    assert show_named("box", size=5, axes=axes).json["shape"] == shape


def test_npy_of_one_kernel_is_its_taps_and_of_a_bank_their_stack():
    np.testing.assert_array_equal(show(ASYMMETRIC, "npy").array, ASYMMETRIC)
    assert show([1, 2, 4], "npy").array.shape == (3,)
    bank = show("kirsch", "npy").array
    assert bank.shape == (8, 3, 3)
    single = [show({"name": "kirsch", "direction": way}, "npy").array for way in ("N", "NE")]
    np.testing.assert_array_equal(bank[:2], single)


def test_the_picture_has_a_cell_a_tap_upright_from_black_to_white():
    picture = show(ASYMMETRIC, "png").picture
    height, width = picture.shape
    cell = width // 3
    assert (height, width) == (2 * cell, 3 * cell)
    assert cell > 100
    cells = picture.reshape(2, cell, 3, cell)
    np.testing.assert_array_equal(cells.min(axis=(1, 3)), cells.max(axis=(1, 3)))
    np.testing.assert_array_equal(cells[:, 0, :, 0], [[0, 51, 102], [153, 204, 255]])


def test_a_line_is_drawn_as_a_strip_tall_enough_to_be_seen():
    picture = show(list(range(300)), "png").picture
    assert picture.shape[0] >= 32
    np.testing.assert_array_equal(picture[0], picture[-1])
    assert (picture[0, 0], picture[0, -1]) == (0, 255)


def test_a_constant_kernel_is_neither_black_nor_white():
    assert set(np.unique(show([[2, 2], [2, 2]], "png").picture)) == {128}


def test_the_kernels_of_a_bank_stand_side_by_side_apart():
    picture = show("sobel", "png").picture
    single = [show({"name": "sobel", "direction": way}, "png").picture for way in "xy"]
    width = single[0].shape[1]
    np.testing.assert_array_equal(picture[:, :width], single[0])
    np.testing.assert_array_equal(picture[:, -width:], single[1])
    between = picture[:, width:-width]
    assert between.size
    assert set(np.unique(between)) == {255}


def test_more_taps_than_can_be_drawn_are_refused_for_a_picture_alone():
    with pytest.raises(LimitExceeded, match=r"4096.*5000") as caught:
        show_named("hann", "png", size=5000)
    assert [fault.pointer for fault in caught.value.faults] == ["/format"]
    assert show_named("hann", "npy", size=5000).array.shape == (5000,)


@pytest.mark.parametrize(
    ("kernel", "pointer"),
    [
        (3, ""),
        ({"size": 3}, "/name"),
        ({"name": "box", "size": 0}, "/size"),
        ({"name": "box", "sise": 3}, "/sise"),
        ([[1, 2], [3]], "/1"),
        ({"name": "custom", "values": [1, "2"]}, "/values/1"),
    ],
)
def test_pointers_begin_at_the_kernel_itself(kernel, pointer):
    with pytest.raises(InvalidRequest) as caught:
        show(kernel)
    assert [fault.pointer for fault in caught.value.faults] == [pointer]


def test_an_unknown_kernel_is_answered_with_the_nearest_names():
    with pytest.raises(UnknownKernel, match="gaussian"):
        show("gausian")


def test_a_kernel_of_two_dimensions_is_none_for_signals():
    with pytest.raises(InvalidRequest, match="two dimensions"):
        show_named("sobel", dimensions=1)


def test_the_name_in_the_path_can_not_be_given_again_as_a_parameter():
    parts = {"name": b"sobel"}
    with pytest.raises(InvalidRequest):
        call(show_named_kernel, parts, name="box", dimensions=None, output="json")
