"""Results as figures. matplotlib is imported with the first one: most workers draw none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, cast

import numpy as np

from service.convolution.arrays import Array
from service.convolution.dilation import dilated_shape
from service.convolution.geometry import origin, per_axis
from service.convolution.samples import Samples
from service.errors import InvalidRequest
from service.kernels.kernel import KernelBank
from service.pipelines.requests import Step

FileType = Literal["png", "svg"]
_LARGEST_DRAWN: Final = 1e300


def draw_signal(
    signal: Array, steps: Sequence[Step], banks: Sequence[KernelBank], result: Samples, file: str
) -> bytes:
    """The notebook's three panels: original, the kernels of all steps, result.

    Of one dimension or two; ``file`` is png or svg.
    """
    from service.plots.rendering import render
    from service.plots.signals import matrix_figure, signal_figure

    taps = [kernel.taps for bank in banks for kernel in bank.kernels]
    shown = result.astype(float)
    _require_drawable(signal, shown, *taps)
    if signal.ndim == 1:
        figure = signal_figure(signal, taps, shown, *_place(steps, banks))
    else:
        figure = matrix_figure(signal, _sheets(taps), shown)
    return render(figure, cast("FileType", file))


def _sheets(kernels: Sequence[Array]) -> list[Array]:
    """The kernels as matrices of one height: each in the middle, 1-D ones upright."""
    sheets = [taps.reshape(len(taps), -1) for taps in kernels]
    tallest = max(map(len, sheets))
    spare = [tallest - len(sheet) for sheet in sheets]
    return [
        np.pad(sheet, ((rows // 2, rows - rows // 2), (0, 0)), constant_values=np.nan)
        for sheet, rows in zip(sheets, spare, strict=True)
    ]


def _require_drawable(*arrays: Array) -> None:
    """``InvalidRequest`` for numbers so large that the differences of axes overflow."""
    if any(np.nanmax(np.abs(array), initial=0.0) > _LARGEST_DRAWN for array in arrays):
        detail = f"figures show numbers up to {_LARGEST_DRAWN:g}; npy and json hold larger ones"
        raise InvalidRequest.at("/format", detail)


def _place(steps: Sequence[Step], banks: Sequence[KernelBank]) -> tuple[int, int]:
    """Where the result's first sample lies on the signal's axis, and how far the others."""
    first, apart = 0, 1
    for step, bank in zip(steps, banks, strict=True):
        (extent,) = dilated_shape(bank.kernels[0].values.shape, step.dilation)
        first += origin(extent, step.mode) * apart
        apart *= per_axis(step.stride, 1, "/stride")[0]
    return first, apart


def draw_kernel(name: str, bank: KernelBank, file: str) -> bytes:
    """The kernels with their frequency responses, or as coloured cells."""
    from service.plots.kernels import kernel_figure
    from service.plots.rendering import render

    taps = [each.taps for each in bank.kernels]
    _require_drawable(*taps)
    return render(kernel_figure(name, taps), cast("FileType", file))
