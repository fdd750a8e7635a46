"""One place of the pool: keeps a ready worker in it, and gives that one job after another."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Any

from service.errors import DeadlineExceeded, InternalError, OutOfMemory, ServiceError, WorkerDied
from service.workers.fork_server import ForkServer
from service.workers.forked_process import WorkerLost
from service.workers.jobs import Job, Lane
from service.workers.queue import JobQueue
from service.workers.settings import PoolSettings
from service.workers.statistics import Restart
from service.workers.worker import Worker

logger = logging.getLogger("service.workers")

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
ATTEMPTS = 2
"""On how many workers a job may die."""


class Slot:
    """Supervises one worker after another, for as long as ``supervise`` runs.

    ``restarts`` counts the processes that were started to replace another.
    """

    def __init__(
        self, settings: PoolSettings, queue: JobQueue, server: ForkServer, lane: Lane
    ) -> None:
        self.lane = lane
        self.restarts: Counter[Restart] = Counter()
        self._settings = settings
        self._queue = queue
        self._server = server
        self._worker: Worker | None = None
        self._successor: asyncio.Task[Worker] | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self.warmed = False

    @property
    def worker(self) -> Worker | None:
        """The worker that takes jobs here, if there is one."""
        return self._worker if self._worker is not None and self._worker.usable else None

    async def supervise(self) -> None:
        """Keep a worker and give it jobs, until cancelled; then end all processes."""
        try:
            self._successor = asyncio.create_task(self._start_worker())
            while True:
                self._worker = await asyncio.shield(self._successor)
                self._successor = None
                self.warmed = True
                loss = await self._employ(self._worker)
                self._dismiss(self._worker)
                self._worker = None
                self._successor = self._successor or self._start_successor(loss)
        finally:
            await self._dismiss_all()

    def _start_successor(self, reason: Restart) -> asyncio.Task[Worker]:
        self.restarts[reason] += 1
        return asyncio.create_task(self._start_worker())

    async def _start_worker(self) -> Worker:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return await Worker.start(self._server, self._settings.worker_memory_bytes)
            except (WorkerLost, OSError) as error:
                logger.warning("%s; the next try is in %.1f s", error, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            self.restarts[Restart.NOT_STARTED] += 1

    async def _employ(self, worker: Worker) -> Restart:
        """Give the worker jobs until it is gone, or old and its successor ready; why it ended."""
        loss = Restart.DIED
        while worker.usable:
            age = self._age(worker)
            if age is not None and self._successor is None:
                # The old one goes on meanwhile, so nobody waits for the new one's imports.
                self._successor = self._start_successor(age)
            if self._successor is not None and self._successor.done():
                break
            job = await self._next_job(worker)
            if job is not None:
                loss = await self._give(job, worker)
        return loss

    def _age(self, worker: Worker) -> Restart | None:
        """Why the worker is to be replaced though it is sound, if it is."""
        if worker.jobs >= self._settings.jobs_per_worker:
            return Restart.RECYCLED_JOBS
        if 0 < self._settings.recycle_memory_bytes < worker.resident_bytes():
            return Restart.RECYCLED_MEMORY
        return None

    async def _next_job(self, worker: Worker) -> Job | None:
        """The next job, or None where the worker has died or its successor is ready first."""
        taker = self._queue.take(self.lane)
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

    async def _give(self, job: Job, worker: Worker) -> Restart:
        """Run the job on the worker, which is killed when nobody waits for it any more.

        Returns why the worker is gone, if it is.
        """
        if job.answer.done():
            self._queue.release(job)
            return Restart.DIED
        job.start()
        exchange = asyncio.create_task(worker.run(job.request, self._threads()))
        events: set[asyncio.Future[Any]] = {exchange, job.answer}
        loss = Restart.DIED
        try:
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
            if job.answer.cancelled():
                await asyncio.wait({exchange}, timeout=self._settings.abandoned_grace_seconds)
        finally:
            if not exchange.done():
                loss = _why_ended(job)
                worker.kill()
                await asyncio.wait({exchange})
            self._settle(job, worker, exchange)
        return Restart.OUT_OF_MEMORY if isinstance(exchange.exception(), OutOfMemory) else loss

    def _threads(self) -> int:
        """How many threads the job that is about to run may take: its share of the processors.

        What runs already keeps what it took; all are of one priority, so that the share of a
        job that comes later is small at first, and never nothing.
        """
        each = self._settings.threads_per_worker
        return max(each, self._settings.workers * each // self._queue.running)

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


def _why_ended(job: Job) -> Restart:
    """Why a worker is ended while it runs the job, whose answer is settled."""
    if not job.answer.cancelled() and isinstance(job.answer.exception(), DeadlineExceeded):
        return Restart.TIMEOUT
    return Restart.ABANDONED
