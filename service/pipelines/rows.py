"""Pictures that are computed a few rows at a time, so that none but the result is ever whole.

Each stage of a job asks the one before it for the rows that it needs. What is computed in floating
point takes many times the memory of a picture's levels, and stays in the processor's cache only
where it is little.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from service.convolution.boundary import extend
from service.convolution.operand import Operand
from service.convolution.options import Boundary
from service.convolution.threads import run_parallel

# So many samples at a time are enough to forget what a call costs, and few beside a picture.
_SAMPLES_AT_ONCE: Final = 2**20
# So many more are worth it where they make a multiple of what is best asked for.
_MOST_SAMPLES_MORE: Final = 2**21
# Rows that the taps of a kernel reach beyond those asked for are computed for both neighbours.
_ROWS_PER_REACH: Final = 4


class Rows(Protocol):
    """A picture that gives its rows when asked."""

    @property
    def operand(self) -> Operand:
        """Its shape, (height, width, channels), and bounds of its samples."""
        ...

    @property
    def reach(self) -> int:
        """How many rows beyond those asked for are computed on the way."""
        ...

    @property
    def step(self) -> int:
        """Of how many rows a multiple is best asked for."""
        ...

    def rows(self, first: int, last: int) -> NDArray[Any]:
        """The rows from ``first`` up to ``last``, (last - first, width, channels).

        They are the caller's own to change, but for those of ``Stored``.
        """
        ...


@dataclass(frozen=True)
class Stored:
    """An array, (height, width, channels). Its rows are views of it, and not to be changed."""

    samples: NDArray[Any]
    reach: int = 0
    step: int = 1

    @cached_property
    def operand(self) -> Operand:
        """What planning has to know of it."""
        return Operand.of(self.samples)

    def rows(self, first: int, last: int) -> NDArray[Any]:
        """A view of these rows."""
        return self.samples[first:last]


@dataclass(frozen=True)
class Mapped:
    """Another picture's rows with a function applied to them, which ``operand`` describes.

    The function takes rows and gives as many. It may change what it is given, unless the source is
    stored.
    """

    source: Rows
    function: Callable[[NDArray[Any]], NDArray[Any]]
    operand: Operand

    @property
    def reach(self) -> int:
        """That of the source."""
        return self.source.reach

    @property
    def step(self) -> int:
        """That of the source."""
        return self.source.step

    def rows(self, first: int, last: int) -> NDArray[Any]:
        """The function of these rows."""
        return self.function(self.source.rows(first, last))


def bands(picture: Rows) -> Iterator[slice]:
    """The rows of a picture, in slices that are well computed at once."""
    height, width, channels = picture.operand.shape
    row = width * channels
    count = max(_SAMPLES_AT_ONCE // row, _ROWS_PER_REACH * picture.reach, 1)
    in_steps = math.ceil(count / picture.step) * picture.step
    if in_steps <= count + _MOST_SAMPLES_MORE // row:
        count = in_steps
    for first in range(0, height, count):
        yield slice(first, min(first + count, height))


def collected(picture: Rows) -> Stored:
    """The whole of it."""
    if isinstance(picture, Stored):
        return picture
    first, *others = bands(picture)
    rows = picture.rows(first.start, first.stop)
    whole = np.empty(picture.operand.shape, rows.dtype)
    whole[first] = rows

    def put(band: slice) -> None:
        whole[band] = picture.rows(band.start, band.stop)

    run_parallel([partial(put, band) for band in others])
    return Stored(whole)


def bordered_rows(
    picture: Rows,
    first: int,
    last: int,
    columns: tuple[int, int],
    boundary: Boundary,
    fill_value: float,
) -> NDArray[Any]:
    """The rows from ``first`` up to ``last`` with so many ``columns`` more before and after.

    ``first`` may lie above the picture and ``last`` below it: there, too, stands what the
    ``boundary`` says, as ``extend`` has it. Not to be changed. Where the picture's type can't hold
    the ``fill_value``, float64.
    """
    height = picture.operand.shape[0]
    above, below = max(-first, 0), max(last - height, 0)
    constant = boundary is Boundary.CONSTANT
    if not constant and (above or below) and (first > 0 or last < height):
        # The border may be made of rows that lie anywhere.
        index = extend(np.arange(height), [(above, below)], boundary, 0)
        rows = _gathered(picture, index[first + above : last + above])
        return extend(rows, [(0, 0), columns], boundary, fill_value)
    rows = picture.rows(max(first, 0), min(last, height))
    if constant and any((above, below, *columns)) and not _holds(rows.dtype, fill_value):
        rows = rows.astype(np.float64)
    return extend(rows, [(above, below), columns], boundary, fill_value)


def _gathered(picture: Rows, index: NDArray[np.intp]) -> NDArray[Any]:
    """The rows of these numbers, in any order; each run of them is asked for once."""
    needed = np.unique(index)
    runs = np.split(needed, np.flatnonzero(np.diff(needed) > 1) + 1)
    parts = [picture.rows(int(run[0]), int(run[-1]) + 1) for run in runs]
    rows: NDArray[Any] = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return rows[np.searchsorted(needed, index)]


def _holds(dtype: np.dtype[Any], value: float) -> bool:
    """Whether a sample of the type can be exactly the value."""
    if dtype.kind == "f":
        return float(dtype.type(value)) == value
    limits = np.iinfo(dtype)
    return value.is_integer() and limits.min <= value <= limits.max
