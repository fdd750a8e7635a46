"""How large the pool is and how patient."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PoolSettings:
    """The limits of a pool.

    ``workers`` run any job, ``express_workers`` beside them only small ones: those whose parts
    have at most ``express_bytes`` together. In each lane ``queue_limit`` jobs may wait.
    ``worker_memory_bytes`` bounds a worker's address space (RLIMIT_AS) and its files; 0 means
    no limit. A worker is replaced after ``jobs_per_worker`` jobs, or once its own resident
    memory exceeds ``recycle_memory_bytes`` after a job; 0 means never.
    ``job_timeout_seconds`` counts from the submission, waiting included. A job whose caller has
    gone gets ``abandoned_grace_seconds`` to finish, because a new worker has cold caches.
    ``preload`` names the modules that are imported before a worker is ready, ``native`` the
    compiled engines that jobs may use, as ``convolution.compiled.select_native`` takes them.
    Each job may compute with ``threads_per_worker`` threads, and with those of the workers that
    have nothing to do when it starts.
    """

    workers: int
    queue_limit: int
    job_timeout_seconds: float
    worker_memory_bytes: int
    jobs_per_worker: int
    abandoned_grace_seconds: float = 1.0
    preload: tuple[str, ...] = ()
    threads_per_worker: int = 1
    express_workers: int = 1
    express_bytes: int = 64 * 2**10
    recycle_memory_bytes: int = 2**30
    native: str = "auto"
