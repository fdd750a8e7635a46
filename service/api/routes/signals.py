"""``POST /v1/signals/convolve``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.api.description.documents import (
    JSON_MEDIA_TYPE,
    answers_in,
    asking_parameters,
    body_of,
    form_of,
    reference,
)
from service.api.serving import multipart
from service.api.serving.asking import CONVOLUTION_FAULTS, read_asking, written
from service.api.serving.direct_route import DirectRoute
from service.api.serving.jobs import Jobs, answer_response, media_type_of
from service.errors import UnsupportedMediaType
from service.formats.table import Subject
from service.pipelines.estimates import estimate_signal
from service.pipelines.requests import SignalRequest
from service.pipelines.signals import JSON_BODY, convolve_signal


def router(jobs: Jobs) -> APIRouter:
    """The endpoint for signals."""
    routes = APIRouter(prefix="/v1/signals", tags=["convolution"], route_class=DirectRoute)
    offered = written(Subject.SIGNAL, first="json")

    @routes.post(
        "/convolve",
        operation_id="convolveSignal",
        summary="Convolve a signal",
        response_class=Response,
        responses={
            200: answers_in(offered, json=reference("ConvolvedArray")),
            **CONVOLUTION_FAULTS,
        },
        openapi_extra={
            "parameters": asking_parameters(offered),
            "requestBody": body_of(
                {
                    JSON_MEDIA_TYPE: {"schema": reference("SignalRequest")},
                    multipart.MEDIA_TYPE: form_of(
                        SignalRequest, {"signal": "A .npy or .csv file."}, '{"kernel": "hann"}'
                    ),
                }
            ),
        },
    )
    async def convolve(request: Request) -> Response:
        """Convolve a signal, of one dimension or two, with a kernel.

        The signal comes in a JSON body, or as a `.npy` or `.csv` file in a form beside the
        same fields. The result is float64: as JSON, `.npy` or CSV, or
        drawn: the signal, the kernel and the result, as PNG or SVG.
        """
        parts = await _parts(request, jobs.form_limits)
        asking = read_asking(request, offered, parts)
        answer = await jobs.run(
            request,
            convolve_signal,
            parts,
            estimate_signal,
            output=asking.output.name,
            include=asking.include,
        )
        return answer_response(answer, asking.output, "convolved")

    return routes


async def _parts(request: Request, limits: multipart.FormLimits) -> dict[str, Any]:
    kind = media_type_of(request)
    if kind == JSON_MEDIA_TYPE:
        return {JSON_BODY: await request.body()}
    if kind == multipart.MEDIA_TYPE:
        return await multipart.read_multipart(request, limits)
    raise UnsupportedMediaType(f"the body must be {JSON_MEDIA_TYPE} or {multipart.MEDIA_TYPE}")
