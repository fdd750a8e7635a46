"""Nested lists of numbers, as JSON brings them, to arrays: strict about what a number is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import FieldFault, InvalidRequest

Array = NDArray[np.float64]

_NUMBERS = frozenset((int, float))
# How far along its first axis an array is looked at before all of it is.
_FIRST = 16
_NUMBERS_AND_GAPS = _NUMBERS | {type(None)}


def numeric_array(value: object, pointer: str, *, gaps: bool = False) -> Array:
    """The float64 array of a list of numbers or of a list of equally long rows.

    Booleans, strings, nulls, NaN and infinities are no numbers; an empty list or a ragged
    one is no array. Where there may be ``gaps``, None is one, and becomes NaN.
    ``InvalidRequest`` names the first offending element below ``pointer`` (a JSON Pointer,
    RFC 6901).
    """
    allowed = _NUMBERS_AND_GAPS if gaps else _NUMBERS
    if not isinstance(value, list) or not value:
        raise InvalidRequest.at(pointer, "must be a non-empty array of numbers, or of rows of them")
    rows = value if isinstance(value[0], list) else None
    if rows is None:
        _check_numbers(value, pointer, allowed)
    else:
        _check_rows(rows, pointer, allowed)
    try:
        array = np.array(value, dtype=np.float64)
    except OverflowError as error:
        raise InvalidRequest.at(pointer, "holds an integer larger than a float64 can be") from error
    return require_finite(array, pointer, gaps=gaps)


def require_finite(array: Array, pointer: str, *, gaps: bool = False) -> Array:
    """The array itself; ``InvalidRequest`` where it holds an infinity, or NaN but for gaps."""
    finite = ~np.isinf(array) if gaps else np.isfinite(array)
    if not finite.all():
        position = np.unravel_index(int(np.argmin(finite)), array.shape)
        where = "".join(f"/{index}" for index in position)
        raise InvalidRequest.at(pointer + where, "must be a finite number")
    return array


def integral(array: NDArray[np.generic]) -> bool:
    """Whether all values are whole numbers, in whatever dtype."""
    if array.dtype.kind in "iu":
        return True
    # Where they are not, the first ones mostly tell.
    first = array[:_FIRST]
    return bool(np.all(np.rint(first) == first) and np.all(np.rint(array) == array))


def _check_rows(rows: Sequence[Any], pointer: str, allowed: frozenset[type]) -> None:
    width = len(rows[0])
    for index, row in enumerate(rows):
        if not isinstance(row, list) or not row:
            raise InvalidRequest.at(f"{pointer}/{index}", "must be a non-empty row of numbers")
        if len(row) != width:
            raise InvalidRequest(
                "the rows of an array must be equally long",
                [FieldFault(f"{pointer}/{index}", f"has {len(row)} numbers, the first {width}")],
            )
    if not allowed.issuperset(map(type, chain.from_iterable(rows))):
        for index, row in enumerate(rows):
            _check_numbers(row, f"{pointer}/{index}", allowed)


def _check_numbers(values: Sequence[Any], pointer: str, allowed: frozenset[type]) -> None:
    # One pass at C speed for the usual case; the slow look for the culprit only after it.
    if allowed.issuperset(map(type, values)):
        return
    culprit = next(index for index, value in enumerate(values) if type(value) not in allowed)
    raise InvalidRequest.at(f"{pointer}/{culprit}", "must be a number")
