"""Laws that every convolution keeps, on generated operands."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from service.convolution.convolve import Options, convolve
from service.convolution.options import Boundary, Method, Mode, Operation

METHODS = st.sampled_from([Method.AUTO, Method.DIRECT, Method.FFT])
BOUNDARIES = st.sampled_from(list(Boundary))
MODES = st.sampled_from(list(Mode))
NUMBERS = st.floats(-100, 100, allow_subnormal=False).map(lambda number: round(number, 6))
few = settings(max_examples=40, deadline=None)


def matrices(least, most):
    shapes = st.tuples(st.integers(least, most), st.integers(least, most))
    return arrays.arrays(np.float64, shapes, elements=NUMBERS)


def lines(least, most):
    return arrays.arrays(np.float64, st.integers(least, most), elements=NUMBERS)


def filtered(matrix, kernel, **options):
    result, _ = convolve(matrix[:, :, None], kernel, Options(**options))
    return result[:, :, 0]


def assert_close(result, expected, *operands):
    """Within 1e-12 of the largest sum that the operands allow."""
    scale = np.prod([np.abs(operand).sum() for operand in operands])
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12 * scale)


@few
@given(kernel=matrices(1, 7), height=st.integers(1, 9), width=st.integers(1, 9), data=st.data())
def test_an_impulse_gives_the_kernel_where_the_impulse_is(kernel, height, width, data):
    at = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    impulse = np.zeros((height, width))
    impulse[at] = 1.0
    result = filtered(impulse, kernel, mode=Mode.FULL, method=data.draw(METHODS))
    expected = np.zeros(result.shape)
    expected[at[0] : at[0] + kernel.shape[0], at[1] : at[1] + kernel.shape[1]] = kernel
    assert_close(result, expected, kernel)


@few
@given(kernel=matrices(1, 7), method=METHODS)
def test_an_impulse_correlated_gives_the_kernel_turned_round(kernel, method):
    options = {"mode": Mode.FULL, "method": method, "operation": Operation.CORRELATE}
    assert_close(filtered(np.ones((1, 1)), kernel, **options), kernel[::-1, ::-1], kernel)


@few
@given(
    operands=st.integers(1, 9).flatmap(
        lambda n: st.tuples(*[arrays.arrays(np.float64, (n, 5), elements=NUMBERS)] * 2)
    ),
    factors=st.tuples(NUMBERS, NUMBERS),
    kernel=matrices(1, 5),
    method=METHODS,
    boundary=BOUNDARIES,
)
def test_it_is_linear_in_the_picture(operands, factors, kernel, method, boundary):
    (first, second), (a, b) = operands, factors
    options = {"method": method, "boundary": boundary}
    together = filtered(a * first + b * second, kernel, **options)
    apart = a * filtered(first, kernel, **options) + b * filtered(second, kernel, **options)
    largest = np.abs(a * first) + np.abs(b * second)
    assert_close(together, apart, largest, kernel)


@few
@given(
    picture=matrices(1, 9),
    kernels=st.tuples(*[arrays.arrays(np.float64, (3, 4), elements=NUMBERS)] * 2),
    method=METHODS,
    boundary=BOUNDARIES,
)
def test_it_is_linear_in_the_kernel(picture, kernels, method, boundary):
    first, second = kernels
    options = {"method": method, "boundary": boundary, "mode": Mode.FULL}
    apart = filtered(picture, first, **options) + 3.0 * filtered(picture, second, **options)
    together = filtered(picture, first + 3.0 * second, **options)
    largest = np.full(1, 100.0 * (np.abs(first) + 3.0 * np.abs(second)).sum())
    assert_close(together, apart, largest)


@few
@given(
    picture=matrices(8, 14),
    kernel=matrices(1, 4),
    shift=st.tuples(st.integers(-3, 3), st.integers(-3, 3)),
    method=METHODS,
)
def test_it_commutes_with_a_shift_away_from_the_border(picture, kernel, shift, method):
    shifted = np.roll(picture, shift, axis=(0, 1))
    before = np.roll(filtered(picture, kernel, method=method), shift, axis=(0, 1))
    after = filtered(shifted, kernel, method=method)
    # A border of the kernel's reach and the shift's is what the roll disturbs.
    inside = tuple(
        slice(abs(s) + 2, n - abs(s) - 2) for s, n in zip(shift, picture.shape, strict=True)
    )
    assert_close(after[inside], before[inside], picture, kernel)


@few
@given(
    picture=matrices(1, 9),
    kernel=matrices(1, 5),
    shift=st.tuples(st.integers(-9, 9), st.integers(-9, 9)),
    method=METHODS,
)
def test_it_commutes_with_every_shift_round_a_wrapped_border(picture, kernel, shift, method):
    options = {"method": method, "boundary": Boundary.WRAP}
    before = np.roll(filtered(picture, kernel, **options), shift, axis=(0, 1))
    after = filtered(np.roll(picture, shift, axis=(0, 1)), kernel, **options)
    assert_close(after, before, np.full(1, 100.0), kernel)


@few
@given(
    picture=matrices(3, 9),
    column=lines(1, 6),
    row=lines(1, 6),
    boundary=BOUNDARIES,
    mode=st.sampled_from([Mode.FULL, Mode.SAME]),
)
def test_two_passes_are_two_convolutions_in_one_dimension(picture, column, row, boundary, mode):
    options = Options(mode=mode, boundary=boundary)
    along = np.array([convolve(line, row, options)[0] for line in picture])
    expected = np.array([convolve(line, column, options)[0] for line in along.T]).T
    choice = {"mode": mode, "boundary": boundary, "method": Method.SEPARABLE}
    result = filtered(picture, np.outer(column, row), **choice)
    assert_close(result, expected, np.full(1, 100.0), column, row)


@few
@given(first=matrices(1, 8), second=matrices(1, 8), method=METHODS)
def test_the_full_convolution_does_not_care_which_operand_is_the_kernel(first, second, method):
    options = {"mode": Mode.FULL, "method": method}
    result = filtered(first, second, **options)
    assert_close(result, filtered(second, first, **options), first, second)


@few
@given(picture=matrices(1, 6), first=matrices(1, 4), second=matrices(1, 4), method=METHODS)
def test_two_kernels_in_turn_are_their_convolution(picture, first, second, method):
    options = {"mode": Mode.FULL, "method": method}
    in_turn = filtered(filtered(picture, first, **options), second, **options)
    at_once = filtered(picture, filtered(first, second, **options), **options)
    assert_close(in_turn, at_once, picture, first, second)


@few
@given(picture=matrices(1, 9), kernel=matrices(1, 9), method=METHODS)
def test_the_full_result_sums_to_the_product_of_the_sums(picture, kernel, method):
    result = filtered(picture, kernel, mode=Mode.FULL, method=method)
    assert_close(result.sum(), picture.sum() * kernel.sum(), picture, kernel)


@pytest.mark.parametrize("boundary", [b for b in Boundary if b is not Boundary.CONSTANT])
@few
@given(kernel=matrices(1, 9), method=METHODS, mode=MODES)
def test_a_constant_picture_stays_constant_with_every_border_made_of_it(
    boundary, kernel, method, mode
):
    picture = np.full((9, 10), 7.0)
    result = filtered(picture, kernel, boundary=boundary, method=method, mode=mode)
    assert_close(result, np.full(result.shape, 7.0 * kernel.sum()), np.full(1, 7.0), kernel)


@few
@given(signal=lines(1, 30), kernel=lines(1, 12), method=METHODS, boundary=BOUNDARIES, mode=MODES)
def test_a_signal_is_a_picture_of_one_column(signal, kernel, method, boundary, mode):
    if mode is Mode.VALID and len(kernel) > len(signal):
        signal, kernel = kernel, signal
    options = {"method": method, "boundary": boundary, "mode": mode}
    result, _ = convolve(signal, kernel, Options(**options))
    picture = filtered(signal[:, None], kernel[:, None], **options)
    assert_close(result, picture[:, 0], np.full(1, 100.0), kernel)
