"""A picture after a convolution, its rows computed when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.convolution.dilation import dilated_shape
from service.convolution.geometry import per_axis
from service.convolution.operand import Operand
from service.convolution.options import Boundary
from service.convolution.planner import Plan
from service.convolution.rounding import undecided
from service.convolution.samples import Samples
from service.formats.alpha import premultiply, unpremultiply
from service.pipelines.banks import PreparedBank, finished
from service.pipelines.requests import ConvolutionOptions
from service.pipelines.rows import Rows, bordered_rows

# Of so many results, a part stands for all.
_MANY: Final = 2**18
# No row is long enough to be divided by all of these.
_SAMPLED_APART: Final = (7, 11, 13, 17, 19)


@dataclass(frozen=True)
class Window:
    """Which rows of a picture the rows of a result are computed of, and with what border.

    ``height`` of them for one, ``stride`` from one to the next; the first one's begin so many
    ``above`` the picture. ``step`` is of how many rows of the result a multiple is best computed.
    """

    height: int
    stride: int
    above: int
    columns: tuple[int, int]
    boundary: Boundary
    step: int

    @staticmethod
    def of(bank: PreparedBank, options: ConvolutionOptions) -> Window:
        """That of a bank, whose kernels are all of one shape, in a convolution with these options.

        ``InvalidRequest`` where the stride has another number of axes than a picture.
        """
        height = dilated_shape(bank.bank.kernels[0].values.shape, options.dilation)[0]
        stride = per_axis(options.stride, 2, "/stride")[0]
        (above, _), columns = bank.widths
        return Window(height, stride, above, columns, options.boundary, bank.row_step)

    def reach(self, source: Rows) -> int:
        """How many rows beyond those of a result are computed on the way to it."""
        return math.ceil((source.reach + self.height - 1) / self.stride)

    def bordered(self, source: Rows, first: int, last: int, fill_value: float) -> NDArray[Any]:
        """What the rows of a result from ``first`` up to ``last`` are computed of."""
        top = first * self.stride - self.above
        bottom = top + (last - first - 1) * self.stride + self.height
        return bordered_rows(source, top, bottom, self.columns, self.boundary, fill_value)


@dataclass
class Decided:
    """A bank that is prepared in float32 where that mostly tells levels, or else in float64.

    Rows in which float32 can't decide between two levels are computed again by ``precise``, and
    the plans are its.
    """

    bank: PreparedBank
    precise: Callable[[], PreparedBank]
    exact: PreparedBank | None = None

    @property
    def plans(self) -> list[Plan]:
        """The plan of each convolution, once all rows have been computed."""
        return (self.exact or self.bank).plans

    def run_bordered(self, rows: NDArray[Any]) -> Samples:
        """The result for rows with their border, in float32 or float64."""
        result = self.bank.run_bordered(rows)
        kernels = [kernel.values for kernel in self.bank.bank.kernels]
        # A part tells where all are decided, which is nearly always; all, where a part seems not.
        if not (undecided(_part(result), kernels) and undecided(result, kernels)):
            return result
        self.exact = self.exact or self.precise()
        return self.exact.run_bordered(rows)


def _part(result: Samples) -> Samples:
    """So many of the results that they stand for all, (n,)."""
    flat = result.reshape(-1)
    if flat.size < _MANY:
        return flat
    # Not the same columns in each row, so that edges in every direction are met.
    row = result.shape[1] * result.shape[2]
    return flat[:: next(apart for apart in _SAMPLED_APART if row % apart)]


@dataclass(frozen=True)
class Filtered:
    """The rows of a picture that a bank has been prepared for, convolved with it.

    Then magnitudes are taken where ``absolute``, and ``bias`` is added.
    """

    source: Rows
    decided: Decided
    window: Window
    fill_value: float
    absolute: bool
    bias: float

    @cached_property
    def operand(self) -> Operand:
        """Its shape, and bounds of its samples."""
        bank = self.decided.bank
        whole = (
            self.source.operand.whole
            and bank.keeps_whole
            and float(self.fill_value).is_integer()
            and float(self.bias).is_integer()
        )
        return Operand(bank.shape, bank.largest + abs(self.bias), whole)

    @property
    def reach(self) -> int:
        """How many rows beyond those asked for are computed on the way."""
        return self.window.reach(self.source)

    @property
    def step(self) -> int:
        """Of how many rows a multiple is best asked for."""
        return self.window.step

    def rows(self, first: int, last: int) -> Samples:
        """These rows, in the precision that decides them."""
        return self.numbers(self.bordered(first, last))

    def bordered(self, first: int, last: int) -> NDArray[Any]:
        """What these rows are computed of."""
        return self.window.bordered(self.source, first, last, self.fill_value)

    def numbers(self, rows: NDArray[Any]) -> Samples:
        """What comes of rows with their border."""
        result = self.decided.run_bordered(rows)
        return finished(result, absolute=self.absolute, bias=self.bias)

    def levels(
        self, rows: NDArray[Any], *, absolute: bool, bias: float
    ) -> NDArray[np.uint8] | None:
        """The same as levels of 8 bits, after another magnitude where ``absolute``, and a bias.

        Rounded half to even and clipped; None where the kernels don't give them by themselves.
        """
        if absolute and self.bias:
            return None
        return self.decided.bank.levels_bordered(
            rows, absolute=absolute or self.absolute, bias=self.bias + bias
        )


@dataclass(frozen=True)
class Rounded:
    """Another picture's levels of 8 bits, by its kernels themselves where they can.

    They are as ``levels`` of that picture has them; where it has none, its numbers are converted.
    """

    filtered: Filtered
    absolute: bool
    bias: float
    convert: Callable[[Samples], NDArray[Any]]

    @cached_property
    def operand(self) -> Operand:
        """Its shape, and bounds of its samples."""
        return Operand(self.filtered.operand.shape, 255.0, whole=True)

    @property
    def reach(self) -> int:
        """That of the numbers."""
        return self.filtered.reach

    @property
    def step(self) -> int:
        """That of the numbers."""
        return self.filtered.step

    def rows(self, first: int, last: int) -> NDArray[np.uint8]:
        """These rows."""
        wide = self.filtered.bordered(first, last)
        levels = self.filtered.levels(wide, absolute=self.absolute, bias=self.bias)
        return self.convert(self.filtered.numbers(wide)) if levels is None else levels


@dataclass(frozen=True)
class Weighed:
    """Colours weighed by their opacity, convolved, and divided by the opacity that results.

    The last channel is that opacity, alpha. Porter and Duff, 1984, section 2: what is interpolated
    are premultiplied colours. Beyond a constant border it is opaque, which is ``white``. A bias is
    no light, and added to the colours at the end: the banks have none.
    """

    color: Rows
    alpha: Rows
    color_bank: PreparedBank
    alpha_bank: PreparedBank
    window: Window
    fill_value: float
    white: float
    absolute: bool
    biases: tuple[float, float]

    @property
    def operand(self) -> Operand:
        """Its shape. Divided by the smallest opacity of all, colours may be of any size."""
        height, width, channels = self.color_bank.shape
        return Operand((height, width, channels + 1), math.inf, whole=False)

    @property
    def reach(self) -> int:
        """How many rows beyond those asked for are computed on the way."""
        return self.window.reach(self.color)

    @property
    def step(self) -> int:
        """Of how many rows a multiple is best asked for."""
        return self.window.step

    def rows(self, first: int, last: int) -> NDArray[np.float64]:
        """These rows."""
        wide_color = self.window.bordered(self.color, first, last, self.fill_value)
        wide_alpha = self.window.bordered(self.alpha, first, last, self.white)
        opacity: NDArray[np.float64] = wide_alpha.astype(np.float64)
        weighed = premultiply(wide_color.astype(np.float64), opacity, self.white)
        color = self.color_bank.run_bordered(weighed)
        alpha = self.alpha_bank.run_bordered(opacity)
        np.clip(alpha, 0, self.white, out=alpha)
        straight = unpremultiply(color, alpha, self.white)
        own, bias = self.biases
        finished(straight, absolute=False, bias=own)
        return np.concatenate(
            [finished(straight, absolute=self.absolute, bias=bias), alpha], axis=2
        )
