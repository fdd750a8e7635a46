"""Each border against an index formula of its own."""

import numpy as np
import pytest

from service.convolution.boundary import extend
from service.convolution.options import Boundary
from tests.convolution.reference import SOURCE

WIDTHS = [(0, 3), (2, 0), (1, 2), (5, 4), (23, 31)]


@pytest.mark.parametrize(
    ("boundary", "expected"),
    [
        (Boundary.CONSTANT, "fffabcdfff"),
        (Boundary.EDGE, "aaaabcdddd"),
        (Boundary.REFLECT, "dcbabcdcba"),
        (Boundary.SYMMETRIC, "cbaabcddcb"),
        (Boundary.WRAP, "bcdabcdabc"),
    ],
)
def test_the_border_is_as_it_is_drawn(boundary, expected):
    letters = np.array([float(ord(letter)) for letter in "abcd"])
    extended = extend(letters, [(3, 3)], boundary, ord("f"))
    assert "".join(chr(int(number)) for number in extended) == expected


@pytest.mark.parametrize("boundary", Boundary)
@pytest.mark.parametrize("length", [1, 2, 3, 7])
@pytest.mark.parametrize("widths", WIDTHS)
def test_the_pattern_goes_on_where_the_border_is_wider_than_the_signal(boundary, length, widths):
    signal = np.arange(10.0, 10.0 + length)
    before, after = widths
    sources = [SOURCE[boundary](index, length) for index in range(-before, length + after)]
    expected = [-5.5 if source is None else signal[source] for source in sources]
    np.testing.assert_array_equal(extend(signal, [widths], boundary, -5.5), expected)


@pytest.mark.parametrize("boundary", Boundary)
@pytest.mark.parametrize("shape", [(3, 4, 1), (1, 5, 3), (4, 1, 2), (1, 1, 4)])
def test_a_picture_is_extended_along_rows_and_columns_but_not_channels(boundary, shape):
    picture = np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape)
    extended = extend(picture, [(2, 5), (6, 1)], boundary, -5.5)
    assert extended.shape == (shape[0] + 7, shape[1] + 7, shape[2])
    for row, column in np.ndindex(extended.shape[:2]):
        source = (SOURCE[boundary](row - 2, shape[0]), SOURCE[boundary](column - 6, shape[1]))
        expected = np.full(shape[2], -5.5) if None in source else picture[source]
        np.testing.assert_array_equal(extended[row, column], expected)


@pytest.mark.parametrize("boundary", Boundary)
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_the_precision_is_kept(boundary, precision):
    assert extend(np.ones(3, precision), [(1, 1)], boundary, 0.1).dtype == precision


@pytest.mark.parametrize("boundary", Boundary)
def test_an_array_that_needs_no_border_is_not_copied(boundary):
    picture = np.ones((3, 4, 2))
    assert extend(picture, [(0, 0), (0, 0)], boundary, 9.0) is picture
