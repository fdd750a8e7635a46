"""The compiled engines as functions of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from service.convolution.boundary import Border
from service.convolution.native.tiles import picture_tile, signal_tile
from service.convolution.options import Boundary

# uint8, float32 or float64.
Numbers: TypeAlias = NDArray[Any]

# The numbers of border.hpp.
_BOUNDARIES: Final = {
    Boundary.CONSTANT: 0,
    Boundary.EDGE: 1,
    Boundary.REFLECT: 2,
    Boundary.SYMMETRIC: 3,
    Boundary.WRAP: 4,
}
# direct.hpp has a loop for each number of rows up to this.
MOST_DIRECT_ROWS: Final = 13


@dataclass(frozen=True)
class LevelScale:
    """How sums become levels of an 8-bit picture: as ``levels.rounded_levels`` has it.

    ``whole``: the sums are whole numbers but for the engine's rounding, and are rounded to these
    before anything else. Exact where ``rounded_levels`` is.
    """

    divisor: float = 1.0
    bias: float = 0.0
    absolute: bool = False
    whole: bool = False


class Extension(Protocol):
    """A compiled module; bindings.hpp says what its arguments mean."""

    VECTOR_BYTES: int

    def instruction_sets(self) -> tuple[str, ...]:
        """The names of the modules that this processor can run; ``base`` alone has it."""

    def direct(self, *arguments: object) -> None:
        """Sum tap by tap."""

    def separable(self, *arguments: object) -> None:
        """Two passes."""

    def overlap_save(self, *arguments: object) -> None:
        """Fourier transforms of tiles."""

    def overlap_save_signal(self, *arguments: object) -> None:
        """Fourier transforms of blocks."""


@dataclass(frozen=True)
class NativeEngines:
    """The engines for one instruction set: the ``valid`` convolution of an array with its border.

    Pictures have shape (height, width, channels) and samples of uint8 or of the kernel's type,
    float32 or float64, which is the precision computed in; rows that lie apart are read as they
    are. The kernel is flipped, as a convolution has it. The result is a new C-contiguous array
    of that precision, or of uint8 where ``levels`` says how.

    ``threads`` share the tiles, while the GIL is released; more than one pays from some 1 ms of
    work on, and changes no digit of the result.

    A ValueError tells of shapes and types that do not go together.
    """

    instruction_set: str
    extension: Extension

    def lanes(self, itemsize: int) -> int:
        """How many numbers of so many bytes a vector holds."""
        return self.extension.VECTOR_BYTES // itemsize

    def direct(
        self,
        picture: Numbers,
        kernel: Numbers,
        border: Border | None = None,
        *,
        levels: LevelScale | None = None,
        threads: int = 1,
    ) -> Numbers:
        """The sum itself, tap by tap, for kernels of up to ``MOST_DIRECT_ROWS`` rows."""
        call = _call(picture, kernel.shape, border, kernel.dtype, levels)
        self.extension.direct(*call, threads, _flipped(kernel)[:, :, np.newaxis])
        return call[0]

    def separable(
        self,
        picture: Numbers,
        column: Numbers,
        row: Numbers,
        border: Border | None = None,
        *,
        levels: LevelScale | None = None,
        threads: int = 1,
    ) -> Numbers:
        """The kernel ``outer(column, row)``, as two passes over each tile."""
        call = _call(picture, column.shape + row.shape, border, column.dtype, levels)
        taps = [_flipped(factor)[np.newaxis, :, np.newaxis] for factor in (column, row)]
        self.extension.separable(*call, threads, *taps)
        return call[0]

    def overlap_save(
        self,
        picture: Numbers,
        kernel: Numbers,
        border: Border | None = None,
        *,
        levels: LevelScale | None = None,
        threads: int = 1,
        tile: tuple[int, int] | None = None,
    ) -> Numbers:
        """Fourier transforms of tiles of (rows, columns), the cheapest if ``tile`` names none.

        Sides are whole vectors and 2^a 3^b 5^c, at most ``tiles.LARGEST_SIDE``. Two tiles share a
        transform: a NaN or an infinity spreads over both, not only as far as the kernel reaches.
        """
        call = _call(picture, kernel.shape, border, kernel.dtype, levels)
        if tile is None:
            itemsize = kernel.itemsize
            tile = picture_tile(call[0].shape, kernel.shape, self.lanes(itemsize), itemsize)
        self.extension.overlap_save(*call, threads, _flipped(kernel)[:, :, np.newaxis], tile)
        return call[0]

    def direct_signal(
        self, signal: Numbers, kernel: Numbers, border: Border | None = None, *, threads: int = 1
    ) -> Numbers:
        """The sum itself, of a signal (n,) and a kernel (taps,) of its type, however many."""
        call = _signal_call(signal, kernel, border)
        self.extension.direct(*call, threads, _flipped(kernel)[np.newaxis, :, np.newaxis])
        return call[0][0, :, 0]

    def overlap_save_signal(
        self,
        signal: Numbers,
        kernel: Numbers,
        border: Border | None = None,
        *,
        threads: int = 1,
        tile: tuple[int, int] | None = None,
    ) -> Numbers:
        """Fourier transforms of blocks of a signal (n,), for a kernel (taps,) of its type.

        ``tile`` is the (rows, columns) as which a block of rows * columns samples is transformed.
        What is not finite spreads as in ``overlap_save``.
        """
        call = _signal_call(signal, kernel, border)
        if tile is None:
            itemsize = kernel.itemsize
            tile = signal_tile(call[0].size, kernel.size, self.lanes(itemsize), itemsize)
        taps = _flipped(kernel)[np.newaxis, :, np.newaxis]
        self.extension.overlap_save_signal(*call, threads, taps, tile)
        return call[0][0, :, 0]


# What every engine is told first: where the result goes, the samples, the border and the levels.
_Call: TypeAlias = tuple[
    Numbers, Numbers, tuple[int, float, int, int], tuple[float, float, bool, bool]
]


def _call(
    picture: Numbers,
    taps: tuple[int, ...],
    border: Border | None,
    precision: np.dtype[Any],
    levels: LevelScale | None,
) -> _Call:
    """The arguments, with an array for the result; a ValueError where there would be none."""
    border = border or Border.none(2)
    sizes = zip(picture.shape[:2], border.widths, taps, strict=True)
    shape = [n + before + after - k + 1 for n, (before, after), k in sizes]
    if min(shape) < 1:
        raise ValueError("the kernel is larger than the array with its border")
    result = np.empty((*shape, picture.shape[2]), np.uint8 if levels else precision)
    (above, _), (left, _) = border.widths
    beyond = _BOUNDARIES[border.boundary], border.fill_value, above, left
    scale = levels or LevelScale()
    told = scale.divisor, scale.bias, scale.absolute, scale.whole
    return result, _rows_in_one_piece(picture), beyond, told


def _signal_call(signal: Numbers, kernel: Numbers, border: Border | None) -> _Call:
    """The same for a signal, as a picture of one row."""
    border = border or Border.none(1)
    flat = Border(((0, 0), *border.widths), border.boundary, border.fill_value)
    row = np.ascontiguousarray(signal)[np.newaxis, :, np.newaxis]
    return _call(row, (1, *kernel.shape), flat, kernel.dtype, None)


def _rows_in_one_piece(picture: Numbers) -> Numbers:
    """The picture, copied unless each of its rows lies in one piece."""
    itemsize, channels = picture.itemsize, picture.shape[2]
    whole = picture.strides[1:] == (channels * itemsize, itemsize)
    return picture if whole else np.ascontiguousarray(picture)


def _flipped(kernel: Numbers) -> Numbers:
    return np.ascontiguousarray(np.flip(kernel))
