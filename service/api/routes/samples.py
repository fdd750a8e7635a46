"""The pictures that ship with the service."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from service.api.problems import declared
from service.api.serving.jobs import check_query
from service.errors import InvalidRequest, NotFound


class Sample(BaseModel):
    """A picture to try things on."""

    name: str
    url: str
    description: str
    license: str


class Samples(BaseModel):
    """All of them."""

    samples: list[Sample] = Field(description="The pictures that ship with the service.")


_SAMPLES: Final = {
    "ascent": Sample(
        name="ascent",
        url="/v1/samples/ascent",
        description="People on a staircase, 512 x 512, 8-bit gray; scipy.datasets.ascent.",
        license="public domain",
    )
}


def router() -> APIRouter:
    """The endpoints for the samples."""
    routes = APIRouter(prefix="/v1/samples", tags=["samples"])

    @routes.get(
        "", operation_id="listSamples", summary="All samples", responses=declared(InvalidRequest)
    )
    async def list_samples(request: Request) -> Samples:
        """The pictures that ship with the service."""
        check_query(request, ())
        return Samples(samples=list(_SAMPLES.values()))

    @routes.get(
        "/{name}",
        operation_id="getSample",
        summary="One sample",
        response_class=Response,
        responses={
            200: {"description": "The picture.", "content": {"image/png": {}}},
            **declared(NotFound, InvalidRequest),
        },
        openapi_extra={
            "parameters": [
                {
                    "name": "name",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string", "enum": list(_SAMPLES)},
                    "example": "ascent",
                }
            ]
        },
    )
    async def get_sample(request: Request) -> Response:
        """One of the pictures, as a PNG."""
        check_query(request, ())
        name = request.path_params["name"]
        if name not in _SAMPLES:
            raise NotFound("there is no sample of that name; GET /v1/samples lists them")
        picture = files("service").joinpath("samples", f"{name}.png").read_bytes()
        headers = {
            "Cache-Control": "public, max-age=86400",
            "Content-Disposition": f'inline; filename="{name}.png"',
        }
        return Response(picture, headers=headers, media_type="image/png")

    return routes
