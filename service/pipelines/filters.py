"""The jobs behind ``GET /v1/vgg16``: the layers, grids of their filters, and single filters."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Final, Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from service.errors import InvalidRequest, NotFound, name_segment
from service.formats.json_arrays import encode_json
from service.formats.npy import encode_npy
from service.formats.picture import Buffer
from service.pipelines.answers import require_writable
from service.pipelines.fields import read_value
from service.pipelines.grids import Cell, GridRequest, Scale
from service.pipelines.limits import Limits
from service.pipelines.requests import parse_request
from service.vgg16.architecture import COLORS, LAYERS, Layer
from service.vgg16.attribution import ATTRIBUTION, LICENSE, LICENSE_URL, NETWORK, SOURCE_URL
from service.vgg16.filters import Channel, convolution_taps, filter_cells
from service.vgg16.weights import check_weights, open_weights

LAYOUT: Final = ("height", "width", "channel", "filter")
"""The axes of a layer's weights."""

_FACTS = dict[str, Any]


def _channel(*words: str) -> Any:
    """A validator and the schema of a channel: an index, or one of ``words``."""

    def parse(value: object) -> Channel:
        if type(value) is int or (isinstance(value, str) and value in words):
            return cast("Channel", value)
        raise ValueError(f"must be the index of a channel, or {' or '.join(words)}")

    schema = {"anyOf": [{"type": "integer", "minimum": 0}, {"enum": list(words)}]}
    return PlainValidator(parse), WithJsonSchema(schema)


