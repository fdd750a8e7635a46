"""What counts as an array of numbers, and where a fault is said to be."""

import json

import numpy as np
import pytest

from service.convolution.arrays import numeric_array, require_finite
from service.errors import InvalidRequest

HUGE = 10**400


@pytest.mark.parametrize(
    "value",
    [
        [1],
        [0.5, -2, 3],
        [[1, 2.5, 3], [4, 5, -6]],
        [[7]],
        [2**53, 2**64, -(2**70), 10**300],
        [1.7976931348623157e308, 5e-324, -0.0],
    ],
)
def test_numbers_become_float64_of_the_same_value_and_shape(value):
    array = numeric_array(value, "/signal")
    assert array.dtype == np.float64
    assert array.tolist() == [
        [float(number) for number in row] if isinstance(row, list) else float(row) for row in value
    ]


FAULTS = {
    "nothing": ([], ""),
    "an empty row": ([[]], "/0"),
    "a later empty row": ([[1], []], "/1"),
    "a number": (3, ""),
    "a string": ("1,2", ""),
    "null": (None, ""),
    "a boolean": (True, ""),
    "an object": ({"0": 1}, ""),
    "true among numbers": ([1, True, 2], "/1"),
    "false at the start": ([False, 1], "/0"),
    "true in a row": ([[1, 2], [3, True]], "/1/1"),
    "a numeric string": ([1.0, "1.5"], "/1"),
    "a numeric string in a row": ([["1"], [2]], "/0/0"),
    "null among numbers": ([None], "/0"),
    "null in a row": ([[1, 2], [3, 4], [None, 6]], "/2/0"),
    "an object in a row": ([[1, {}]], "/0/1"),
    "a row among numbers": ([1, 2, [3]], "/2"),
    "a number among rows": ([[1], 2], "/1"),
    "three levels": ([[[1]]], "/0/0"),
    "three levels further on": ([[1, 2], [3, [4]]], "/1/1"),
    "a row too short": ([[1, 2], [3, 4], [5]], "/2"),
    "a row too long": ([[1, 2], [3, 4, 5]], "/1"),
    "a row of text": ([[1], "2"], "/1"),
    "infinity": ([1.0, 2.0, float("inf")], "/2"),
    "minus infinity in a row": ([[1.0, 2.0], [float("-inf"), 1.0]], "/1/0"),
    "not a number": ([float("nan"), 1.0], "/0"),
}


@pytest.mark.parametrize(("value", "below"), FAULTS.values(), ids=FAULTS.keys())
def test_anything_else_is_refused_at_its_place(value, below):
    with pytest.raises(InvalidRequest) as refused:
        numeric_array(value, "/kernel/values")
    assert [fault.pointer for fault in refused.value.faults] == ["/kernel/values" + below]


@pytest.mark.parametrize(("value"), [[1, HUGE], [[1, 2], [-HUGE, 3]]])
def test_an_integer_beyond_float64_is_refused(value):
    with pytest.raises(InvalidRequest) as refused:
        numeric_array(value, "/signal")
    assert refused.value.faults[0].pointer.startswith("/signal")


def test_what_json_reads_as_infinity_is_refused():
    with pytest.raises(InvalidRequest):
        numeric_array(json.loads("[1, 1e400]"), "/signal")


def test_the_message_does_not_echo_the_input():
    with pytest.raises(InvalidRequest) as refused:
        numeric_array([1, "<script>"], "/signal")
    assert "script" not in str(refused.value.to_wire())


def test_a_finite_array_is_handed_back_itself():
    array = np.ones((2, 3))
    assert require_finite(array, "") is array


def test_the_first_sample_that_is_not_finite_is_named():
    array = np.ones((2, 3, 2))
    array[1, 0, 1] = np.nan
    array[1, 2, 0] = np.inf
    with pytest.raises(InvalidRequest) as refused:
        require_finite(array, "/image")
    assert refused.value.faults[0].pointer == "/image/1/0/1"
