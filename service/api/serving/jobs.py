"""Handing a request's job to the pool, and the job's answer back as an HTTP response."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Final

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from service.api.observing.observation import note_job
from service.api.serving.multipart import FormLimits
from service.errors import FieldFault, InvalidRequest, ServiceError, ShuttingDown, name_segment
from service.formats.table import Format
from service.pipelines.limits import Limits
from service.workers import JobAnswer, Pool

# A figure carries its own looks, and pictures of matrices within itself; it fetches nothing.
_FIGURE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Jobs:
    """The pool with the limits that every job of this service is given, and every form."""

    pool: Pool
    limits: Limits
    form_limits: FormLimits = field(default_factory=FormLimits)

    @cached_property
    def _limits(self) -> dict[str, Any]:
        return asdict(self.limits)

    async def run(
        self,
        request: Request,
        job: Callable[..., Any],
        parts: Mapping[str, Any],
        estimate: Callable[..., Any] | None = None,
        **arguments: Any,
    ) -> JobAnswer:
        """Run a pipeline for ``request``; it is cancelled when the client goes away.

        ``parts`` are bytes, or a form's bytearrays, which nobody may change any more.
        Where it would have to wait, its ``estimate`` may refuse it before it does.
        """
        work = self.pool.run(job, parts, admission=estimate, limits=self._limits, **arguments)
        try:
            answer = await _unless_disconnected(request, work)
        except ServiceError as error:
            note_job(request, error.milliseconds)
            raise
        note_job(request, _milliseconds(answer), answer.facts.get("multiply_adds", 0))
        return answer

    async def run_own(self, job: Callable[..., Any], **arguments: Any) -> JobAnswer:
        """Run a pipeline that nobody asked for, once a worker is there."""
        return await self.pool.run(job, {}, limits=self._limits, **arguments)


async def _unless_disconnected(request: Request, work: Awaitable[JobAnswer]) -> JobAnswer:
    job = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnection(request))
    try:
        await asyncio.wait({job, gone}, return_when=asyncio.FIRST_COMPLETED)
        if job.done():
            return job.result()
        gone.result()  # raises what the watch ended in, such as a body that is too large
        raise ClientDisconnect
    except asyncio.CancelledError as error:
        # Nothing but the server's shutdown cancels a request, once its grace is over.
        raise ShuttingDown("the service shut down before this was done") from error
    finally:
        job.cancel()
        gone.cancel()


async def _disconnection(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _milliseconds(answer: JobAnswer) -> dict[str, float]:
    """By stage, the queue first."""
    return {"queue": answer.queue_seconds * 1e3, **answer.facts.get("milliseconds", {})}


def answer_response(
    answer: JobAnswer, output: Format, file_stem: str, further: Mapping[str, str] | None = None
) -> Response:
    """The response that carries a job's body, with what the job said of itself as headers.

    ``further`` are headers of the endpoint's own.
    """
    headers = {
        "Vary": "Accept",
        "Content-Disposition": f'inline; filename="{file_stem}.{output.extensions[0]}"',
        "Server-Timing": ", ".join(f"{k};dur={v:.3f}" for k, v in _milliseconds(answer).items()),
        **(further or {}),
    }
    if "plan" in answer.facts:
        headers["Convolution-Plan"] = answer.facts["plan"]
    if output.name == "svg":
        headers["Content-Security-Policy"] = _FIGURE_POLICY
    return Response(answer.body, headers=headers, media_type=output.media_type)


def media_type_of(request: Request) -> str:
    """The media type of the request's body, in lower case, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def check_query(request: Request, known: Collection[str]) -> None:
    """``InvalidRequest`` for a query parameter that is not known, or given twice."""
    given = [name for name, _ in request.query_params.multi_items()]
    unknown = sorted(set(given) - set(known))
    repeated = sorted({name for name in given if given.count(name) > 1} - set(unknown))
    if not unknown and not repeated:
        return
    names = ", ".join(sorted(set(known)))
    allowed = f"the query takes {names}" if names else "the query takes none"
    raise InvalidRequest(
        f"a query parameter is unknown or given twice; {allowed}",
        [
            *(
                FieldFault(name_segment(name), f"is no parameter here; {allowed}")
                for name in unknown
            ),
            *(FieldFault(name_segment(name), "may be given only once") for name in repeated),
        ],
    )
