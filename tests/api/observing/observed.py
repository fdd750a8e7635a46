"""Records to show to observers, and an application that is observed."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from service.api import problems
from service.api.edge.limits import LimitsMiddleware
from service.api.observing.observation import (
    JobRecord,
    ObservationMiddleware,
    Observer,
    RequestRecord,
    RouteMiddleware,
    note_job,
)
from service.errors import QueueFull

JOB = JobRecord(
    ended=1000.5, stages={"queue": 0.25, "decode": 0.0125, "encode": 0.125}, multiply_adds=6e6
)
SPENT = {"queue": 250.0, "decode": 12.5, "encode": 125.0}


def record_of(**further) -> RequestRecord:
    """The record of a request with these particulars."""
    usual = {
        "request_id": "r-1",
        "method": "POST",
        "route": "/v1/images/convolve",
        "status": 200,
        "began": 1000.0,
        "seconds": 0.75,
        "bytes_in": 10,
        "bytes_out": 3,
        "client": "192.0.2.7",
    }
    return RequestRecord(**(usual | further))


class Notebook(Observer):
    """Writes down what it is told."""

    def __init__(self):
        self.begun = 0
        self.records = []

    def begin(self):
        self.begun += 1

    def end(self, record):
        self.records.append(record)


def observed_app(*observers: Observer) -> FastAPI:
    """An application with endpoints that end in different ways, and all its layers."""
    app = FastAPI(docs_url=None, redoc_url=None)

    @app.post("/job")
    async def job(request: Request):
        await request.body()
        note_job(request, SPENT, 6e6)
        return Response(b"xyz")

    @app.get("/failed")
    async def failed(request: Request):
        note_job(request, {"queue": 2.0, "decode": 4.0})
        note_job(request, {})
        raise QueueFull("no room")

    @app.get("/names/{name}")
    async def name(name: str):
        return Response(b"abcd")

    @app.get("/full")
    async def full():
        raise QueueFull("no room")

    @app.get("/broken")
    async def broken():
        raise RuntimeError("secret of the house")

    @app.get("/gone")
    async def gone():
        raise ClientDisconnect

    problems.install(app)
    app.add_middleware(RouteMiddleware)
    app.add_middleware(LimitsMiddleware, max_body_bytes=1000)
    app.add_middleware(ObservationMiddleware, observers=observers)
    return app
