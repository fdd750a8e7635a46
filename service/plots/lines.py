"""Curves of any number of samples, drawn with as many points as an eye can tell."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from service.plots.rendering import LINE

Curve = NDArray[np.float64]

# A figure is hardly a thousand pixels wide.
_MOST_POINTS = 4_000
# Up to so many samples each is marked by a dot: they are numbers, not a curve.
_MOST_DOTS = 32


def draw_samples(axes: Axes, values: Curve, first: int = 0, apart: int = 1) -> None:
    """The samples from the place ``first`` on, ``apart`` from one another; gaps where NaN.

    Where there are too many, the smallest and the largest of each stretch are drawn.
    """
    positions, shown = _envelope(values)
    marker = "o" if len(values) <= _MOST_DOTS else "none"
    axes.plot(positions * apart + first, shown, color=LINE, marker=marker, markersize=3.5)


def _envelope(values: Curve) -> tuple[Curve, Curve]:
    count = len(values)
    if count <= _MOST_POINTS:
        return np.arange(count, dtype=np.float64), values
    starts = np.linspace(0, count, _MOST_POINTS // 2, endpoint=False).astype(int)
    low, high = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
    return np.repeat(starts.astype(np.float64), 2), np.stack([low, high], axis=1).ravel()
