"""``POST /v1/plans``: how a convolution would be computed, and whether it would be."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.api.description.documents import JSON_MEDIA_TYPE, answers_in, body_of, reference
from service.api.problems import declared
from service.api.serving.direct_route import DirectRoute
from service.api.serving.jobs import Jobs, answer_response, check_query, media_type_of
from service.api.serving.negotiation import choose_format
from service.errors import (
    BodyTooLarge,
    DeadlineExceeded,
    InvalidRequest,
    LimitExceeded,
    NotAcceptable,
    QueueFull,
    UnsupportedMediaType,
)
from service.formats.table import FORMATS
from service.pipelines.estimates import estimate_plan
from service.pipelines.plans import plan_convolution
from service.pipelines.signals import JSON_BODY


def router(jobs: Jobs) -> APIRouter:
    """The endpoint for plans."""
    routes = APIRouter(prefix="/v1/plans", tags=["convolution"], route_class=DirectRoute)
    offered = [FORMATS["json"]]

    @routes.post(
        "",
        operation_id="planConvolution",
        summary="Plan a convolution",
        response_class=Response,
        responses={
            200: answers_in(offered, json=reference("PlannedConvolution"), headers={}),
            **declared(
                InvalidRequest,
                LimitExceeded,
                NotAcceptable,
                BodyTooLarge,
                UnsupportedMediaType,
                QueueFull,
                DeadlineExceeded,
            ),
        },
        openapi_extra={
            "requestBody": body_of({JSON_MEDIA_TYPE: {"schema": reference("PlanRequest")}})
        },
    )
    async def plan(request: Request) -> Response:
        """How a convolution would be computed, why so, and whether it would be admitted.

        The input is told by its shape and the type of its numbers; nothing is convolved.
        """
        check_query(request, ())
        if media_type_of(request) != JSON_MEDIA_TYPE:
            raise UnsupportedMediaType(f"the body must be {JSON_MEDIA_TYPE}")
        output = choose_format(request.headers.get("accept"), None, offered)
        parts = {JSON_BODY: await request.body()}
        answer = await jobs.run(request, plan_convolution, parts, estimate_plan)
        return answer_response(answer, output, "plan")

    return routes
