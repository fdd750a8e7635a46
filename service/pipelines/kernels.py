"""The job behind ``GET /v1/kernels/{name}`` and ``POST /v1/kernels/preview``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.convolution.arrays import Array
from service.errors import InvalidRequest, LimitExceeded, name_segment
from service.formats.encoding import encode_picture
from service.formats.json_arrays import encode_json
from service.formats.npy import encode_npy
from service.formats.picture import Buffer, Picture
from service.formats.quantise import Scaling, quantise
from service.formats.table import FORMATS
from service.kernels.description import kernel_facts
from service.kernels.kernel import KernelBank
from service.kernels.parsing import parse_kernel
from service.kernels.specification import KernelSpecification
from service.pipelines.fields import read_json, read_value
from service.pipelines.figures import draw_kernel
from service.pipelines.limits import Limits

# Cells are enlarged until the longer side of a kernel's picture has about so many pixels.
_PICTURE_SIDE = 512
_LONGEST_DRAWN = 4096
# A 1-D kernel is drawn as a strip of at least this height, so that it can be seen.
_STRIP_HEIGHT = 32
_GAP = 16
# What a cell of a constant kernel, which has no darkest and brightest tap, is drawn as.
_MIDDLE_GRAY = 128


def show_named_kernel(
    parts: Mapping[str, memoryview],
    *,
    name: str,
    dimensions: int | None,
    output: str,
    limits: dict[str, Any],
) -> tuple[dict[str, Any], Buffer]:
    """A kernel of the catalogue; ``parts`` are its parameters as text.

    ``dimensions`` are those of the array that it would be applied to; None takes the
    kernel's own.
    """
    if "name" in parts:
        raise InvalidRequest.at("/name", "stands in the path, and can't be given as a parameter")
    parameters = {key: read_value(text, name_segment(key)) for key, text in parts.items()}
    specification = parse_kernel({**parameters, "name": name}, "")
    return _show(specification, dimensions, output, Limits(**limits))


def show_kernel(
    parts: Mapping[str, memoryview],
    *,
    dimensions: int | None,
    output: str,
    limits: dict[str, Any],
) -> tuple[dict[str, Any], Buffer]:
    """The kernel that the JSON in the part ``kernel`` specifies; else as a named one."""
    specification = parse_kernel(read_json(parts["kernel"]), "")
    return _show(specification, dimensions, output, Limits(**limits))


def _show(
    specification: KernelSpecification, dimensions: int | None, output: str, limits: Limits
) -> tuple[dict[str, Any], Buffer]:
    if dimensions is None:
        flat = len(specification.extent().shape) == 1 and specification.laid_along() == "both"
        dimensions = 1 if flat else 2
    bank = specification.build(dimensions, limits=limits.kernel, pointer="")
    target = FORMATS[output]
    if output == "json":
        facts = kernel_facts(bank)
        single = facts["kernels"][0] if bank.combine is None else facts
        body = encode_json({"name": specification.name, **single})
    elif output == "svg":
        body = draw_kernel(specification.name, bank, output)
    elif target.encode_picture is not None:
        body = encode_picture(Picture(_picture(bank)[:, :, np.newaxis]), target)
    else:
        taps = [kernel.taps for kernel in bank.kernels]
        body = encode_npy(taps[0] if len(taps) == 1 else np.stack(taps))
    return {}, body


def _picture(bank: KernelBank) -> NDArray[np.uint8]:
    """The kernels side by side on white, (height, width): a cell a tap, black to white."""
    tiles = [_cells(kernel.taps) for kernel in bank.kernels]
    gap = np.full((tiles[0].shape[0], _GAP), 255, np.uint8)
    spaced = [part for tile in tiles for part in (gap, tile)][1:]
    return np.concatenate(spaced, axis=1)


def _cells(taps: Array) -> NDArray[np.uint8]:
    grid = np.atleast_2d(taps)
    longest = max(grid.shape)
    if longest > _LONGEST_DRAWN:
        raise LimitExceeded.at(
            "/format",
            f"kernels are drawn up to {_LONGEST_DRAWN} taps a side; this one has {longest}",
        )
    if grid.min() == grid.max():
        levels = np.full(grid.shape, _MIDDLE_GRAY, np.uint8)
    else:
        levels = quantise(grid, Scaling.MINMAX, 255.0, 8).astype(np.uint8, copy=False)
    cell = max(1, _PICTURE_SIDE // longest)
    height = cell if taps.ndim == 2 else max(cell, _STRIP_HEIGHT)
    return levels.repeat(height, axis=0).repeat(cell, axis=1)
