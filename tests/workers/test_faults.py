"""What a job, or whoever has taken a worker over, may do to its process and to the pool's files."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from service.errors import DeadlineExceeded, OutOfMemory, WorkerDied

GIBIBYTE = 2**30
# Generous: it takes a tenth of this where the machine has time.
HEALING_SECONDS = 20.0

DEADLY = [
    "abort",
    "crash",
    "crash_for_want_of_memory",
    "hang_up",
    "leave",
    "leave_at_once",
]


@pytest.mark.parametrize("name", DEADLY)
async def test_a_deadly_job_costs_itself_and_the_pool_heals(open_pool, jobs, until, name):
    async with open_pool(workers=2, worker_memory_bytes=GIBIBYTE) as pool:
        others = [pool.run(jobs.echo, {"data": bytes([n]) * 99}) for n in range(5)]
        deadly, *answers = await asyncio.gather(
            pool.run(getattr(jobs, name), {}), *others, return_exceptions=True
        )
        assert isinstance(deadly, WorkerDied)
        assert [answer.body for answer in answers] == [bytes([n]) * 99 for n in range(5)]
        await until(lambda: pool.statistics().workers == 2, HEALING_SECONDS)
        assert pool.statistics().restarts_by_reason["died"] == 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
async def test_the_pool_is_not_ready_until_its_only_worker_is_replaced(
    open_pool, until, without_healing, number
):
    async with open_pool(workers=1) as pool:
        with without_healing():
            os.kill(pool._slots[0].worker.pid, number)
            await until(lambda: not pool.ready)
        await until(lambda: pool.ready, HEALING_SECONDS)
        assert pool.statistics().restarts_by_reason["died"] == 1


async def test_a_job_that_holds_the_interpreter_is_ended_at_the_deadline(open_pool, jobs, until):
    async with open_pool(workers=1, job_timeout_seconds=1.0) as pool:
        with pytest.raises(DeadlineExceeded):
            await pool.run(jobs.hold_the_interpreter, {})
        assert (await pool.run(jobs.echo, {"data": b"on"})).body == b"on"
        assert pool.statistics().restarts_by_reason["timeout"] == 1


async def test_a_worker_that_leaks_is_replaced_without_a_dropped_job(open_pool, jobs, until):
    limit = 100 * 2**20
    async with open_pool(workers=1, recycle_memory_bytes=limit) as pool:
        before = pool._slots[0].worker.pid
        for _ in range(8):
            await pool.run(jobs.leak, {}, size=limit // 5)
        await until(lambda: pool._slots[0].worker.pid != before)
        assert pool._slots[0].worker.resident_bytes() < limit
        assert pool.statistics().restarts_by_reason["recycled_memory"] == 1
        assert pool.statistics().done == 8


async def test_a_worker_of_ordinary_size_is_kept(open_pool, jobs):
    async with open_pool(workers=1, recycle_memory_bytes=2**30) as pool:
        before = pool._slots[0].worker.pid
        for _ in range(5):
            await pool.run(jobs.leak, {}, size=2**20)
        assert pool._slots[0].worker.pid == before
        assert pool._slots[0].worker.resident_bytes() > 2**20
        assert pool.statistics().restarts == 0


async def test_noise_of_a_job_disturbs_no_answer_and_is_not_logged(open_pool, jobs, capfd):
    async with open_pool(workers=1) as pool:
        assert (await pool.run(jobs.make_noise, {"data": b"heard"})).body == b"heard"
        assert pool.statistics().restarts == 0
    assert "noise" not in capfd.readouterr().err


async def test_a_crash_says_where_it_was_and_nothing_of_the_request(open_pool, jobs, capfd):
    async with open_pool(workers=1) as pool:
        with pytest.raises(WorkerDied):
            await pool.run(jobs.crash, {"data": b"a secret of the caller's"}, hint="another secret")
    said = capfd.readouterr().err
    assert said.count("Segmentation fault") == 2
    assert "in crash" in said
    assert "secret" not in said


async def test_a_worker_that_hung_up_gets_no_further_job(open_pool, jobs):
    async with open_pool(workers=1) as pool:
        await pool.run(jobs.hang_up_when_done, {})
        before = pool._slots[0].worker.pid
        assert (await pool.run(jobs.pid, {})).facts["pid"] != before


async def test_what_a_worker_says_twice_is_no_answer_to_the_next_caller(open_pool, jobs):
    async with open_pool(workers=1) as pool:
        with pytest.raises(WorkerDied):
            await pool.run(jobs.answer_twice, {})
        assert (await pool.run(jobs.echo, {"data": b"mine"})).body == b"mine"
        assert pool.statistics().restarts_by_reason["died"] == 2


async def test_the_memory_files_are_bounded_and_given_back(open_pool, jobs, until):
    async with open_pool(workers=1, worker_memory_bytes=GIBIBYTE) as pool:
        before = pool._slots[0].worker
        with pytest.raises(OutOfMemory):
            await pool.run(jobs.fill_the_files, {}, limit=GIBIBYTE)
        await until(lambda: pool.ready)
        await until(before.exited.done)
        for file in (pool._slots[0].worker._inbox, pool._slots[0].worker._outbox):
            assert os.fstat(file.descriptor).st_size == 0
        assert pool.statistics().restarts_by_reason["out_of_memory"] == 1


async def test_a_worker_yields_to_the_service_and_goes_first_when_memory_ends(open_pool):
    async with open_pool(workers=1) as pool:
        pid = pool._slots[0].worker.pid
        assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)
        assert int(told(pid, "oom_score_adj")) == 1000


async def test_a_worker_that_crashes_leaves_no_image_of_its_memory(open_pool):
    async with open_pool(workers=1) as pool:
        limits = told(pool._slots[0].worker.pid, "limits")
    line = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert line.split()[4:6] == ["0", "0"]


def told(pid, name):
    """What the system tells of a process."""
    return Path(f"/proc/{pid}/{name}").read_text()
