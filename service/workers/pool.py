"""The pool: admits jobs, gives each a deadline, and answers for its workers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.errors import QueueFull, ShuttingDown
from service.workers.jobs import Job, JobAnswer, JobFunction, JobQueue, JobRequest
from service.workers.settings import PoolSettings
from service.workers.slot import Slot


@dataclass(frozen=True)
class PoolStatistics:
    """The pool at this moment, and what it counted since its start.

    ``workers`` are ready and alive. ``running`` counts jobs which run on without a caller,
    too. ``restarts`` are processes started in place of another, ``timeouts`` jobs whose
    deadline passed, ``rejections`` those refused because the queue was full.
    """

    workers: int
    running: int
    waiting: int
    restarts: int
    timeouts: int
    rejections: int


class Pool:
    """Runs jobs in worker processes: so many at a time, so many waiting.

    Belongs to the event loop in which it was started.
    """

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._queue = JobQueue(settings.workers, settings.queue_limit)
        self._slots = [Slot(settings, self._queue) for _ in range(settings.workers)]
        self._supervisors: list[asyncio.Task[None]] = []
        self._closing = False
        self._timeouts = 0
        self._rejections = 0

    async def start(self) -> None:
        """Start the workers in the background, without waiting until they are warm."""
        self._supervisors = [asyncio.create_task(slot.supervise()) for slot in self._slots]

    async def close(self, grace_seconds: float) -> None:
        """Take no more jobs, wait for those there are up to the grace, then end all processes.

        What is not done by then fails with ShuttingDown.
        """
        self._closing = True
        try:
            answers = {job.answer for job in self._queue.admitted}
            if answers:
                await asyncio.wait(answers, timeout=grace_seconds)
        finally:
            for job in self._queue.admitted:
                job.fail(ShuttingDown("The service is shutting down and could not finish the job."))
            for supervisor in self._supervisors:
                supervisor.cancel()
            if self._supervisors:
                await asyncio.wait(self._supervisors)

    @property
    def ready(self) -> bool:
        """Whether every worker was warm once, at least one is alive, and jobs are taken."""
        warmed = all(slot.warmed for slot in self._slots)
        return warmed and self._alive() > 0 and not self._closing

    async def run(
        self, job: JobFunction, parts: Mapping[str, bytes], **arguments: Any
    ) -> JobAnswer:
        """Run ``job(parts, **arguments)`` in a worker, with ``parts`` as read-only memoryviews.

        ``job`` is a module-level function that returns JSON-able facts (NaN becomes null) and a
        body of bytes; its views are valid while it runs. ``arguments`` are JSON-able too, and
        small: what is large belongs in ``parts``. A job whose worker dies is run once more.

        Raises QueueFull, ShuttingDown, DeadlineExceeded, WorkerDied, OutOfMemory, InternalError
        (the job raised something unexpected, which is logged), and whatever ServiceError the
        job raises. Cancelling it frees the worker.
        """
        if self._closing:
            raise ShuttingDown("The service is shutting down and takes no more jobs.")
        admitted = Job(JobRequest.of(job, parts, arguments), self._settings.job_timeout_seconds)
        try:
            self._queue.admit(admitted)
        except QueueFull:
            self._rejections += 1
            raise
        timer = asyncio.get_running_loop().call_later(
            self._settings.job_timeout_seconds, self._expire, admitted
        )
        try:
            return await admitted.answer
        finally:
            timer.cancel()
            self._queue.withdraw(admitted)

    def statistics(self) -> PoolStatistics:
        """The pool in numbers."""
        return PoolStatistics(
            workers=self._alive(),
            running=self._queue.running,
            waiting=self._queue.waiting,
            restarts=sum(slot.restarts for slot in self._slots),
            timeouts=self._timeouts,
            rejections=self._rejections,
        )

    def _alive(self) -> int:
        return sum(slot.worker is not None for slot in self._slots)

    def _expire(self, job: Job) -> None:
        if not job.answer.done():
            self._timeouts += 1
            job.expire()
            self._queue.withdraw(job)
