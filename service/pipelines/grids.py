"""Grids of filters and of feature maps: what may be asked of them, and how they are drawn."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from service.errors import InvalidRequest, LimitExceeded
from service.formats.encoding import encode_picture
from service.formats.grid import enlarged, grid_shape, lay_out
from service.formats.picture import Picture
from service.formats.quantise import Extreme, stretch
from service.formats.table import FORMATS

# Of a whole grid: eight times what the notebook's figure has, and encoded in a tenth of a second.
_MOST_PIXELS: Final = 16_000_000
# A page of the notebook's size, where a picture is asked for and no count.
_PAGE: Final = 64

# What says how a grid is drawn, and so says nothing where numbers are asked for.
_DRAWING: Final = frozenset(("columns", "scale", "cell", "gap", "transpose"))

Cell = Annotated[int, Field(ge=3, le=512)]


class Scale(StrEnum):
    """Between which extremes a cell is stretched from black to white.

    ``filter``: its own smallest and largest number; ``layer``: those of the whole layer.
    """

    FILTER = "filter"
    LAYER = "layer"


class GridRequest(BaseModel):
    """Which cells, and how they are laid out."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    first: int = Field(0, ge=0, description="Index of the first filter.")
    count: int | None = Field(
        None,
        ge=1,
        description=f"How many filters; left out, all from `first` on, but a picture shows "
        f"{_PAGE} at most.",
    )
    columns: int = Field(8, ge=1, le=64, description="Cells in a row.")
    scale: Scale = Field(
        Scale.FILTER,
        strict=False,
        description="`filter` stretches each cell from its own smallest number (black) to its "
        "largest (white), `layer` all of them from the smallest to the largest of the layer.",
    )
    gap: int = Field(8, ge=0, le=64, description="White pixels between and around the cells.")

    def chosen(self, filters: int, *, drawn: bool) -> slice:
        """The filters asked for, of as many as the layer has.

        ``InvalidRequest`` where there are not so many, or where something is said of the
        drawing of what is not ``drawn``.
        """
        vain = sorted(self.model_fields_set & _DRAWING)
        if vain and not drawn:
            raise InvalidRequest.at(f"/{vain[0]}", "says how to draw, and only a picture is drawn")
        if self.first >= filters:
            raise InvalidRequest.at("/first", f"must be 0 to {filters - 1} in this layer")
        left = filters - self.first
        if self.count is None:
            return slice(self.first, self.first + (min(left, _PAGE) if drawn else left))
        if self.count > left:
            raise InvalidRequest.at("/count", f"must be 1 to {left} from this first filter on")
        return slice(self.first, self.first + self.count)

    def check_size(self, cells: int, cell: tuple[int, int]) -> None:
        """``LimitExceeded`` where the grid of so many cells, (height, width), is too large."""
        height, width = grid_shape(cells, cell, self.columns, self.gap)
        if height * width > _MOST_PIXELS:
            raise LimitExceeded.at(
                "/cell",
                f"the grid would have {width} x {height} pixels; at most {_MOST_PIXELS} are "
                "drawn: make the cells smaller, or fewer",
            )

    def draw(
        self, cells: NDArray[Any], low: Extreme, high: Extreme, cell: tuple[int, int]
    ) -> bytes:
        """A PNG of the cells, (n, h, w, 1 or 3), each enlarged to ``cell``, (height, width).

        ``low`` and ``high`` are the numbers that become black and white, for all the cells or
        (n, 1, 1, 1) for each.
        """
        levels = enlarged(stretch(cells, low, high, 8).astype(np.uint8, copy=False), *cell)
        return encode_picture(Picture(lay_out(levels, self.columns, self.gap)), FORMATS["png"])
