"""Matrices as coloured cells."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from service.plots.rendering import INK

# Up to so many cells a side, each is labelled with its number.
_MOST_LABELLED = 11
# Longer sides are thinned out to it: a figure has no more pixels.
_LONGEST_SIDE = 1_024


def draw_matrix(figure: Figure, axes: Axes, matrix: NDArray[np.float64]) -> None:
    """The cells from the top left, with a scale beside them; white is zero where signs differ."""
    step = -(-max(matrix.shape) // _LONGEST_SIDE)
    shown = matrix[::step, ::step]
    numbers = shown[~np.isnan(shown)]
    low, high = (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 1.0)
    signed = low < 0 < high
    if signed:
        high = max(high, -low)
        low = -high
    rows, columns = matrix.shape
    picture = axes.imshow(
        shown,
        cmap="RdBu_r" if signed else "gray",
        vmin=low,
        vmax=high,
        interpolation="nearest",
        extent=(-0.5, columns - 0.5, rows - 0.5, -0.5),
    )
    axes.grid(visible=False)
    axes.locator_params(integer=True)
    axes.spines[:].set_visible(True)
    figure.colorbar(picture, ax=axes, shrink=0.8)
    if max(matrix.shape) <= _MOST_LABELLED:
        _label(axes, matrix, low, high, signed=signed)


def _label(
    axes: Axes, matrix: NDArray[np.float64], low: float, high: float, *, signed: bool
) -> None:
    size = 9 if max(matrix.shape) <= 5 else 6
    for (row, column), value in np.ndenumerate(matrix):
        if np.isnan(value):
            continue
        place = (value - low) / (high - low) if high > low else 1.0
        # The ends of the signed scale are dark, of the other only the lower one.
        dark = abs(place - 0.5) > 0.35 if signed else place < 0.5
        color = "white" if dark else INK
        axes.text(column, row, f"{value:.3g}", ha="center", va="center", fontsize=size, color=color)
