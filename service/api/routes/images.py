"""``POST /v1/images/convolve``."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.api.description.documents import (
    answers_in,
    asking_parameters,
    body_of,
    form_of,
    reference,
)
from service.api.serving import multipart
from service.api.serving.asking import CONVOLUTION_FAULTS, read_asking, written
from service.api.serving.direct_route import DirectRoute
from service.api.serving.jobs import Jobs, answer_response
from service.formats.table import Subject
from service.pipelines.estimates import estimate_picture
from service.pipelines.pictures import convolve_picture
from service.pipelines.requests import PictureRequest


def router(jobs: Jobs) -> APIRouter:
    """The endpoint for pictures."""
    routes = APIRouter(prefix="/v1/images", tags=["convolution"], route_class=DirectRoute)
    offered = written(Subject.PICTURE)

    @routes.post(
        "/convolve",
        operation_id="convolveImage",
        summary="Convolve a picture",
        response_class=Response,
        responses={
            200: answers_in(offered, json=reference("ConvolvedArray")),
            **CONVOLUTION_FAULTS,
        },
        openapi_extra={
            "parameters": asking_parameters(offered),
            "requestBody": body_of(
                {
                    multipart.MEDIA_TYPE: form_of(
                        PictureRequest,
                        {
                            "image": "The picture's file.",
                            "kernel_image": "A picture whose luma is the kernel, instead of "
                            "`kernel`: a measured point-spread function. Divided by its sum "
                            "unless `normalize` says otherwise.",
                        },
                        '{"kernel": "laplacian"}',
                    )
                }
            ),
        },
    )
    async def convolve(request: Request) -> Response:
        """Convolve a picture with a kernel.

        The picture comes as the file `image` of a form, beside the specification: a field an
        option, or all of them as a JSON object in the one field `spec`. Gray stays gray,
        alpha stays as it is, EXIF orientation is applied.
        """
        parts = await multipart.read_multipart(request, jobs.form_limits)
        asking = read_asking(request, offered, parts)
        answer = await jobs.run(
            request,
            convolve_picture,
            parts,
            estimate_picture,
            output=asking.output.name,
            include=asking.include,
        )
        return answer_response(answer, asking.output, "convolved")

    return routes
