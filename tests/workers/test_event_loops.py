"""The pool under each event loop that uvicorn may use."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest
import uvloop

from service.errors import DeadlineExceeded, InvalidRequest, WorkerDied

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=LOOPS)
def run(request):
    with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
        yield runner.run


def test_jobs_run_and_fail_as_they_should(run, open_pool, jobs):
    async def scene():
        async with open_pool() as pool:
            data = os.urandom(5 * 2**20)
            assert (await pool.run(jobs.echo, {"data": data}, n=1)).body == data
            with pytest.raises(InvalidRequest):
                await pool.run(jobs.raise_service_error, {}, code="invalid-request")
            with pytest.raises(WorkerDied):
                await pool.run(jobs.die, {}, number=signal.SIGKILL)
            assert (await pool.run(jobs.echo, {"data": b"on"})).body == b"on"

    run(scene())


def test_a_deadline_and_a_cancellation_free_the_worker(run, open_pool, jobs, tmp_path, until):
    async def scene():
        async with open_pool(workers=1, job_timeout_seconds=1.0) as pool:
            spins = tmp_path / "spins"
            running = asyncio.create_task(pool.run(jobs.spin, {}, path=str(spins)))
            await until(spins.exists)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            await until(lambda: pool.statistics().running == 0)
            await until(lambda: pool.ready)
            with pytest.raises(DeadlineExceeded):
                await pool.run(jobs.spin, {}, path=str(spins))
            await until(lambda: pool.ready)
            assert (await pool.run(jobs.echo, {"data": b"on"})).body == b"on"

    run(scene())


def test_a_killed_idle_worker_is_noticed(run, open_pool, until, without_healing):
    async def scene():
        async with open_pool(workers=1) as pool:
            with without_healing():
                os.kill(pool._slots[0].worker.pid, signal.SIGKILL)
                await until(lambda: not pool.ready)
            await until(lambda: pool.ready)

    run(scene())


def test_no_listening_socket_is_inherited(run, open_pool):
    async def scene():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.set_inheritable(True)
            (ours,) = links_of("self", {listener.fileno()})
            async with open_pool(workers=1) as pool:
                theirs = links_of(pool._slots[0].worker.pid, range(1000))
                assert theirs
                assert ours not in theirs

    run(scene())


def links_of(pid, numbers):
    descriptors = Path(f"/proc/{pid}/fd").iterdir()
    return [fd.readlink() for fd in descriptors if int(fd.name) in numbers]


def test_a_pool_closes_while_it_starts_and_while_it_works(run, open_pool, jobs, tmp_path, until):
    async def scene():
        for seconds in (0.0, 0.02, 0.1, 0.2, 0.3):
            async with open_pool(warm=False, grace=0.0):
                await asyncio.sleep(seconds)
        spins = tmp_path / "spins"
        async with open_pool(grace=0.0) as pool:
            running = asyncio.create_task(pool.run(jobs.spin, {}, path=str(spins)))
            await until(spins.exists)
        with pytest.raises(Exception, match="shutting down"):
            await running

    run(scene())
