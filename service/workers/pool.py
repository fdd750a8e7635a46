"""The pool: admits jobs, gives each a deadline, and answers for its workers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

from service.errors import ServiceError, ShuttingDown
from service.workers.fork_server import ForkServer
from service.workers.jobs import Job, JobAnswer, JobFunction, JobRequest, Lane
from service.workers.queue import JobQueue
from service.workers.settings import PoolSettings
from service.workers.slot import Slot
from service.workers.statistics import PoolStatistics, Rejection, Restart


class Pool:
    """Runs jobs in worker processes: so many at a time, so many waiting.

    Belongs to the event loop in which it was started.
    """

    def __init__(self, settings: PoolSettings) -> None:
        workers = {Lane.ORDINARY: settings.workers, Lane.EXPRESS: settings.express_workers}
        self._settings = settings
        self._queue = JobQueue(workers, settings.queue_limit)
        self._server = ForkServer(settings)
        self._slots = [
            Slot(settings, self._queue, self._server, lane)
            for lane, count in workers.items()
            for _ in range(count)
        ]
        self._supervisors: list[asyncio.Task[None]] = []
        self._closing = False
        self._done = 0
        self._timeouts = 0
        self._refusals: Counter[Rejection] = Counter()

    async def start(self) -> None:
        """Start the workers in the background, without waiting until they are warm."""
        self._supervisors = [asyncio.create_task(slot.supervise()) for slot in self._slots]

    async def close(self, grace_seconds: float) -> None:
        """Take no more jobs, wait for those there are up to the grace, then end all processes.

        What is not done by then fails with ShuttingDown.
        """
        self._closing = True
        try:
            answers = {job.answer for job in self._queue.unfinished}
            if answers:
                await asyncio.wait(answers, timeout=grace_seconds)
        finally:
            for job in self._queue.unfinished:
                job.fail(ShuttingDown("The service is shutting down and could not finish the job."))
            for supervisor in self._supervisors:
                supervisor.cancel()
            if self._supervisors:
                await asyncio.wait(self._supervisors)
            await self._server.close()

    @property
    def ready(self) -> bool:
        """Whether all were warm once, a worker for any job is alive, and jobs are taken."""
        warmed = all(slot.warmed for slot in self._slots)
        return warmed and self._alive(Lane.ORDINARY) > 0 and not self._closing

    async def run(
        self,
        job: JobFunction,
        parts: Mapping[str, bytes],
        *,
        admission: JobFunction | None = None,
        **arguments: Any,
    ) -> JobAnswer:
        """Run ``job(parts, **arguments)`` in a worker, with ``parts`` as read-only memoryviews.

        ``job`` is a module-level function that returns JSON-able facts (NaN becomes null) and a
        body of bytes; its views are valid while it runs. ``arguments`` are JSON-able too, and
        small: what is large belongs in ``parts``. A job whose worker dies is run once more.

        ``admission`` is a cheap job over the same parts and arguments, such as an estimate of
        the work. It runs first, in the express lane, where no ordinary worker is free: what it
        raises refuses the job before that waits, and where its facts say ``"express": false``
        the job waits in the ordinary lane, however few its bytes are.

        Raises QueueFull, ShuttingDown, DeadlineExceeded, WorkerDied, OutOfMemory, InternalError
        (the job raised something unexpected, which is logged), and whatever ServiceError the
        job or the admission raises. Cancelling it frees the worker.
        """
        if self._closing:
            self._refusals[Rejection.SHUTTING_DOWN] += 1
            raise ShuttingDown("The service is shutting down and takes no more jobs.")
        submitted = self._job(JobRequest.of(job, parts, arguments), self._lane_of(parts))
        self._queue.admit(submitted)
        try:
            if admission is not None and self._would_wait():
                await self._estimate(submitted, JobRequest.of(admission, parts, arguments))
            answer = await self._perform(submitted)
        finally:
            self._queue.withdraw(submitted)
        self._done += 1
        return answer

    def statistics(self) -> PoolStatistics:
        """The pool in numbers."""
        return PoolStatistics(
            workers_by_lane={lane: self._alive(lane) for lane in Lane},
            running=self._queue.running,
            waiting_by_lane={lane: self._queue.waiting(lane) for lane in Lane},
            done=self._done,
            timeouts=self._timeouts,
            restarts_by_reason={
                reason: sum(slot.restarts[reason] for slot in self._slots) for reason in Restart
            },
            rejections_by_reason=self._rejections(),
        )

    def _rejections(self) -> dict[Rejection, int]:
        full = {
            Rejection.EXPRESS_FULL: self._queue.refusals[Lane.EXPRESS],
            Rejection.ORDINARY_FULL: self._queue.refusals[Lane.ORDINARY],
        }
        return {reason: self._refusals[reason] for reason in Rejection} | full

    def _alive(self, lane: Lane) -> int:
        return sum(slot.worker is not None for slot in self._slots if slot.lane is lane)

    def _job(self, request: JobRequest, lane: Lane) -> Job:
        return Job(request, lane, self._settings.job_timeout_seconds)

    def _lane_of(self, parts: Mapping[str, bytes]) -> Lane:
        small = sum(map(len, parts.values())) <= self._settings.express_bytes
        return Lane.EXPRESS if small else Lane.ORDINARY

    def _would_wait(self) -> bool:
        """Whether an express worker could look at a job while all others are busy."""
        return self._settings.express_workers > 0 and not self._queue.free(Lane.ORDINARY)

    async def _estimate(self, submitted: Job, request: JobRequest) -> None:
        """Run the admission of a job that holds a place; raise what it raises."""
        try:
            estimate = await self._perform(self._job(request, Lane.EXPRESS))
        except ServiceError:
            self._refusals[Rejection.ADMISSION] += 1
            raise
        if submitted.lane is Lane.EXPRESS and estimate.facts.get("express") is False:
            self._queue.demote(submitted)

    async def _perform(self, job: Job) -> JobAnswer:
        timer = asyncio.get_running_loop().call_at(job.deadline, self._expire, job)
        try:
            self._queue.enter(job)
            return await job.answer
        finally:
            timer.cancel()
            self._queue.withdraw(job)

    def _expire(self, job: Job) -> None:
        if not job.answer.done():
            self._timeouts += 1
            job.expire()
            self._queue.withdraw(job)
