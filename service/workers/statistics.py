"""The pool in numbers, for probes and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from service.workers.jobs import Lane


class Restart(StrEnum):
    """Why a process was started in place of another."""

    DIED = "died"
    TIMEOUT = "timeout"
    ABANDONED = "abandoned"
    OUT_OF_MEMORY = "out_of_memory"
    RECYCLED_JOBS = "recycled_jobs"
    RECYCLED_MEMORY = "recycled_memory"
    NOT_STARTED = "not_started"


class Rejection(StrEnum):
    """Why a job was refused before it could wait."""

    ORDINARY_FULL = "queue_full_ordinary"
    EXPRESS_FULL = "queue_full_express"
    ADMISSION = "admission"
    SHUTTING_DOWN = "shutting_down"


@dataclass(frozen=True)
class PoolStatistics:
    """The pool at this moment, and what it counted since its start.

    At this moment: ``workers_by_lane`` are ready and alive; ``running`` counts jobs which run on
    without a caller, too, and estimates; ``waiting_by_lane`` those that hold a place in a queue.

    Since the start: ``done`` jobs that gave a result, ``timeouts`` jobs whose deadline passed,
    ``restarts_by_reason`` processes started in place of another, ``rejections_by_reason`` jobs
    refused before they waited. Every lane and reason is there, also where it counts nothing.
    """

    workers_by_lane: Mapping[Lane, int]
    running: int
    waiting_by_lane: Mapping[Lane, int]
    done: int
    timeouts: int
    restarts_by_reason: Mapping[Restart, int]
    rejections_by_reason: Mapping[Rejection, int]

    @property
    def workers(self) -> int:
        """All workers that are ready and alive."""
        return sum(self.workers_by_lane.values())

    @property
    def waiting(self) -> int:
        """All jobs that wait."""
        return sum(self.waiting_by_lane.values())

    @property
    def restarts(self) -> int:
        """All processes started in place of another."""
        return sum(self.restarts_by_reason.values())

    @property
    def rejections(self) -> int:
        """All jobs refused before they waited."""
        return sum(self.rejections_by_reason.values())
