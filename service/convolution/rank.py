"""How many rank-1 terms a 2-D kernel is the sum of, and the two vectors of a rank-1 one."""

from __future__ import annotations

import numpy as np

from service.convolution.arrays import Array

# A kernel counts as an outer product when it differs from one by no more than the rounding of
# the few operations that such kernels are made with: a share of the sum of its magnitudes,
# because that is what the results' errors are told in.
RANK_TOLERANCE = 1e-14
# Up to here each integer has a float64 of its own.
_LARGEST_WHOLE = 2.0**53


def outer_factors(kernel: Array) -> tuple[Array, Array] | None:
    """``(column, row)`` with ``kernel == np.outer(column, row)``, or None if there are none.

    ``kernel`` has shape (height, width). One step of cross approximation: through the tap of
    largest magnitude run a row and a column that determine every rank-1 matrix, so no
    singular values are needed. O(height * width). Whole taps have whole factors, so that two
    passes sum integers as exactly as one.
    """
    row_index, column_index = np.unravel_index(int(np.argmax(np.abs(kernel))), kernel.shape)
    pivot = kernel[row_index, column_index]
    if pivot == 0:
        return np.zeros(kernel.shape[0]), np.zeros(kernel.shape[1])
    if abs(pivot) <= _LARGEST_WHOLE and np.array_equal(kernel, np.rint(kernel)):
        return _whole_factors(kernel, int(row_index), int(column_index))
    column = kernel[:, column_index].copy()
    # Scaled to taps of at most one, so that no difference of two overflows.
    scaled = kernel / pivot
    row = scaled[row_index].copy()
    difference = np.abs(scaled - np.outer(scaled[:, column_index], row)).sum()
    return (column, row) if difference <= RANK_TOLERANCE * np.abs(scaled).sum() else None


def _whole_factors(kernel: Array, row_index: int, column_index: int) -> tuple[Array, Array] | None:
    """The same for integers: a column without a common divisor leaves a row of integers.

    (Gauss's lemma: ``row * column[i]`` is whole for each ``i``, and those have no divisor in
    common.)
    """
    column = kernel[:, column_index]
    column = column / np.gcd.reduce(column.astype(np.int64))
    row = kernel[row_index] / column[row_index]
    exact = np.array_equal(row, np.rint(row)) and np.array_equal(np.outer(column, row), kernel)
    return (column, row) if exact else None


def numerical_rank(kernel: Array) -> int:
    """The number of singular values above rounding; ``kernel`` has one or two dimensions."""
    matrix = np.atleast_2d(kernel)
    if outer_factors(matrix) is not None:
        return int(np.any(matrix))
    return int(np.linalg.matrix_rank(matrix))
