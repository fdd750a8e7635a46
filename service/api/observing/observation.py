"""What is to be told of each request: collected at the edge, handed to whoever observes.

Metrics, log and traces are observers of the same record. The layers within note what only
they know (the route, the key, the jobs) in the request's state; the outermost layer reads it
when the answer is out. A record holds nothing of what the caller sent but its size.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import MEDIA_TYPE, PROBLEMS

UNMATCHED: Final = "unmatched"
"""The route of a request that reached no endpoint: an unknown path, or refused before."""

# FastAPI serves its document by a route that it does not note in the scope.
_DOCUMENT_PATH: Final = "/openapi.json"

# What proxies' logs write for a client that left before its answer.
_CLIENT_GONE: Final = 499
_FAULT: Final = 500

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True)
class JobRecord:
    """The stages of one job, in order and in seconds, and when its answer came (Unix time).

    Of one that failed, the last stage is that in which it did, or ``run`` where nobody knows.
    """

    ended: float
    stages: Mapping[str, float]
    multiply_adds: float


@dataclass(frozen=True)
class RequestRecord:
    """One request and its answer.

    ``began`` is a Unix time; ``client`` an address, or None where it is no such thing;
    ``problem`` the code of the error that was answered; ``trace_headers`` are those of W3C's
    Trace Context. The methods that HTTP has beside the usual ones are all ``other``.
    """

    request_id: str
    method: str
    route: str
    status: int
    began: float
    seconds: float
    bytes_in: int
    bytes_out: int
    client: str | None = None
    key_id: str | None = None
    problem: str | None = None
    jobs: Sequence[JobRecord] = ()
    trace_headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def stages(self) -> dict[str, float]:
        """Seconds by stage, of all the request's jobs."""
        total: dict[str, float] = {}
        for job in self.jobs:
            for stage, seconds in job.stages.items():
                total[stage] = total.get(stage, 0.0) + seconds
        return total


class Observer:
    """Is told of every request; does nothing by itself."""

    def begin(self) -> None:
        """A request has come."""

    def end(self, record: RequestRecord) -> None:
        """It has been answered, or its client has gone."""


def note_job(request: Request, milliseconds: Mapping[str, float], multiply_adds: float = 0) -> None:
    """Put a job's stages on the record of its request; none where it did not come to any."""
    if not milliseconds:
        return
    stages = {stage: spent / 1e3 for stage, spent in milliseconds.items()}
    job = JobRecord(ended=time.time(), stages=stages, multiply_adds=multiply_adds)
    request.scope.setdefault("state", {}).setdefault("jobs", []).append(job)


class RouteMiddleware:
    """Innermost: notes the route's template, which layers that copy the scope do not get."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        try:
            await self._app(scope, receive, send)
        finally:
            state = scope.setdefault("state", {})
            if "route" in scope:
                state["route"] = scope["route"].path_format
            elif scope.get("path") == _DOCUMENT_PATH:
                state["route"] = _DOCUMENT_PATH


class ObservationMiddleware:
    """Outermost: sees every request and every answer, and tells the observers."""

    def __init__(self, app: ASGIApp, observers: Sequence[Observer]) -> None:
        self._app = app
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        exchange = _Exchange(scope, receive, send)
        for observer in self._observers:
            observer.begin()
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:
            exchange.fail()
            raise
        finally:
            record = exchange.record()
            for observer in self._observers:
                observer.end(record)


class _Exchange:
    """One request and its answer, while they pass."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._began = time.time()
        self._start = time.perf_counter()
        self._status: int | None = None
        self._is_problem = False
        self._problem: str | None = None
        self._bytes_in = 0
        self._bytes_out = 0

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._bytes_in += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._is_problem = Headers(raw=message["headers"]).get("content-type") == MEDIA_TYPE
        elif message["type"] == "http.response.body":
            body = message.get("body", b"")
            self._bytes_out += len(body)
            if body and self._is_problem:
                self._is_problem, self._problem = False, _problem_code(body)
        await self._send(message)

    def fail(self) -> None:
        if self._status is None:
            self._status = _FAULT

    def record(self) -> RequestRecord:
        state: Mapping[str, Any] = self._scope["state"]
        headers = Headers(scope=self._scope)
        method = self._scope["method"]
        return RequestRecord(
            request_id=state.get("request_id", "none"),
            method=method if method in _METHODS else "other",
            route=state.get("route", UNMATCHED),
            status=self._status if self._status is not None else _CLIENT_GONE,
            began=self._began,
            seconds=time.perf_counter() - self._start,
            bytes_in=self._bytes_in,
            # The server leaves away the body of an answer to HEAD.
            bytes_out=0 if method == "HEAD" else self._bytes_out,
            client=_address(self._scope.get("client")),
            key_id=state.get("key_id"),
            problem=self._problem,
            jobs=tuple(state.get("jobs", ())),
            trace_headers={
                name: headers[name] for name in ("traceparent", "tracestate") if name in headers
            },
        )


def _problem_code(body: bytes) -> str | None:
    # Read off the answer itself, so that it is known whichever layer refused.
    code = str(orjson.loads(body)["type"]).removeprefix("/problems/")
    return code if code in PROBLEMS else None


def _address(client: Sequence[Any] | None) -> str | None:
    # A trusted proxy passes on what its own client wrote, which may be no address at all.
    try:
        return str(ipaddress.ip_address(client[0])) if client else None
    except ValueError:
        return None
