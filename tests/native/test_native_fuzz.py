"""The compiled engines on shapes, strides, borders, kernels and tiles that nobody thought of.

``tests/native/sanitized.sh`` runs this file and its neighbours under AddressSanitizer and UBSan.
"""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.convolution.boundary import Border
from service.convolution.native.engines import MOST_DIRECT_ROWS, LevelScale
from service.convolution.options import Boundary
from tests.native.native_reference import assert_close

PATIENT = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

sides = st.sampled_from([16, 32, 48, 64, 80, 96, 128, 240])
widths = st.tuples(st.integers(0, 40), st.integers(0, 40))
precisions = st.sampled_from([np.float32, np.float64])


@st.composite
def pictures(draw):
    """A picture as a view with any distances of its rows, as levels or as numbers."""
    rows, columns, channels = (
        draw(st.integers(1, 70)),
        draw(st.integers(1, 90)),
        draw(st.integers(1, 5)),
    )
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    step, apart = draw(st.sampled_from([-2, -1, 1, 2, 3])), draw(st.booleans())
    whole = random.random((rows * abs(step), columns + 2 * apart, channels)) - 0.5
    return whole[::step, apart : apart + columns]


@st.composite
def borders(draw, picture, kernel):
    """Any border with which there is a result."""
    sizes = zip(picture.shape, kernel.shape, strict=False)
    before_and_after = []
    for n, k in sizes:
        before, after = draw(widths)
        before_and_after.append((before, max(after, k - n - before)))
    return Border(
        tuple(before_and_after), draw(st.sampled_from(Boundary)), draw(st.floats(-10, 10))
    )


def kernels(draw, most_rows, precision):
    shape = draw(st.integers(1, most_rows)), draw(st.integers(1, 40))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return (random.random(shape) - 0.5).astype(precision)


@PATIENT
@given(data=st.data())
def test_direct_sums_anything(native, data):
    precision = data.draw(precisions)
    picture = data.draw(pictures()).astype(precision)
    kernel = kernels(data.draw, MOST_DIRECT_ROWS, precision)
    border = data.draw(borders(picture, kernel))
    threads = data.draw(st.integers(1, 3))
    assert_close(native.direct(picture, kernel, border, threads=threads), picture, kernel, border)


@PATIENT
@given(data=st.data())
def test_overlap_save_filters_anything(native, data):
    precision = data.draw(precisions)
    picture = data.draw(pictures()).astype(precision)
    kernel = kernels(data.draw, 40, precision)
    border = data.draw(borders(picture, kernel))
    tile = tuple(data.draw(sides.filter(lambda side, k=k: side >= k)) for k in kernel.shape)
    threads = data.draw(st.integers(1, 3))
    result = native.overlap_save(picture, kernel, border, tile=tile, threads=threads)
    assert_close(result, picture, kernel, border)


@PATIENT
@given(data=st.data())
def test_two_passes_filter_anything(native, data):
    precision = data.draw(precisions)
    picture = data.draw(pictures()).astype(precision)
    column, row = (kernels(data.draw, 1, precision)[0] for _ in range(2))
    exact = np.outer(column.astype(np.float64), row.astype(np.float64))
    border = data.draw(borders(picture, exact))
    result = native.separable(picture, column, row, border, threads=data.draw(st.integers(1, 3)))
    assert_close(result, picture, exact, border, precision)


@PATIENT
@given(data=st.data())
def test_signals_of_any_length_are_filtered(native, data):
    precision = data.draw(precisions)
    signal = data.draw(pictures())[:, 0, 0].astype(precision)
    kernel = kernels(data.draw, 1, precision)[0]
    border = data.draw(borders(signal, kernel))
    tile = data.draw(st.tuples(sides, sides))
    result = native.overlap_save_signal(signal, kernel, border, tile=tile)
    assert_close(result, signal, kernel, border)


@PATIENT
@given(data=st.data())
def test_any_numbers_become_levels_without_undefined_behaviour(native, data):
    extremes = st.sampled_from([0.0, -0.0, 1e30, -1e30, np.inf, -np.inf, np.nan, 254.5, 255.5])
    values = data.draw(st.lists(extremes, min_size=1, max_size=80))
    picture = np.array(values)[np.newaxis, :, np.newaxis].astype(data.draw(precisions))
    one = np.ones((1, 1), picture.dtype)
    levels = native.direct(picture, one, levels=LevelScale())
    expected = np.rint(np.clip(np.nan_to_num(picture, nan=0.0), 0, 255))
    np.testing.assert_array_equal(levels, expected)
