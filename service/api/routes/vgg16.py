"""VGG16: its layers, grids of their filters, filters as kernels, and feature maps."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from service.api.description.documents import (
    answers_in,
    body_of,
    form_of,
    format_parameter,
    query_parameters,
    reference,
)
from service.api.problems import declared
from service.api.serving import multipart
from service.api.serving.asking import read_output
from service.api.serving.caching import cacheable
from service.api.serving.direct_route import DirectRoute
from service.api.serving.jobs import Jobs, answer_response, check_query
from service.api.serving.negotiation import choose_format
from service.errors import (
    BodyTooLarge,
    DeadlineExceeded,
    InvalidRequest,
    NotAcceptable,
    NotFound,
    QueueFull,
    ServiceError,
    UnsupportedMediaType,
    WeightsMissing,
    WeightsUnavailable,
)
from service.formats.table import FORMATS
from service.pipelines.activations import LAYOUT as MAPS_LAYOUT
from service.pipelines.activations import ActivationRequest, activate
from service.pipelines.estimates import estimate_activations, estimate_filters
from service.pipelines.filters import LAYOUT as WEIGHTS_LAYOUT
from service.pipelines.filters import (
    FilterGridRequest,
    FilterRequest,
    examine_weights,
    list_layers,
    show_filter,
    show_filters,
)
from service.vgg16.architecture import LAYERS
from service.vgg16.attribution import LICENSE_URL, SOURCE_URL

logger = logging.getLogger("service.vgg16")

# The weights change with the file that an operator names, hardly ever.
_KEPT_SECONDS: Final = 86_400
_OFFERED: Final = [FORMATS[name] for name in ("png", "npy", "json")]
_JSON: Final = [FORMATS["json"]]
_LINKS: Final = {"Link": f'<{LICENSE_URL}>; rel="license", <{SOURCE_URL}>; rel="author"'}
_FAULTS: Final = declared(
    NotFound,
    WeightsMissing,
    WeightsUnavailable,
    InvalidRequest,
    NotAcceptable,
    QueueFull,
    DeadlineExceeded,
)
_LINK_HEADER: Final = {"Link": "The licence of the weights, and their authors."}
_ARRAY_HEADERS: Final = {**_LINK_HEADER, "Array-Layout": "For npy and JSON: what the axes are."}
_CACHED_HEADERS: Final = {
    **_ARRAY_HEADERS,
    "ETag": "A strong validator, for If-None-Match.",
    "Cache-Control": "How long it may be kept.",
}
_NOT_MODIFIED: Final = {"description": "The client has it already: If-None-Match names its ETag."}
_LAYER_PARAMETER: Final = {
    "name": "layer",
    "in": "path",
    "required": True,
    "description": "A convolution layer, under the name that Keras gives it.",
    "schema": {"type": "string", "enum": list(LAYERS)},
    "example": "block1_conv1",
}
_INDEX_PARAMETER: Final = {
    "name": "index",
    "in": "path",
    "required": True,
    "description": "Which filter of the layer, from 0 on.",
    "schema": {"type": "integer", "minimum": 0, "maximum": 511},
    "example": 0,
}


async def examine(jobs: Jobs, weights: str | None) -> None:
    """Read the weights once, in a worker, and log what is wrong with them by its name."""
    fault: ServiceError | None = None
    try:
        answer = await jobs.run_own(examine_weights, weights=weights)
    except ServiceError as error:
        fault = error
    if fault is not None:
        named = weights or "that ship with the service"
        logger.error("the VGG16 weights %s are not usable: %s", named, fault.detail)
    elif not answer.facts["found"]:
        logger.warning("there is no file %s with VGG16 weights (yet)", weights)


def router(jobs: Jobs, weights: str | None, threads: int) -> APIRouter:
    """The endpoints of VGG16, with the weights of the file of that name, or those that ship.

    ``threads`` are those that one job may compute with.
    """
    routes = APIRouter(prefix="/v1/vgg16", tags=["vgg16"], route_class=DirectRoute)

    @routes.get(
        "",
        operation_id="listLayers",
        summary="All layers",
        response_class=Response,
        responses={
            200: answers_in(_JSON, json=reference("Layers"), headers=_CACHED_HEADERS),
            304: _NOT_MODIFIED,
            **_FAULTS,
        },
    )
    async def layers(request: Request) -> Response:
        """The 13 convolution layers, and where the weights of each are.

        `shipped` with the service, in the operator's `file`, or `missing`.
        """
        check_query(request, ())
        output = choose_format(request.headers.get("accept"), None, _JSON)
        answer = await jobs.run(request, list_layers, {}, weights=weights)
        response = answer_response(answer, output, "layers", _LINKS)
        return cacheable(request, response, answer.facts["etag"], 0)

    @routes.get(
        "/{layer}/filters",
        operation_id="showFilters",
        summary="A grid of filters",
        response_class=Response,
        responses={
            200: answers_in(_OFFERED, json=reference("Filters"), headers=_CACHED_HEADERS),
            304: _NOT_MODIFIED,
            **_FAULTS,
        },
        openapi_extra={
            "parameters": [
                _LAYER_PARAMETER,
                format_parameter(_OFFERED),
                *query_parameters(FilterGridRequest),
            ]
        },
    )
    async def filters(request: Request) -> Response:
        """Filters of a layer drawn as a grid, or the weights as they are.

        `columns`, `scale`, `gap`, `transpose` and `cell` say how to draw, and are refused
        where numbers are asked for. The axes of arrays are height, width, channel, filter.
        """
        parts, wanted = _query(request, FilterGridRequest, ("format",))
        output = choose_format(request.headers.get("accept"), wanted, _OFFERED)
        name = request.path_params["layer"]
        answer = await jobs.run(
            request,
            show_filters,
            parts,
            estimate_filters,
            layer=name,
            output=output.name,
            weights=weights,
        )
        headers = _headers(output.name, WEIGHTS_LAYOUT)
        response = answer_response(answer, output, f"{name}-filters", headers)
        return cacheable(request, response, answer.facts["etag"], _KEPT_SECONDS)

    @routes.get(
        "/{layer}/filters/{index}",
        operation_id="showFilter",
        summary="One filter, as a kernel",
        response_class=Response,
        responses={
            200: answers_in(_JSON, json=reference("CustomKernel"), headers=_CACHED_HEADERS),
            304: _NOT_MODIFIED,
            **_FAULTS,
        },
        openapi_extra={
            "parameters": [_LAYER_PARAMETER, _INDEX_PARAMETER, *query_parameters(FilterRequest)]
        },
    )
    async def one_filter(request: Request) -> Response:
        """One channel of a filter as a kernel that the convolve endpoints take as it is.

        The network correlates; the kernel is turned by 180 degrees, so that convolving with
        it computes what the network does.
        """
        parts, _ = _query(request, FilterRequest)
        output = choose_format(request.headers.get("accept"), None, _JSON)
        where = request.path_params
        answer = await jobs.run(
            request, show_filter, parts, layer=where["layer"], index=where["index"], weights=weights
        )
        response = answer_response(answer, output, "kernel", _LINKS)
        return cacheable(request, response, answer.facts["etag"], _KEPT_SECONDS)

    @routes.post(
        "/{layer}/activations",
        operation_id="activate",
        summary="What a layer sees in a picture",
        response_class=Response,
        responses={
            200: answers_in(_OFFERED, json=reference("Activations"), headers=_ARRAY_HEADERS),
            **_FAULTS,
            **declared(BodyTooLarge, UnsupportedMediaType),
        },
        openapi_extra={
            "parameters": [_LAYER_PARAMETER, format_parameter(_OFFERED)],
            "requestBody": body_of(
                {
                    multipart.MEDIA_TYPE: form_of(
                        ActivationRequest, {"image": "The picture's file."}, '{"count": 16}'
                    )
                }
            ),
        },
    )
    async def activations(request: Request) -> Response:
        """The picture through the network up to this layer: its feature maps, after ReLU.

        Preprocessed as Keras does (BGR, means subtracted), at the picture's own size, which
        each pooling halves. A grid of maps, or numbers: height, width, filter.
        """
        parts = await multipart.read_multipart(request, jobs.form_limits)
        output = read_output(request, _OFFERED, parts)
        name = request.path_params["layer"]
        answer = await jobs.run(
            request,
            activate,
            parts,
            estimate_activations,
            layer=name,
            output=output.name,
            weights=weights,
            threads=threads,
        )
        headers = _headers(output.name, MAPS_LAYOUT)
        return answer_response(answer, output, f"{name}-activations", headers)

    return routes


def _query(
    request: Request, known: type[BaseModel], beside: tuple[str, ...] = ()
) -> tuple[dict[str, bytes], str | None]:
    """The query's parameters as the parts of a job, and the format it names."""
    check_query(request, {*known.model_fields, *beside})
    parts = {
        name: text.encode() for name, text in request.query_params.items() if name not in beside
    }
    return parts, request.query_params.get("format")


def _headers(output: str, layout: tuple[str, ...]) -> Mapping[str, str]:
    """The terms of the weights, and for arrays what their axes are."""
    return _LINKS if output == "png" else {**_LINKS, "Array-Layout": ", ".join(layout)}