class FilterRequest(BaseModel):
    """Which channel of a single filter."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    channel: Annotated[int | Literal["mean"], *_channel("mean")] = Field(
        0, description="The input channel of that index, or the `mean` of all."
    )


class FilterGridRequest(GridRequest):
    """Which filters of a layer, which channel of them, and how they are drawn."""

    channel: Annotated[Channel | None, *_channel("mean", "rgb")] = Field(
        None,
        description="Of each filter: the input channel of that index, `mean` of all, or, for the "
        "first layer, `rgb`: its three channels as colour. Left out: 0 in a picture, all in "
        "arrays. The first layer's channels are blue, green and red, in this order.",
    )
    transpose: bool = Field(
        default=False, description="Exchange rows and columns of each filter, as `filters.T` does."
    )
    cell: Cell = Field(48, description="Pixels of a cell's side.")


def list_layers(
    parts: Mapping[str, memoryview],  # noqa: ARG001 (every job has them)
    *,
    weights: str | None,
    limits: dict[str, Any],  # noqa: ARG001
) -> tuple[_FACTS, Buffer]:
    """The 13 layers and where the weights of each are, as JSON."""
    store = open_weights(weights)
    document = {
        "network": NETWORK,
        "source": SOURCE_URL,
        "attribution": ATTRIBUTION,
        "license": {"name": LICENSE, "url": LICENSE_URL},
        "layout": LAYOUT,
        "layers": [
            {
                "name": layer.name,
                "block": layer.block,
                "shape": layer.shape,
                "channels": layer.channels,
                "filters": layer.filters,
                "weights": store.origin(layer),
            }
            for layer in LAYERS.values()
        ],
    }
    return _cacheable(encode_json(document))


def show_filters(
    parts: Mapping[str, memoryview],
    *,
    layer: str,
    output: str,
    weights: str | None,
    limits: dict[str, Any],
) -> tuple[_FACTS, Buffer]:
    """Filters of a layer: drawn as a grid, or the weights as they are; ``parts`` say which."""
    asked = {key: read_value(text, name_segment(key)) for key, text in parts.items()}
    where, request = layer_named(layer), parse_request(FilterGridRequest, asked)
    drawn = output == "png"
    chosen = request.chosen(where.filters, drawn=drawn)
    _check_channel(request.channel, where)
    if isinstance(request.channel, str) and not drawn:
        raise InvalidRequest.at("/channel", "in arrays only a single channel can be chosen")
    if drawn:
        request.check_size(chosen.stop - chosen.start, (request.cell, request.cell))
    found = open_weights(weights).load(where)
    if drawn:
        return _cacheable(_grid(found.kernel, chosen, request))
    kernel = found.kernel[..., chosen]
    if request.channel is not None:
        kernel = kernel[:, :, int(request.channel), np.newaxis]
    kernel = np.ascontiguousarray(kernel)
    if output == "npy":
        return _cacheable(encode_npy(kernel))
    require_writable(kernel, output, Limits(**limits))
    return _cacheable(encode_json(_document(where, request, kernel, found.bias[chosen])))


def show_filter(
    parts: Mapping[str, memoryview],
    *,
    layer: str,
    index: str,
    weights: str | None,
    limits: dict[str, Any],  # noqa: ARG001
) -> tuple[_FACTS, Buffer]:
    """One channel of one filter as a kernel, turned so that convolving with it correlates."""
    asked = {key: read_value(text, name_segment(key)) for key, text in parts.items()}
    where, request = layer_named(layer), parse_request(FilterRequest, asked)
    _check_channel(request.channel, where)
    if not index.isascii() or not index.isdecimal() or not int(index[:9]) < where.filters:
        raise InvalidRequest.at("/index", f"must be 0 to {where.filters - 1} in this layer")
    kernel = open_weights(weights).load(where).kernel
    taps = convolution_taps(kernel, int(index), request.channel)
    return _cacheable(encode_json({"name": "custom", "values": taps, "normalize": "none"}))


def examine_weights(
    parts: Mapping[str, memoryview],  # noqa: ARG001
    *,
    weights: str | None,
    limits: dict[str, Any],  # noqa: ARG001
) -> tuple[_FACTS, Buffer]:
    """Read all the weights there are once; the fact ``found`` is whether a named file is there."""
    return {"found": check_weights(weights)}, b""


def layer_named(name: str) -> Layer:
    """The layer of that name; ``NotFound`` with all the names there are."""
    if name not in LAYERS:
        raise NotFound(f"there is no layer of that name; VGG16 has {', '.join(LAYERS)}")
    return LAYERS[name]


def _check_channel(channel: Channel | None, layer: Layer) -> None:
    if channel == "rgb" and layer.channels != len(COLORS):
        raise InvalidRequest.at("/channel", "rgb is for the first layer, which sees colours")
    if isinstance(channel, int) and not 0 <= channel < layer.channels:
        raise InvalidRequest.at("/channel", f"must be 0 to {layer.channels - 1} in this layer")


def _grid(kernel: NDArray[np.float32], chosen: slice, request: FilterGridRequest) -> bytes:
    channel = 0 if request.channel is None else request.channel
    cells = filter_cells(kernel[..., chosen], channel, transpose=request.transpose)
    size = (request.cell, request.cell)
    if request.scale is Scale.LAYER:
        return request.draw(cells, float(kernel.min()), float(kernel.max()), size)
    own = (1, 2, 3)
    low, high = cells.min(axis=own, keepdims=True), cells.max(axis=own, keepdims=True)
    return request.draw(cells, low, high, size)


def _document(
    layer: Layer,
    request: FilterGridRequest,
    kernel: NDArray[np.float32],
    bias: NDArray[np.float32],
) -> dict[str, Any]:
    chosen = range(layer.channels) if request.channel is None else [request.channel]
    colors = {"colors": [COLORS[int(c)] for c in chosen]} if layer.channels == len(COLORS) else {}
    return {
        "layer": layer.name,
        "layout": LAYOUT,
        "shape": kernel.shape,
        "first": request.first,
        **({} if request.channel is None else {"channel": request.channel}),
        **colors,
        "weights": kernel,
        "biases": bias,
        "license": LICENSE_URL,
        "attribution": ATTRIBUTION,
    }


def _cacheable(body: Buffer) -> tuple[_FACTS, Buffer]:
    """The body with its strong validator (RFC 9110, 8.8.3): the same for the same bytes alone."""
    return {"etag": f'"{sha256(body).hexdigest()[:32]}"'}, body
