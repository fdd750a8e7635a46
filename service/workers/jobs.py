"""What a job is: what it asks of a worker, and what its caller and its worker's slot share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from service.errors import DeadlineExceeded, ServiceError
from service.workers import messages

Buffer: TypeAlias = bytes | bytearray | memoryview
JobFunction: TypeAlias = Callable[..., tuple[dict[str, Any], Buffer]]


class Lane(StrEnum):
    """Where a job waits: small ones in the express lane, all others in the ordinary one."""

    EXPRESS = "express"
    ORDINARY = "ordinary"


@dataclass(frozen=True)
class JobAnswer:
    """What came of a job.

    ``facts`` is what the job said of its result, ``body`` the result's bytes, and
    ``queue_seconds`` the time between its submission and its start on a worker.
    """

    facts: dict[str, Any]
    body: bytes
    queue_seconds: float


@dataclass(frozen=True)
class JobRequest:
    """What a worker needs to know: the parts, and a frame that says what to do with them."""

    function: str
    parts: Mapping[str, bytes]
    frame: bytes

    @classmethod
    def of(
        cls, function: JobFunction, parts: Mapping[str, bytes], arguments: Mapping[str, Any]
    ) -> JobRequest:
        """The request to call ``function(parts, **arguments)``.

        Raises ValueError for a function that cannot be imported by its name, and TypeError
        for arguments that are not JSON-able.
        """
        name = dotted_name(function)
        message = {
            "function": name,
            "arguments": arguments,
            "names": list(parts),
            "lengths": [len(part) for part in parts.values()],
        }
        return cls(name, parts, messages.encode(message))


class Job:
    """One submitted job.

    ``answer`` is all that its caller and its slot say to each other: settled by the slot it
    is the result; cancelled by the caller, or failed by the deadline, it tells the slot that
    nobody waits any more.
    """

    def __init__(self, request: JobRequest, lane: Lane, timeout_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self.request = request
        self.lane = lane
        self.timeout_seconds = timeout_seconds
        self.submitted = loop.time()
        self.started: float | None = None
        self.deaths = 0
        self.answer: asyncio.Future[JobAnswer] = loop.create_future()

    @property
    def deadline(self) -> float:
        """When its time is up, by the event loop's clock."""
        return self.submitted + self.timeout_seconds

    def start(self) -> None:
        """Note that a worker begins with it."""
        self.started = asyncio.get_running_loop().time()

    def succeed(self, facts: dict[str, Any], body: bytes) -> None:
        """Hand the result to the caller, if there still is one."""
        if not self.answer.done() and self.started is not None:
            self.answer.set_result(JobAnswer(facts, body, self.started - self.submitted))

    def fail(self, error: ServiceError) -> None:
        """Hand the error to the caller, with the time that the job took, if there still is one."""
        if not self.answer.done():
            error.milliseconds = self._spent(error.milliseconds)
            self.answer.set_exception(error)
            # The caller may be cancelled in this very moment; then nobody retrieves it.
            self.answer.exception()

    def _spent(self, stages: Mapping[str, float]) -> Mapping[str, float]:
        """Milliseconds in the queue, and in the job's stages; as ``run`` where it told none."""
        now = asyncio.get_running_loop().time()
        if self.started is None:
            return {"queue": (now - self.submitted) * 1e3}
        queue = (self.started - self.submitted) * 1e3
        return {"queue": queue, **(stages or {"run": (now - self.started) * 1e3})}

    def expire(self) -> None:
        """Fail, because the time is up."""
        if self.started is None:
            self.fail(
                DeadlineExceeded(
                    f"The job waited for its turn until its {self.timeout_seconds:g} seconds "
                    "were up. Try again when the service is less busy."
                )
            )
        else:
            self.fail(
                DeadlineExceeded(
                    f"The job was not done within {self.timeout_seconds:g} seconds. "
                    "Smaller inputs or kernels take less time."
                )
            )


def dotted_name(function: JobFunction) -> str:
    """``module:qualname`` of a module-level function; a ValueError for any other callable."""
    module, name = function.__module__, function.__qualname__
    if module == "__main__" or "<" in name:
        raise ValueError(f"a worker cannot import {module}:{name}")
    return f"{module}:{name}"
