"""Where worker processes come from, and what becomes of the pool when that is lost."""

import asyncio
import errno
import os
import signal
from pathlib import Path

import pytest

from service.app import PRELOAD
from service.convolution.compiled import select_native
from service.convolution.native import INSTRUCTION_SETS
from service.workers import fork_server
from tests.processes import child_ids


def told(pid, name):
    """What the system tells of a process."""
    return Path(f"/proc/{pid}/{name}").read_text()


def workers_of(pool):
    return {slot.worker.pid for slot in pool._slots if slot.worker}


async def test_all_workers_are_forks_of_one_process_and_say_what_they_are(open_pool, servers_alive):
    async with open_pool(workers=3) as pool:
        (server,) = servers_alive()
        assert set(child_ids(server)) == workers_of(pool)
        assert {told(pid, "comm") for pid in workers_of(pool)} == {"worker\n"}


async def test_a_fresh_worker_shares_the_memory_of_the_imports(open_pool, servers_alive):
    async with open_pool(workers=1, preload=PRELOAD) as pool:
        (worker,) = workers_of(pool)
        facts = {
            line.split()[0]: int(line.split()[1])
            for line in told(worker, "smaps_rollup").splitlines()[1:]
        }
    assert facts["Private_Dirty:"] < facts["Rss:"] / 4


async def test_the_server_of_the_services_own_imports_has_one_thread(open_pool, servers_alive):
    # A fork has that of its threads alone that forked, and the locks that others held for ever.
    async with open_pool(workers=1, preload=PRELOAD):
        (server,) = servers_alive()
        assert "\nThreads:\t1\n" in told(server, "status")


@pytest.mark.parametrize("native", ["auto", "off", *INSTRUCTION_SETS])
async def test_every_worker_uses_the_compiled_engines_that_are_named(open_pool, jobs, native):
    async with open_pool(workers=1, native=native, jobs_per_worker=1) as pool:
        for _ in range(2):  # the second in a fork of its own
            engines = select_native(native)
            told = (await pool.run(jobs.native_to_use, {})).facts["native"]
            assert told == (engines.instruction_set if engines else None)


async def test_what_died_is_no_zombie_for_long(open_pool, jobs, until, servers_alive):
    async with open_pool(workers=2, jobs_per_worker=2) as pool:
        for _ in range(3):
            os.kill(workers_of(pool).pop(), signal.SIGKILL)
            for _ in range(4):
                await pool.run(jobs.pid, {})
        (server,) = servers_alive()
        await until(lambda: set(child_ids(server)) == workers_of(pool))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
async def test_a_lost_server_costs_its_workers_and_is_replaced(
    open_pool, jobs, until, servers_alive, number
):
    async with open_pool() as pool:
        (server,), before = servers_alive(), workers_of(pool)
        os.kill(server, number)
        await until(lambda: len(workers_of(pool) - before) == 2)
        assert not workers_of(pool) & before
        assert servers_alive() not in ([], [server])
        assert (await pool.run(jobs.echo, {"data": b"on"})).body == b"on"
        assert pool.statistics().restarts_by_reason["died"] == 2


async def test_a_job_that_runs_when_the_server_is_lost_is_run_once_more(
    open_pool, jobs, until, servers_alive, tmp_path
):
    notes = tmp_path / "notes"
    async with open_pool(workers=1) as pool:
        job = pool.run(jobs.note, {}, path=str(notes), number=1, seconds=0.5)
        running = asyncio.create_task(job)
        await until(notes.exists)
        os.kill(servers_alive()[0], signal.SIGKILL)
        await running
    assert notes.read_text().split() == ["1", "1"]


async def test_a_server_that_hangs_is_replaced(
    open_pool, jobs, until, servers_alive, monkeypatch, without_healing
):
    monkeypatch.setattr(fork_server, "FORK_SECONDS", 0.2)
    async with open_pool(workers=1) as pool:
        (server,) = servers_alive()
        with without_healing():
            os.kill(pool._slots[0].worker.pid, signal.SIGKILL)
            await until(lambda: server not in servers_alive())
            await until(lambda: pool.ready)
        assert (await pool.run(jobs.echo, {"data": b"on"})).body == b"on"


async def test_where_the_system_gives_no_process_the_others_go_on_and_it_is_asked_again(
    open_pool, jobs, until, tmp_path, monkeypatch, caplog
):
    (tmp_path / "preload_that_cannot_fork.py").write_text(CANNOT_FORK)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    async with open_pool(workers=1, preload=("preload_that_cannot_fork",)) as pool:
        assert (await pool.run(jobs.echo, {"data": b"at last"})).body == b"at last"
        assert pool.statistics().restarts_by_reason["not_started"] == 2
    assert os.strerror(errno.EAGAIN) in caplog.text


CANNOT_FORK = """
import errno, os

fork, answers = os.fork, [False, False, True]

def fork_at_last():
    if answers and not answers.pop(0):
        raise BlockingIOError(errno.EAGAIN, "no processes")
    return fork()

os.fork = fork_at_last
"""


async def test_a_fork_that_nobody_waits_for_any_more_is_ended(
    open_pool, until, servers_alive, workers_alive, without_healing
):
    async with open_pool(workers=1) as pool:
        with without_healing():
            os.kill(pool._slots[0].worker.pid, signal.SIGKILL)
            await until(lambda: not pool.ready)
            await asyncio.sleep(0.05)
            closing = asyncio.create_task(pool.close(0.0))
            await asyncio.sleep(0.05)
        await closing
        assert servers_alive() == workers_alive() == []
