"""What a job is, and the line in which jobs wait: who is admitted, and who is next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from service.errors import DeadlineExceeded, QueueFull, ServiceError
from service.workers import messages

Buffer: TypeAlias = bytes | bytearray | memoryview
JobFunction: TypeAlias = Callable[..., tuple[dict[str, Any], Buffer]]


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

    def __init__(self, request: JobRequest, timeout_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self.request = request
        self.timeout_seconds = timeout_seconds
        self.submitted = loop.time()
        self.started: float | None = None
        self.deaths = 0
        self.answer: asyncio.Future[JobAnswer] = loop.create_future()

    def start(self) -> None:
        """Note that a worker begins with it."""
        self.started = asyncio.get_running_loop().time()

    def succeed(self, facts: dict[str, Any], body: bytes) -> None:
        """Hand the result to the caller, if there still is one."""
        if not self.answer.done() and self.started is not None:
            self.answer.set_result(JobAnswer(facts, body, self.started - self.submitted))

    def fail(self, error: ServiceError) -> None:
        """Hand the error to the caller, if there still is one."""
        if not self.answer.done():
            self.answer.set_exception(error)
            # The caller may be cancelled in this very moment; then nobody retrieves it.
            self.answer.exception()

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


class JobQueue:
    """The admitted jobs, first come, first served."""

    def __init__(self, running_limit: int, waiting_limit: int) -> None:
        self._limit = running_limit + waiting_limit
        self._admitted: set[Job] = set()
        self._waiting: deque[Job] = deque()
        self._takers: deque[asyncio.Future[Job]] = deque()

    @property
    def admitted(self) -> frozenset[Job]:
        """All that wait or run, among them those which run on without a caller."""
        return frozenset(self._admitted)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """How many are in the hands of a slot."""
        return len(self._admitted) - len(self._waiting)

    def admit(self, job: Job) -> None:
        """Put a job at the end of the line; QueueFull where the line is too long."""
        if len(self._admitted) >= self._limit:
            raise QueueFull("As many jobs as allowed are running and waiting. Try again later.")
        self._admitted.add(job)
        if not self._hand_over(job):
            self._waiting.append(job)

    def put_back(self, job: Job) -> None:
        """Put a job that was taken at the head of the line."""
        if not self._hand_over(job):
            self._waiting.appendleft(job)

    def take(self) -> asyncio.Future[Job]:
        """The next job, once there is one; to be cancelled by whoever cannot wait for it."""
        taker: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        if self._waiting:
            taker.set_result(self._waiting.popleft())
        else:
            self._takers.append(taker)
        return taker

    def withdraw(self, job: Job) -> None:
        """Forget a job if it still waits; one that was taken is the taker's to release."""
        if job in self._waiting:
            self._waiting.remove(job)
            self._admitted.discard(job)

    def release(self, job: Job) -> None:
        """Forget a job that was taken, and so make room for another."""
        self._admitted.discard(job)

    def _hand_over(self, job: Job) -> bool:
        while self._takers:
            taker = self._takers.popleft()
            if not taker.done():
                taker.set_result(job)
                return True
        return False


def dotted_name(function: JobFunction) -> str:
    """``module:qualname`` of a module-level function; a ValueError for any other callable."""
    module, name = function.__module__, function.__qualname__
    if module == "__main__" or "<" in name:
        raise ValueError(f"a worker cannot import {module}:{name}")
    return f"{module}:{name}"
