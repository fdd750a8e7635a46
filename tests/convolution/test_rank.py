"""Which kernels are outer products, against numpy's singular values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.convolution.rank import numerical_rank, outer_factors, outer_terms

SHAPES = [(1, 1), (1, 6), (5, 1), (3, 3), (4, 7), (30, 20)]


def random_matrix(shape, rank, seed=3):
    random = np.random.default_rng([seed, *shape])
    return random.normal(size=(shape[0], rank)) @ random.normal(size=(rank, shape[1]))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_factors_of_an_outer_product_give_it_back(shape):
    kernel = random_matrix(shape, 1)
    column, row = outer_factors(kernel)
    assert (column.shape, row.shape) == ((shape[0],), (shape[1],))
    np.testing.assert_allclose(np.outer(column, row), kernel, rtol=0, atol=1e-14 * np.ptp(kernel))


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if min(shape) > 1])
@pytest.mark.parametrize("rank", [2, 3])
def test_a_kernel_of_higher_rank_has_no_factors(shape, rank):
    assert outer_factors(random_matrix(shape, rank)) is None


def test_one_tap_off_by_a_trillionth_is_no_outer_product():
    kernel = random_matrix((5, 5), 1)
    kernel[4, 1] += 1e-12 * np.abs(kernel).max()
    assert outer_factors(kernel) is None


@pytest.mark.parametrize("shape", SHAPES)
def test_the_factors_of_whole_taps_are_whole_and_exact(shape):
    random = np.random.default_rng([4, *shape])
    column, row = (random.integers(-9, 10, n) * 6.0 for n in shape)
    column[0], row[-1] = -42.0, 30.0
    factors = outer_factors(np.outer(column, row))
    for factor in factors:
        np.testing.assert_array_equal(factor, np.rint(factor))
    np.testing.assert_array_equal(np.outer(*factors), np.outer(column, row))


def test_whole_taps_that_are_almost_an_outer_product_are_none():
    kernel = np.outer([2.0**24, 2.0**24 - 1], [2.0**24, 2.0**24 + 3])
    assert outer_factors(kernel) is not None
    kernel[1, 1] -= 1.0
    assert outer_factors(kernel) is None


def test_a_gaussian_from_its_formula_is_an_outer_product():
    y, x = np.mgrid[-7:8, -4:5]
    gaussian = np.exp(-(x * x + y * y) / 8.0)
    assert outer_factors(gaussian / gaussian.sum()) is not None


@pytest.mark.parametrize("shape", SHAPES)
def test_the_zero_kernel_is_the_outer_product_of_zeros(shape):
    column, row = outer_factors(np.zeros(shape))
    np.testing.assert_array_equal(np.outer(column, row), np.zeros(shape))
    assert numerical_rank(np.zeros(shape)) == 0


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1.0, 1e150, 1e300])
def test_the_scale_of_a_kernel_does_not_change_its_rank(scale):
    assert outer_factors(scale * random_matrix((6, 5), 1)) is not None
    assert outer_factors(scale * random_matrix((6, 5), 2)) is None


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 12), st.integers(0, 1000))
def test_the_rank_is_numpys(rows, columns, rank, seed):
    kernel = random_matrix((rows, columns), rank, seed)
    assert numerical_rank(kernel) == np.linalg.matrix_rank(kernel)


def test_a_line_of_taps_has_rank_one():
    assert numerical_rank(np.array([1.0, -2.0, 4.0])) == 1


def test_a_kernel_told_to_be_an_outer_product_is_one_within_rounding_of_its_sum():
    # Thousands of taps, each off by less than the tolerance, but all to the same side.
    random = np.random.default_rng(5)
    kernel = random.uniform(0.0, 9e-15, (301, 301))
    kernel[150, :] = kernel[:, 150] = 0.0
    kernel[150, 150] = 1.0
    factors = outer_factors(kernel)
    if factors is not None:
        assert np.abs(kernel - np.outer(*factors)).sum() <= 1e-12 * np.abs(kernel).sum()


def test_the_largest_taps_are_looked_at_without_overflow():
    assert outer_factors(np.array([[1.7e308, 1.7e308], [1.7e308, -1.7e308]])) is None


def rebuilt(terms):
    return sum(np.outer(column, row) for column, row in terms)


@pytest.mark.parametrize("shape", [(5, 9), (9, 5), (31, 30)])
@pytest.mark.parametrize("rank", [1, 2, 3, 5])
@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_the_terms_are_as_many_as_the_rank_and_make_up_the_kernel(shape, rank, scale):
    kernel = scale * random_matrix(shape, rank)
    for terms in outer_terms(kernel).values():
        assert len(terms) == rank
        difference = np.abs(rebuilt(terms) / scale - kernel / scale).sum()
        assert difference <= 1e-12 * np.abs(kernel / scale).sum()


def test_each_precision_leaves_out_only_what_it_would_not_notice():
    side = np.arange(-10, 11)
    smooth = np.exp(-(np.add.outer(side**2, side**2) + np.outer(side, side)) / 20.0)
    terms = outer_terms(smooth)
    assert len(terms[np.float32]) < len(terms[np.float64]) < 21
    for precision, share in ((np.float32, 1e-7), (np.float64, 1e-13)):
        left_out = np.abs(rebuilt(terms[precision]) - smooth).sum()
        assert left_out <= share * smooth.sum()


def test_zeros_have_one_term():
    for terms in outer_terms(np.zeros((4, 3))).values():
        np.testing.assert_array_equal(rebuilt(terms), np.zeros((4, 3)))
