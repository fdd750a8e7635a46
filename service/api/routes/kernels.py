"""The catalogue of kernels: its list, each kernel, and a preview of any specification."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.api.description.documents import (
    JSON_MEDIA_TYPE,
    answers_in,
    body_of,
    format_parameter,
    reference,
)
from service.api.problems import declared
from service.api.serving.asking import written
from service.api.serving.jobs import Jobs, answer_response, check_query, media_type_of
from service.api.serving.negotiation import choose_format
from service.errors import (
    BodyTooLarge,
    DeadlineExceeded,
    InvalidRequest,
    NotAcceptable,
    NotFound,
    QueueFull,
    UnsupportedMediaType,
)
from service.formats.table import Subject
from service.kernels.catalogue import CATALOGUE, complete_by_name
from service.kernels.description import describe
from service.pipelines.estimates import estimate_kernel, estimate_named_kernel
from service.pipelines.kernels import show_kernel, show_named_kernel

_FAULTS: Final = declared(InvalidRequest, NotAcceptable, QueueFull, DeadlineExceeded)
_NO_POST: Final = ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
# What says how to show a kernel, and so is no parameter of any.
_SHOWING: Final = ("format", "dimensions")
_DIMENSIONS: Final = {"1": 1, "2": 2}
_DIMENSIONS_PARAMETER: Final = {
    "name": "dimensions",
    "in": "query",
    "description": "Of the array that the kernel is for: a 1-D kernel on 2 is its outer product "
    "with itself. Left out, the kernel's own.",
    "schema": {"type": "integer", "enum": list(_DIMENSIONS.values())},
}


class CatalogueEntry(BaseModel):
    """One kernel of the catalogue."""

    name: str
    family: str
    dimensions: list[int] = Field(description="Of the kernel itself; a 1-D one fits pictures too.")
    summary: str
    normalize: str = Field(description="What its taps are divided by if nothing else is asked.")
    source: str
    parameters: dict[str, Any] = Field(description="JSON Schema of its parameters.")


class Catalogue(BaseModel):
    """All the kernels that have a name."""

    kernels: list[CatalogueEntry]


def router(jobs: Jobs) -> APIRouter:
    """The endpoints of the catalogue."""
    routes = APIRouter(prefix="/v1/kernels", tags=["kernels"])
    offered = written(Subject.KERNEL, first="json")
    catalogue = Catalogue(
        kernels=[CatalogueEntry.model_validate(describe(entry)) for entry in CATALOGUE.values()]
    )
    named = [name for name, entry in CATALOGUE.items() if complete_by_name(entry)]

    @routes.get(
        "", operation_id="listKernels", summary="All kernels", responses=declared(InvalidRequest)
    )
    async def list_kernels(request: Request) -> Catalogue:
        """Every kernel: its name, family, parameters, normalisation and source."""
        check_query(request, ())
        return catalogue

    @routes.post(
        "/preview",
        operation_id="previewKernel",
        summary="Preview any kernel",
        response_class=Response,
        responses={
            200: answers_in(offered, json=reference("KernelFacts")),
            **declared(BodyTooLarge, UnsupportedMediaType),
            **_FAULTS,
        },
        openapi_extra={
            "parameters": [format_parameter(offered), _DIMENSIONS_PARAMETER],
            "requestBody": body_of({JSON_MEDIA_TYPE: {"schema": reference("Kernel")}}),
        },
    )
    async def preview(request: Request) -> Response:
        """Any kernel that a convolution takes, shown as `GET /v1/kernels/{name}` shows one."""
        check_query(request, _SHOWING)
        if media_type_of(request) != JSON_MEDIA_TYPE:
            raise UnsupportedMediaType(f"the body must be {JSON_MEDIA_TYPE}")
        wanted = request.query_params.get("format")
        output = choose_format(request.headers.get("accept"), wanted, offered)
        parts = {"kernel": await request.body()}
        answer = await jobs.run(
            request,
            show_kernel,
            parts,
            estimate_kernel,
            dimensions=_dimensions(request),
            output=output.name,
        )
        return answer_response(answer, output, "kernel")

    # The route of any name would match this path too, and say 404 or another Allow.
    @routes.api_route("/preview", methods=list(_NO_POST), include_in_schema=False)
    async def refuse() -> Response:
        raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})

    @routes.get(
        "/{name}",
        operation_id="showKernel",
        summary="One kernel",
        response_class=Response,
        responses={
            200: answers_in(offered, json=reference("KernelFacts")),
            **declared(NotFound, InvalidRequest, NotAcceptable, QueueFull, DeadlineExceeded),
        },
        openapi_extra={
            "parameters": [
                {
                    "name": "name",
                    "in": "path",
                    "required": True,
                    "description": "A name of the catalogue.",
                    "schema": {"type": "string", "enum": named},
                    "example": "gaussian",
                },
                format_parameter(offered),
                _DIMENSIONS_PARAMETER,
                {
                    "name": "parameters",
                    "in": "query",
                    "description": "The kernel's own parameters, each by its name: "
                    "`?size=50&sigma=10`.",
                    "style": "form",
                    "explode": True,
                    "schema": {
                        "type": "object",
                        "additionalProperties": {"type": ["string", "number", "boolean"]},
                    },
                    "example": {},
                },
            ]
        },
    )
    async def show_named(request: Request) -> Response:
        """One kernel as it is computed with: taps, sum, rank; or drawn, a cell a tap."""
        name = request.path_params["name"]
        if name not in CATALOGUE:
            raise NotFound("there is no kernel of that name; GET /v1/kernels lists them all")
        query = dict(request.query_params)
        check_query(request, {*query, *_SHOWING})
        output = choose_format(request.headers.get("accept"), query.get("format"), offered)
        parts = {key: text.encode() for key, text in query.items() if key not in _SHOWING}
        answer = await jobs.run(
            request,
            show_named_kernel,
            parts,
            estimate_named_kernel,
            name=name,
            dimensions=_dimensions(request),
            output=output.name,
        )
        return answer_response(answer, output, name)

    return routes


def _dimensions(request: Request) -> int | None:
    text = request.query_params.get("dimensions")
    if text is None:
        return None
    if text not in _DIMENSIONS:
        raise InvalidRequest.at("/dimensions", f"must be one of {', '.join(_DIMENSIONS)}")
    return _DIMENSIONS[text]
