"""The job behind ``POST /v1/vgg16/{layer}/activations``: what the network sees in a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from service.errors import InvalidRequest, LimitExceeded
from service.formats.decoding import decode_picture
from service.formats.json_arrays import encode_json
from service.formats.npy import encode_npy
from service.formats.picture import Buffer, Picture
from service.pipelines.answers import require_writable
from service.pipelines.fields import read_fields
from service.pipelines.filters import layer_named
from service.pipelines.grids import Cell, GridRequest, Scale
from service.pipelines.limits import Limits
from service.pipelines.requests import parse_request
from service.pipelines.stages import Stages
from service.vgg16.activations import activation_shape, activations, multiply_adds
from service.vgg16.architecture import Layer
from service.vgg16.attribution import ATTRIBUTION, LICENSE_URL
from service.vgg16.layer_weights import LayerWeights
from service.vgg16.weights import Weights, open_weights

LAYOUT: Final = ("height", "width", "filter")
"""The axes of a layer's feature maps."""

# Where a map is larger than that it is shrunk in a grid, unless ``cell`` says otherwise.
_LONGEST_SIDE: Final = 256


class ActivationRequest(GridRequest):
    """Which feature maps, and how they are drawn."""

    cell: Cell | None = Field(
        None,
        description="Pixels of a cell's longer side. Left out, the map's own, up to "
        f"{_LONGEST_SIDE}.",
    )

    def cell_shape(self, height: int, width: int) -> tuple[int, int]:
        """Height and width in pixels of the cell for a map of that size."""
        longest = max(height, width)
        side = min(longest, _LONGEST_SIDE) if self.cell is None else self.cell
        return max(1, round(height * side / longest)), max(1, round(width * side / longest))


def activate(
    parts: Mapping[str, memoryview],
    *,
    layer: str,
    output: str,
    weights: str | None,
    threads: int,
    limits: dict[str, Any],
) -> tuple[dict[str, Any], Buffer]:
    """The feature maps of a layer for the picture in the part ``image``.

    Alpha is left out, gray taken as three equal colours, 16-bit levels brought to 255. The
    body is a grid of the maps, or (height, width, filters) float32.
    """
    bounds, stages, drawn = Limits(**limits), Stages(), output == "png"
    where = layer_named(layer)
    request = parse_request(ActivationRequest, read_fields(parts, files=("image",)))
    chosen = request.chosen(where.filters, drawn=drawn)
    if "image" not in parts:
        raise InvalidRequest.at("/image", "is required: a picture's file")
    store = open_weights(weights)
    store.load(where)
    with stages.stage("decode"):
        picture = decode_picture(parts["image"], bounds.picture)
        shape = _admitted_shape(picture, where, chosen, bounds)
    if drawn:
        request.check_size(chosen.stop - chosen.start, request.cell_shape(*shape))
    with stages.stage("activate"):
        # The extremes of a layer are those of all its maps; else only those asked for are made.
        whole = drawn and request.scale is Scale.LAYER
        load = store.load if whole else _load_chosen(store, where, chosen)
        blocks = activations(_as_rgb(picture), where, load, threads=threads)
        count, kept = chosen.stop - chosen.start, chosen if whole else slice(None)
        maps, low, high = _gathered(blocks, (*shape, count), kept, whole=whole)
    with stages.stage("encode"):
        if drawn:
            body: Buffer = _grid(maps, low, high, request)
        elif output == "npy":
            body = encode_npy(maps)
        else:
            require_writable(maps, output, bounds)
            body = encode_json(_document(where, request, maps))
    work = multiply_adds(picture.height, picture.width, where)
    return {"multiply_adds": work, "milliseconds": stages.milliseconds}, body


