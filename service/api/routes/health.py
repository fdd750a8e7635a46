"""Whether the service lives, whether it can take work, and which version it is."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from service.api.observing.metrics import MEDIA_TYPE, Metrics
from service.api.problems import declared
from service.api.serving.jobs import check_query
from service.errors import InvalidRequest, NotReady
from service.workers import Pool


class Health(BaseModel):
    """That the process answers."""

    status: str = Field(examples=["ok"])


class Readiness(BaseModel):
    """That jobs are taken, and what the pool is doing."""

    ready: bool
    workers: int = Field(description="Worker processes alive.")
    workers_by_lane: dict[str, int] = Field(
        description="Those for any job, and those for small jobs alone."
    )
    running: int = Field(description="Jobs that a worker has.")
    waiting: int = Field(description="Jobs in the queue.")
    waiting_by_lane: dict[str, int] = Field(description="Small jobs, and all others.")


class Version(BaseModel):
    """What is running."""

    name: str = Field(examples=["convolution-service"])
    version: str = Field(examples=["0.1.0"])
    native: str = Field(
        examples=["avx2"],
        description="The instruction set of the compiled engines in use: avx512, avx2, or base, "
        "which any processor runs; `absent` where they were not built or the processor lacks what "
        "was asked for, and `off` where they are switched off.",
    )


def router(pool: Pool, version: str, native: str) -> APIRouter:
    """The endpoints for operators and their probes; ``native`` as ``Version`` tells it."""
    routes = APIRouter(tags=["operations"])

    @routes.get(
        "/healthz", operation_id="health", summary="Alive?", responses=declared(InvalidRequest)
    )
    async def health(request: Request) -> Health:
        """Whether the process is alive. It says nothing of the workers."""
        check_query(request, ())
        return Health(status="ok")

    @routes.get(
        "/readyz",
        operation_id="readiness",
        summary="Ready?",
        responses=declared(InvalidRequest, NotReady),
    )
    async def readiness(request: Request) -> Readiness:
        """Whether jobs are taken: the workers are warm, and the service isn't shutting down."""
        check_query(request, ())
        if not pool.ready:
            raise NotReady("no worker is ready to take a job")
        now = pool.statistics()
        return Readiness(
            ready=True,
            workers=now.workers,
            workers_by_lane={str(lane): count for lane, count in now.workers_by_lane.items()},
            running=now.running,
            waiting=now.waiting,
            waiting_by_lane={str(lane): count for lane, count in now.waiting_by_lane.items()},
        )

    @routes.get(
        "/version",
        operation_id="version",
        summary="Which version?",
        responses=declared(InvalidRequest),
    )
    async def version_(request: Request) -> Version:
        """The name and version of the service, and which compiled engines it uses."""
        check_query(request, ())
        return Version(name="convolution-service", version=version, native=native)

    return routes


def metrics_router(metrics: Metrics) -> APIRouter:
    """The endpoint for Prometheus, of this application or of one on a port of its own."""
    routes = APIRouter(tags=["operations"])

    @routes.get(
        "/metrics",
        operation_id="metrics",
        summary="In numbers",
        response_class=Response,
        responses={
            200: {
                "description": "Requests, stages and the pool, in Prometheus' text format.",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            },
            **declared(InvalidRequest),
        },
    )
    async def read_metrics(request: Request) -> Response:
        """What was counted and measured since the start, and how it is now."""
        check_query(request, ())
        headers = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"}
        return Response(metrics.exposition(), headers=headers)

    return routes
