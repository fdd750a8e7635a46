"""Kernels as figures: taps and frequency response, or coloured cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import scipy.fft
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from service.plots.lines import Curve, draw_samples
from service.plots.matrices import draw_matrix
from service.plots.rendering import LINE

# Below this, in decibels, a response is as good as nothing.
_FLOOR = -120.0
# Points of a frequency response: enough for the sidelobes of a long kernel.
_RESPONSE_POINTS = 4_096


def kernel_figure(title: str, kernels: Sequence[Curve]) -> Callable[[Figure], None]:
    """Each kernel of one dimension with its frequency response, each of two as cells."""

    def draw(figure: Figure) -> None:
        if kernels[0].ndim == 1:
            _draw_curves(figure, title, kernels)
        else:
            _draw_cells(figure, title, kernels)

    return draw


def _draw_curves(figure: Figure, title: str, kernels: Sequence[Curve]) -> None:
    figure.set_size_inches(8, 3.4 * len(kernels))
    rows = figure.subplots(len(kernels), 2, squeeze=False)
    for row, taps in zip(rows, kernels, strict=True):
        row[0].set_title(f"{title}: {len(taps)} taps")
        row[0].set_xlabel("tap")
        row[0].margins(0.03, 0.1)
        draw_samples(row[0], taps)
        _draw_response(row[1], taps)


def _draw_response(axes: Axes, taps: Curve) -> None:
    """The magnitude of the transfer function (Oppenheim and Schafer, section 5.1), in decibels."""
    points = scipy.fft.next_fast_len(max(_RESPONSE_POINTS, 4 * len(taps)), real=True)
    peak = np.abs(taps).max()
    spectrum = np.abs(scipy.fft.rfft(taps / peak if peak > 0 else taps, points))
    with np.errstate(divide="ignore"):
        decibels = 20 * np.log10(spectrum * peak)
    highest = decibels.max() if peak > 0 else 0.0
    frequencies = np.linspace(0, 0.5, len(spectrum))
    axes.plot(frequencies, np.maximum(decibels, highest + _FLOOR), color=LINE)
    axes.set_title("Frequency response")
    axes.set_xlabel("cycles a sample")
    axes.set_ylabel("dB")
    axes.set_xlim(0, 0.5)


def _draw_cells(figure: Figure, title: str, kernels: Sequence[Curve]) -> None:
    columns = min(4, len(kernels))
    rows = -(-len(kernels) // columns)
    figure.set_size_inches(max(4.6, 3.4 * columns), 3.9 if rows == 1 else 3.0 * rows)
    cells = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in cells[len(kernels) :]:
        axes.set_axis_off()
    for number, (axes, taps) in enumerate(zip(cells, kernels, strict=False), start=1):
        of_several = f" ({number})" if len(kernels) > 1 else ""
        height, width = taps.shape
        axes.set_title(f"{title}{of_several}: {height} x {width}")
        draw_matrix(figure, axes, taps)
