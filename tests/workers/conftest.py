"""Real pools with real processes, and the assurance that they leave nothing behind."""

import asyncio
import contextlib
import importlib
import os
import signal
import time
from pathlib import Path

import pytest

from service.workers import Pool, PoolSettings
from tests.processes import child_ids

HERE = Path(__file__).parent


def fork_servers():
    """The ids of this process's living fork servers, as the system knows them."""
    found = []
    for pid in child_ids(os.getpid()):
        with contextlib.suppress(OSError):
            if b"service.workers.forking" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def worker_processes():
    """The ids of this process's living workers, as the system knows them."""
    found = []
    for server in fork_servers():
        with contextlib.suppress(OSError):
            found += [pid for pid in child_ids(server) if Path(f"/proc/{pid}/cmdline").read_bytes()]
    return found


@contextlib.contextmanager
def no_new_workers():
    """Within the block no lost worker is replaced: the fork server is held."""
    servers = fork_servers()
    for pid in servers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in servers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


async def eventually(condition, seconds=10.0):
    """Wait until the condition holds; fail where it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def a_pool(*, warm=True, grace=5.0, **changes):
    """A pool that is ready, and whose processes and tasks are gone afterwards."""
    settings = {
        "workers": 2,
        "queue_limit": 8,
        "job_timeout_seconds": 20.0,
        "worker_memory_bytes": 0,
        "jobs_per_worker": 1000,
        "abandoned_grace_seconds": 0.3,
        "express_workers": 0,
    }
    others = asyncio.all_tasks()
    pool = Pool(PoolSettings(**(settings | changes)))
    await pool.start()
    try:
        if warm:
            await eventually(lambda: pool.ready)
        yield pool
    finally:
        await pool.close(grace)
    assert fork_servers() == worker_processes() == []
    assert asyncio.all_tasks() - others <= {asyncio.current_task()}


@pytest.fixture(autouse=True)
def jobs(monkeypatch):
    """The module of jobs, importable here and in the workers."""
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    return importlib.import_module("jobs_for_tests")


@pytest.fixture
def open_pool():
    return a_pool


@pytest.fixture
def until():
    return eventually


@pytest.fixture
def workers_alive():
    return worker_processes


@pytest.fixture
def without_healing():
    return no_new_workers


@pytest.fixture
def servers_alive():
    return fork_servers


@pytest.fixture
async def shared_pool():
    async with a_pool(workers=1) as pool:
        yield pool
