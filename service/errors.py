"""The errors that the service answers with, free of HTTP.

Each class is one kind of fault with a stable ``code``; which status it gets is the business
of ``api/problems.py``. An error crosses the boundary of a worker process as plain data
(``to_wire`` and ``from_wire``), so that nothing a worker says is ever unpickled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

# No field, parameter or kernel of ours has a longer name.
_LONGEST_NAME = 64


def name_segment(name: str) -> str:
    """``/name``, to end a JSON Pointer with; empty for what can be no name of a field.

    So what a caller sent as a name is repeated only where it looks like one.
    """
    return f"/{name}" if is_name(name) else ""


def is_name(text: str) -> bool:
    """Whether a text looks like the name of a field."""
    return len(text) <= _LONGEST_NAME and text.isascii() and text.isidentifier()


@dataclass(frozen=True)
class FieldFault:
    """What is wrong with one field of the input.

    ``pointer`` is a JSON Pointer (RFC 6901) into the request: ``/kernel/values/0``, ``/image``.
    """

    pointer: str
    detail: str


class ServiceError(Exception):
    """Base of every fault that has an answer of its own.

    ``detail`` is a sentence for the caller: what was wrong and what is allowed. It never
    holds paths, class names or the caller's bytes. ``milliseconds`` is what a job spent by stage
    until it failed, empty for what is no job's fault.
    """

    code: ClassVar[str]

    def __init__(self, detail: str, faults: Sequence[FieldFault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)
        self.milliseconds: Mapping[str, float] = {}

    @classmethod
    def at(cls, pointer: str, detail: str) -> Self:
        """The fault of a single field, told both as a sentence and with its pointer."""
        return cls(detail, [FieldFault(pointer, detail)])

    def to_wire(self) -> dict[str, Any]:
        """The error as JSON-able data."""
        return {
            "code": self.code,
            "detail": self.detail,
            "faults": [[fault.pointer, fault.detail] for fault in self.faults],
            "milliseconds": self.milliseconds,
        }

    @staticmethod
    def from_wire(data: Mapping[str, Any]) -> ServiceError:
        """The error that ``to_wire`` described; a KeyError for an unknown code."""
        faults = [FieldFault(pointer, detail) for pointer, detail in data["faults"]]
        error = ERRORS[data["code"]](data["detail"], faults)
        error.milliseconds = {
            name: float(spent) for name, spent in dict(data["milliseconds"]).items()
        }
        return error


class InvalidRequest(ServiceError):
    """The request was understood, but a field of it has no meaning here."""

    code = "invalid-request"


class MalformedRequest(ServiceError):
    """The bytes are not what HTTP or the declared body type says they are."""

    code = "malformed-request"


class Unauthorized(ServiceError):
    """The caller did not show a key that is known here."""

    code = "unauthorized"


class RequestTimeout(ServiceError):
    """The request did not arrive in time."""

    code = "request-timeout"


class UriTooLong(ServiceError):
    """The first line of the request is longer than is read."""

    code = "uri-too-long"


class HeadersTooLarge(ServiceError):
    """The header fields are larger, or more, than are read."""

    code = "headers-too-large"


class TooManyRequests(ServiceError):
    """One caller has as many requests running as it may have."""

    code = "too-many-requests"


class UnknownKernel(ServiceError):
    """No kernel of that name is in the catalogue."""

    code = "unknown-kernel"


class UndecodablePicture(ServiceError):
    """The picture is of a known format, but broken."""

    code = "undecodable-picture"


class UnsupportedMediaType(ServiceError):
    """The body, or the picture in it, is of a type that is not read here."""

    code = "unsupported-media-type"


class NotAcceptable(ServiceError):
    """None of the formats that the caller accepts can be produced here."""

    code = "not-acceptable"


class NotFound(ServiceError):
    """Nothing of that name is here."""

    code = "not-found"


class WeightsMissing(ServiceError):
    """The layer is known, but this service was not given its weights."""

    code = "weights-missing"


class WeightsUnavailable(ServiceError):
    """The weights that this service was given can't be read."""

    code = "weights-unavailable"


class MethodNotAllowed(ServiceError):
    """The path is known, the HTTP method is not."""

    code = "method-not-allowed"


class BodyTooLarge(ServiceError):
    """The body exceeds the byte limit."""

    code = "body-too-large"


class LimitExceeded(ServiceError):
    """A picture, kernel, signal or computation is larger than this service takes on."""

    code = "limit-exceeded"


class ResultNotFinite(ServiceError):
    """The result exceeds what a float64 can hold."""

    code = "result-not-finite"


class OutOfMemory(ServiceError):
    """The job needed more memory than a worker may use."""

    code = "out-of-memory"


class QueueFull(ServiceError):
    """As many jobs as allowed are running and waiting."""

    code = "queue-full"


class DeadlineExceeded(ServiceError):
    """The job was not done when its time was up."""

    code = "deadline-exceeded"


class WorkerDied(ServiceError):
    """The worker process ended before the job did, twice."""

    code = "worker-died"


class ShuttingDown(ServiceError):
    """The service finishes what it has and takes no more."""

    code = "shutting-down"


class NotReady(ServiceError):
    """No worker can take a job yet, or any more."""

    code = "not-ready"


class InternalError(ServiceError):
    """A fault of the service itself."""

    code = "internal-error"


ERRORS: Mapping[str, type[ServiceError]] = {
    error.code: error
    for error in (
        InvalidRequest,
        MalformedRequest,
        Unauthorized,
        RequestTimeout,
        UriTooLong,
        HeadersTooLarge,
        TooManyRequests,
        UnknownKernel,
        UndecodablePicture,
        UnsupportedMediaType,
        NotAcceptable,
        NotFound,
        WeightsMissing,
        WeightsUnavailable,
        MethodNotAllowed,
        BodyTooLarge,
        LimitExceeded,
        ResultNotFinite,
        OutOfMemory,
        QueueFull,
        DeadlineExceeded,
        WorkerDied,
        ShuttingDown,
        NotReady,
        InternalError,
    )
}
