"""Errors as HTTP answers: one table of statuses, problem details (RFC 9457) as bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from service.errors import (
    ERRORS,
    FieldFault,
    InternalError,
    InvalidRequest,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    ServiceError,
)

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """How one kind of error is answered; ``explanation`` is its page under ``/problems/``."""

    status: int
    title: str
    explanation: str
    retry_after_seconds: int | None = None


PROBLEMS: Final[Mapping[str, Problem]] = {
    "invalid-request": Problem(
        422,
        "A field of the request has no meaning here",
        "The request could be read, but a value in it is missing, of the wrong type, out of "
        "range, unknown, or at odds with another. `errors` names each field with a JSON Pointer.",
    ),
    "unknown-kernel": Problem(
        422,
        "No kernel of that name",
        "The catalogue at `GET /v1/kernels` lists every name; the detail says which come near.",
    ),
    "undecodable-picture": Problem(
        422,
        "The picture is broken",
        "Its format was recognised, but it is truncated or damaged. Nothing is guessed at: a "
        "picture is decoded whole or not at all.",
    ),
    "limit-exceeded": Problem(
        422,
        "Larger than this service takes on",
        "A picture, signal, kernel or the work they make is over a limit. The detail tells the "
        "limit and what was measured; the operator can set the limits.",
    ),
    "result-not-finite": Problem(
        422,
        "The result is larger than a number can be",
        "The sum exceeds the largest float64. Scale the input or the kernel down.",
    ),
    "malformed-request": Problem(
        400,
        "Not a well-formed HTTP request",
        "The message itself breaks the rules of HTTP.",
    ),
    "unauthorized": Problem(
        401,
        "A key is needed",
        "This service answers callers that show one of its keys, as `Authorization: Bearer KEY` or "
        "as `X-API-Key: KEY`. Whoever runs it hands them out.",
    ),
    "not-found": Problem(404, "Nothing is here", "No endpoint, kernel or sample has this path."),
    "weights-missing": Problem(
        404,
        "The weights of this layer are not here",
        "The service ships with those of blocks 1 and 2 of VGG16. Its operator can add the others: "
        "`python -m service.vgg16 fetch` gets the file that Keras publishes, and "
        "`CONVOLUTION_VGG16_WEIGHTS` names it.",
    ),
    "method-not-allowed": Problem(
        405,
        "The path is known, the method is not",
        "The header `Allow` lists the methods that this path takes.",
    ),
    "not-acceptable": Problem(
        406,
        "None of the accepted formats can be made",
        "The header `Accept` or the parameter `format` asks for a format that this endpoint does "
        "not produce. The detail lists those that it does.",
    ),
    "request-timeout": Problem(
        408,
        "The request came too slowly",
        "Its headers or its body did not arrive within the time that there is for them.",
    ),
    "body-too-large": Problem(
        413,
        "The body is too large",
        "It, or a field of a form that is no file, is over the byte limit, counted as it arrives.",
    ),
    "uri-too-long": Problem(
        414,
        "The request line is too long",
        "Options that need more room come in the body.",
    ),
    "unsupported-media-type": Problem(
        415,
        "Not a type that is read here",
        "The body, or the picture in it, is of a type that this endpoint does not read.",
    ),
    "too-many-requests": Problem(
        429,
        "Too many at once",
        "This key, or this connection, has as many requests running or waiting as it may have, or "
        "this address as many connections open. Try again after `Retry-After`.",
        retry_after_seconds=1,
    ),
    "headers-too-large": Problem(
        431,
        "The header fields are too large",
        "Together they are over the byte limit, or there are too many.",
    ),
    "internal-error": Problem(
        500,
        "A fault of the service",
        "Something went wrong that should not have. The `request_id` finds it in the logs.",
    ),
    "queue-full": Problem(
        503,
        "Too busy",
        "As many requests as allowed are running and waiting, as many connections open, or as many "
        "bodies held in memory. Try again after `Retry-After`.",
        retry_after_seconds=1,
    ),
    "worker-died": Problem(
        503,
        "The worker died",
        "The process that computed this ended early, twice. Others are not affected.",
        retry_after_seconds=1,
    ),
    "weights-unavailable": Problem(
        503,
        "The weights can't be read",
        "The file with the weights of VGG16 that this service was given is damaged, or not what "
        "it should be; the log names it. Everything but `/v1/vgg16` works.",
        retry_after_seconds=60,
    ),
    "out-of-memory": Problem(
        503,
        "Not enough memory",
        "The computation needed more memory than one worker may use. A smaller picture, or `.npy` "
        "instead of JSON, needs less.",
        retry_after_seconds=1,
    ),
    "shutting-down": Problem(
        503,
        "Shutting down",
        "This instance finishes what it has and takes no more. Ask another, or try again.",
        retry_after_seconds=5,
    ),
    "not-ready": Problem(
        503,
        "Not ready",
        "The workers are starting, or none is left. Try again after `Retry-After`.",
        retry_after_seconds=1,
    ),
    "deadline-exceeded": Problem(
        504,
        "Not done in time",
        "The job, its time in the queue included, took longer than a job may, and was ended.",
    ),
}


def request_id(request: Request) -> str:
    """The id that the limits middleware gave this request."""
    return str(getattr(request.state, "request_id", "none"))


def problem_response(error: ServiceError, identity: str) -> Response:
    """The answer to ``error``: its status, headers, and a problem+json body."""
    problem = PROBLEMS[error.code]
    body: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": error.detail,
        "instance": f"urn:request:{identity}",
        "request_id": identity,
    }
    if error.faults:
        body["errors"] = [{"pointer": f.pointer, "detail": f.detail} for f in error.faults]
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after_seconds is not None:
        headers["Retry-After"] = str(problem.retry_after_seconds)
    return Response(orjson.dumps(body), problem.status, headers, MEDIA_TYPE)


def declared(*errors: type[ServiceError]) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of an endpoint that can end in these errors, for its OpenAPI entry."""
    answers: dict[int | str, dict[str, Any]] = {}
    every: tuple[type[ServiceError], ...] = (*errors, InternalError)
    for error in every:
        problem = PROBLEMS[error.code]
        known = answers.setdefault(
            problem.status,
            {
                "description": "",
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        )
        known["description"] = f"{known['description']} {problem.title}.".strip()
        if problem.retry_after_seconds is not None:
            known["headers"] = {
                "Retry-After": {
                    "description": "Seconds to wait before another try.",
                    "schema": {"type": "integer"},
                }
            }
    return answers


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem, the framework's own included.

    Faults, which are no errors of ours, are answered by the limits middleware: the framework
    would answer them outside of it.
    """
    app.add_exception_handler(ServiceError, _on_service_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)


async def _on_service_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)  # noqa: S101 (starlette dispatches by type)
    return problem_response(error, request_id(request))


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    faults = [
        FieldFault(_pointer(fault["loc"]), str(fault["msg"]).rstrip("."))
        for fault in error.errors()
    ]
    summary = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults)
    return problem_response(InvalidRequest(summary, faults), request_id(request))


def _pointer(location: Sequence[Any]) -> str:
    # FastAPI puts first where the value stood (query, path, header): the pointer names only it.
    return "".join(f"/{part}" for part in location[1:])


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    answer: ServiceError
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            answer = NotFound("there is nothing at this path; /docs lists what there is")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            answer = MethodNotAllowed("this path does not take that method")
        case _:
            answer = MalformedRequest("the request is not well-formed HTTP")
    response = problem_response(answer, request_id(request))
    response.headers.update(error.headers or {})
    return response


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    # Nobody is left to read it; 499 is what proxies' logs call this.
    return Response(status_code=499)


if missing := set(ERRORS) ^ set(PROBLEMS):
    raise LookupError(f"errors and problems differ in {sorted(missing)}")
