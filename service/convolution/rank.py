"""How many outer products a 2-D kernel is the sum of, and which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import numpy as np

from service.convolution.arrays import Array
from service.convolution.samples import Precision

# Pairs (column, row), whose outer products add up to a kernel.
Terms: TypeAlias = tuple[tuple[Array, Array], ...]

# A kernel counts as an outer product when it differs from one by no more than the rounding of
# the few operations that such kernels are made with: a share of the sum of its magnitudes,
# because that is what the results' errors are told in.
RANK_TOLERANCE = 1e-14
# What a sum of fewer terms may differ from the kernel by, as a share of the same sum: about
# what an engine's own rounding makes of it.
_TRUNCATION: Final[Mapping[Precision, float]] = {np.float64: 1e-13, np.float32: 1e-7}
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


def outer_terms(kernel: Array) -> dict[Precision, Terms]:
    """The fewest outer products that make up a 2-D kernel in each precision, one at least.

    By its singular values: no sum of so many comes nearer (Eckart and Young, The approximation
    of one matrix by another of lower rank, 1936). O(height * width * the smaller of them).
    """
    scale = float(np.abs(kernel).max()) or 1.0  # spares squares the ends of the number range
    scaled = kernel / scale
    left, singular, right = np.linalg.svd(scaled, full_matrices=False)
    pairs = [
        (column * size, row * scale)
        for column, size, row in zip(left.T, singular, right, strict=True)
    ]
    # What is left out from each term on, as a bound of the sum of its magnitudes.
    remaining = np.sqrt(np.cumsum(singular[::-1] ** 2)[::-1] * kernel.size)
    total = np.abs(scaled).sum()
    needed = {each: int(np.sum(remaining > share * total)) for each, share in _TRUNCATION.items()}
    return {each: tuple(pairs[: max(1, count)]) for each, count in needed.items()}


def numerical_rank(kernel: Array) -> int:
    """The number of singular values above rounding; ``kernel`` has one or two dimensions."""
    matrix = np.atleast_2d(kernel)
    if outer_factors(matrix) is not None:
        return int(np.any(matrix))
    return int(np.linalg.matrix_rank(matrix))
