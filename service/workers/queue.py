"""The lines in which jobs wait: who is admitted, and who is next.

There are two lanes, so that small jobs don't wait behind large ones. Ordinary workers serve
both, express workers the express lane alone; each lane has its own limit.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Mapping

from service.errors import QueueFull
from service.workers.jobs import Job, Lane

EXPRESS_TURNS = 4
"""So many express jobs may an ordinary worker take while an ordinary one waits; then that one."""


class JobQueue:
    """The jobs from their admission to their end, each lane first come, first served.

    ``workers`` says how many workers each lane has of its own, ``limit`` how many jobs may wait
    in each lane while no worker is free. ``refusals`` counts the jobs that found no place.
    """

    def __init__(self, workers: Mapping[Lane, int], limit: int) -> None:
        self.refusals: Counter[Lane] = Counter()
        self._workers = workers
        self._limit = limit
        self._waiting: Mapping[Lane, set[Job]] = {lane: set() for lane in Lane}
        self._lines: Mapping[Lane, deque[Job]] = {lane: deque() for lane in Lane}
        self._takers: Mapping[Lane, deque[asyncio.Future[Job]]] = {lane: deque() for lane in Lane}
        self._taken: dict[Job, Lane] = {}
        self._express_turns = 0

    @property
    def unfinished(self) -> frozenset[Job]:
        """All that wait or run, among them those which run on without a caller."""
        return frozenset(self._taken).union(*self._waiting.values(), *self._lines.values())

    @property
    def running(self) -> int:
        """How many are in the hands of a worker's slot."""
        return len(self._taken)

    def waiting(self, lane: Lane) -> int:
        """How many hold a place in the lane."""
        return len(self._waiting[lane])

    def free(self, lane: Lane) -> int:
        """How many of the lane's own workers have no job; one that is being replaced is free."""
        return self._workers[lane] - sum(each is lane for each in self._taken.values())

    def admit(self, job: Job) -> None:
        """Hold a place for the job in its lane; QueueFull where there is none.

        The place is held until the job is taken or withdrawn.
        """
        free = self.free(Lane.ORDINARY)
        if job.lane is Lane.EXPRESS:
            free += self.free(Lane.EXPRESS)
        if self.waiting(job.lane) >= self._limit + free:
            self.refusals[job.lane] += 1
            raise QueueFull("As many jobs as allowed are running and waiting. Try again later.")
        self._waiting[job.lane].add(job)

    def demote(self, job: Job) -> None:
        """Exchange its place for one in the ordinary lane; QueueFull where there is none."""
        self.withdraw(job)
        job.lane = Lane.ORDINARY
        self.admit(job)

    def enter(self, job: Job) -> None:
        """Put a job at the end of its line."""
        if not self._hand_over(job):
            self._lines[job.lane].append(job)

    def put_back(self, job: Job) -> None:
        """Put a job that was taken at the head of its line."""
        del self._taken[job]
        self._waiting[job.lane].add(job)
        if not self._hand_over(job):
            self._lines[job.lane].appendleft(job)

    def take(self, worker_lane: Lane) -> asyncio.Future[Job]:
        """The next job for a worker of this lane; to be cancelled by who can't wait for it."""
        taker: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        line = self._next_line(worker_lane)
        if line:
            self._give(line.popleft(), worker_lane, taker)
        else:
            self._takers[worker_lane].append(taker)
        return taker

    def withdraw(self, job: Job) -> None:
        """Forget a job if it still waits; one that was taken is the taker's to release."""
        self._waiting[job.lane].discard(job)
        if job in self._lines[job.lane]:
            self._lines[job.lane].remove(job)

    def release(self, job: Job) -> None:
        """Forget a job that was taken, and so make room for another."""
        del self._taken[job]

    def _next_line(self, worker_lane: Lane) -> deque[Job]:
        express, ordinary = self._lines[Lane.EXPRESS], self._lines[Lane.ORDINARY]
        if worker_lane is Lane.EXPRESS:
            return express
        if ordinary and (not express or self._express_turns >= EXPRESS_TURNS):
            self._express_turns = 0
            return ordinary
        self._express_turns += bool(ordinary)
        return express

    def _hand_over(self, job: Job) -> bool:
        # The express workers are kept for when the others are busy.
        lanes = (Lane.ORDINARY, Lane.EXPRESS) if job.lane is Lane.EXPRESS else (Lane.ORDINARY,)
        for lane in lanes:
            takers = self._takers[lane]
            while takers:
                # The one that worked last: its caches are warm, and its processor's too.
                taker = takers.pop()
                if not taker.done():
                    self._give(job, lane, taker)
                    return True
        return False

    def _give(self, job: Job, worker_lane: Lane, taker: asyncio.Future[Job]) -> None:
        self._waiting[job.lane].discard(job)
        self._taken[job] = worker_lane
        taker.set_result(job)