def check_size(height: int, width: int, layer: Layer, limits: Limits) -> None:
    """``LimitExceeded`` where a picture of that size takes too much work up to the layer."""
    work = multiply_adds(height, width, layer)
    if work > limits.max_multiply_adds:
        raise LimitExceeded.at(
            "/image",
            f"this picture up to this layer takes {work:.3g} multiply-adds; at most "
            f"{limits.max_multiply_adds:.3g} are taken on: a smaller picture takes less",
        )


def _admitted_shape(
    picture: Picture, layer: Layer, chosen: slice, limits: Limits
) -> tuple[int, int]:
    """Height and width of the maps, if they are not too small, too large or too much work."""
    height, width = activation_shape(picture.height, picture.width, layer)
    if not height or not width:
        side = 2 ** (layer.block - 1)
        raise InvalidRequest.at(
            "/image", f"must have sides of {side} pixels or more for this layer"
        )
    check_size(picture.height, picture.width, layer, limits)
    # As many numbers as the largest picture has samples.
    most = 3 * limits.max_picture_pixels
    samples = height * width * (chosen.stop - chosen.start)
    if samples > most:
        raise LimitExceeded.at(
            "/count",
            f"the feature maps would have {samples} numbers; at most {most} are computed: ask "
            "for fewer of them",
        )
    return height, width


def _load_chosen(store: Weights, layer: Layer, chosen: slice) -> Callable[[Layer], LayerWeights]:
    """As ``store.load``, but of ``layer`` only the chosen filters."""

    def load(each: Layer) -> LayerWeights:
        found = store.load(each)
        if each != layer:
            return found
        return LayerWeights(found.kernel[..., chosen], found.bias[chosen])

    return load


def _gathered(
    blocks: Iterable[NDArray[np.float32]], shape: tuple[int, int, int], kept: slice, *, whole: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The ``kept`` maps of all blocks of rows, (h, w, n), and the extremes of each, (n,).

    Where ``whole``, the extremes are those of all the maps, kept or not.
    """
    maps, top, extremes = np.empty(shape, np.float32), 0, []
    axes = None if whole else (0, 1)
    for block in blocks:
        maps[top : top + len(block)] = block[:, :, kept]
        top += len(block)
        extremes.append((block.min(axis=axes), block.max(axis=axes)))
    lows, highs = zip(*extremes, strict=True)
    each = np.ones(shape[2], np.float32)
    return maps, each * np.min(lows, axis=0), each * np.max(highs, axis=0)


def _as_rgb(picture: Picture) -> NDArray[np.uint8] | NDArray[np.float32]:
    """The colours on the scale of 0 to 255, (height, width, 3)."""
    color = picture.color
    if color.dtype != np.uint8:
        color = color.astype(np.float32)
        color *= np.float32(255.0 / picture.maximum)
    return np.broadcast_to(color, (picture.height, picture.width, 3))


def _grid(
    maps: NDArray[np.float32],
    low: NDArray[np.float32],
    high: NDArray[np.float32],
    request: ActivationRequest,
) -> bytes:
    height, width, count = maps.shape
    cell = request.cell_shape(height, width)
    shrunk = (min(cell[0], height), min(cell[1], width))
    cells = np.empty((count, *shrunk), np.float32)
    for index in range(count):
        # The mean over the area that a pixel stands for: nothing is skipped, nothing invented.
        plane = np.ascontiguousarray(maps[:, :, index])
        cells[index] = cv2.resize(plane, shrunk[::-1], interpolation=cv2.INTER_AREA)
    each = (count, 1, 1, 1)
    # A mean may lie outside of the extremes by a rounding.
    bottom, top = low.reshape(each), high.reshape(each)
    within = np.clip(cells[..., np.newaxis], bottom, top)
    return request.draw(within, bottom, top, cell)


def _document(
    layer: Layer, request: ActivationRequest, maps: NDArray[np.float32]
) -> dict[str, Any]:
    return {
        "layer": layer.name,
        "layout": LAYOUT,
        "shape": maps.shape,
        "first": request.first,
        "activations": maps,
        "license": LICENSE_URL,
        "attribution": ATTRIBUTION,
    }
