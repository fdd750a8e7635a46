"""The notebook's figure: a signal, the kernel, and the signal convolved."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure

from service.plots.lines import Curve, draw_samples
from service.plots.matrices import draw_matrix

TITLES = ("Original signal", "Kernel = filter response", "Convolved signal")


def signal_figure(
    original: Curve, kernels: Sequence[Curve], convolved: Curve, first: int = 0, apart: int = 1
) -> Callable[[Figure], None]:
    """Three panels, one below the other, over one axis of samples; several kernels in one.

    All of one dimension. ``first`` is where the convolved signal begins on the original's
    axis: negative for ``full``, positive for ``valid``; its samples lie ``apart``.
    """

    def draw(figure: Figure) -> None:
        figure.set_size_inches(8, 6)
        panels = figure.subplots(3, 1, sharex=True)
        for axes, title in zip(panels, TITLES, strict=True):
            axes.set_title(title)
            axes.margins(0.01, 0.1)
        draw_samples(panels[0], original)
        for taps in kernels:
            draw_samples(panels[1], taps)
        draw_samples(panels[2], convolved, first, apart)
        panels[2].set_xlabel("sample")

    return draw


def matrix_figure(
    original: Curve, kernels: Sequence[Curve], convolved: Curve
) -> Callable[[Figure], None]:
    """The same for matrices, side by side; several kernels beside one another."""

    def draw(figure: Figure) -> None:
        figure.set_size_inches(12, 4.2)
        panels = figure.subplots(1, 3)
        gap = np.full((kernels[0].shape[0], 1), np.nan)
        spaced = [part for taps in kernels for part in (gap, taps)][1:]
        shown = (original, np.concatenate(spaced, axis=1), convolved)
        for axes, title, matrix in zip(panels, TITLES, shown, strict=True):
            axes.set_title(title)
            draw_matrix(figure, axes, matrix)

    return draw
