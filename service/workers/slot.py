"""One place of the pool: keeps a ready worker in it, and gives that one job after another."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from service.errors import InternalError, ServiceError, WorkerDied
from service.workers.jobs import Job, JobQueue
from service.workers.settings import PoolSettings
from service.workers.worker import Worker, WorkerLost

logger = logging.getLogger("service.workers")

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
ATTEMPTS = 2
"""On how many workers a job may die."""


class Slot:
    """Supervises one worker after another, for as long as ``supervise`` runs."""

    def __init__(self, settings: PoolSettings, queue: JobQueue) -> None:
        self._settings = settings
        self._queue = queue
        self._worker: Worker | None = None
        self._successor: asyncio.Task[Worker] | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._starts = 0
        self.warmed = False

    @property
    def worker(self) -> Worker | None:
        """The worker that takes jobs here, if there is one."""
        return self._worker if self._worker is not None and self._worker.usable else None

    @property
    def restarts(self) -> int:
        """How many processes were started to replace another."""
        return max(0, self._starts - 1)

    async def supervise(self) -> None:
        """Keep a worker and give it jobs, until cancelled; then end all processes."""
        try:
            while True:
                self._successor = self._successor or asyncio.create_task(self._start_worker())
                self._worker = await asyncio.shield(self._successor)
                self._successor = None
                self.warmed = True
                await self._employ(self._worker)
                self._dismiss(self._worker)
                self._worker = None
        finally:
            await self._dismiss_all()

    async def _start_worker(self) -> Worker:
        pause = FIRST_PAUSE_SECONDS
        while True:
            self._starts += 1
            try:
                return await Worker.start(self._settings)
            except (WorkerLost, OSError) as error:
                logger.warning("%s; the next try is in %.1f s", error, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _employ(self, worker: Worker) -> None:
        """Give the worker jobs until it is gone, or old and its successor ready."""
        while worker.usable:
            if worker.jobs >= self._settings.jobs_per_worker and self._successor is None:
                # The old one goes on meanwhile, so nobody waits for the new one's imports.
                self._successor = asyncio.create_task(self._start_worker())
            if self._successor is not None and self._successor.done():
                return
            job = await self._next_job(worker)
            if job is not None:
                await self._give(job, worker)

    async def _next_job(self, worker: Worker) -> Job | None:
        """The next job, or None where the worker has died or its successor is ready first."""
        taker = self._queue.take()
        events: set[asyncio.Future[Any]] = {taker, worker.exited}
        if self._successor is not None:
            events.add(self._successor)
        await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        if not taker.done():
            taker.cancel()
            return None
        job = taker.result()
        if worker.exited.done():
            self._queue.put_back(job)
            return None
        return job

    async def _give(self, job: Job, worker: Worker) -> None:
        """Run the job on the worker, which is killed when nobody waits for it any more."""
        if job.answer.done():
            self._queue.release(job)
            return
        job.start()
        exchange = asyncio.create_task(worker.run(job.request))
        events: set[asyncio.Future[Any]] = {exchange, job.answer}
        try:
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
            if job.answer.cancelled():
                await asyncio.wait({exchange}, timeout=self._settings.abandoned_grace_seconds)
        finally:
            if not exchange.done():
                worker.kill()
                await asyncio.wait({exchange})
            self._settle(job, worker, exchange)

    def _settle(
        self, job: Job, worker: Worker, exchange: asyncio.Task[tuple[dict[str, Any], bytes]]
    ) -> None:
        try:
            job.succeed(*exchange.result())
        except ServiceError as error:
            job.fail(error)
        except WorkerLost:
            if self._is_to_be_retried(job, worker):
                self._queue.put_back(job)
                return
            job.fail(WorkerDied("The worker process ended before the job did, twice."))
        except Exception:
            # Whatever it is, it must cost this job and this worker only, not the slot.
            logger.exception("the job %s could not be given to a worker", job.request.function)
            worker.kill()
            job.fail(InternalError("The service failed at this request by a fault of its own."))
        self._queue.release(job)

    def _is_to_be_retried(self, job: Job, worker: Worker) -> bool:
        name = job.request.function
        if job.answer.done():
            logger.warning("worker %d was ended: nobody waits for %s any more", worker.pid, name)
            return False
        logger.warning("worker %d was lost while it ran %s", worker.pid, name)
        job.deaths += 1
        job.started = None
        return job.deaths < ATTEMPTS

    def _dismiss(self, worker: Worker) -> None:
        task = asyncio.create_task(worker.end())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _dismiss_all(self) -> None:
        if self._worker is not None:
            self._dismiss(self._worker)
        if self._successor is not None:
            await self._dismiss_successor(self._successor)
        if self._leaving:
            await asyncio.wait(self._leaving)

    async def _dismiss_successor(self, successor: asyncio.Task[Worker]) -> None:
        successor.cancel()
        await asyncio.wait({successor})
        if not successor.cancelled():
            self._dismiss(successor.result())
