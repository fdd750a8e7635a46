import asyncio
import logging
import os
import signal

import pytest

from service.errors import InternalError, WorkerDied


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
async def test_a_job_whose_worker_dies_is_run_once_more(open_pool, jobs, tmp_path, number):
    async with open_pool() as pool:
        before = {slot.worker.pid for slot in pool._slots}
        answer = await pool.run(
            jobs.die_once, {"data": b"abc"}, path=str(tmp_path / "died"), number=number
        )
        assert answer.body == b"abc"
        assert answer.facts["pid"] in before


@pytest.mark.parametrize("name", ["die", "crash", "leave"])
async def test_a_job_that_kills_twice_fails_and_the_pool_heals(open_pool, jobs, name, until):
    arguments = {"number": signal.SIGKILL} if name == "die" else {}
    async with open_pool() as pool:
        with pytest.raises(WorkerDied):
            await pool.run(getattr(jobs, name), {}, **arguments)
        assert (await pool.run(jobs.echo, {"data": b"on"})).body == b"on"
        await until(lambda: pool.statistics().workers == 2)
        assert pool.statistics().restarts == 2


async def test_only_the_deadly_job_is_harmed(open_pool, jobs):
    async with open_pool(workers=2, queue_limit=20) as pool:
        deadly = asyncio.create_task(pool.run(jobs.die, {}, number=signal.SIGKILL))
        others = [pool.run(jobs.echo, {"data": bytes([n]) * 10}) for n in range(15)]
        answers = await asyncio.gather(*others)
        assert [answer.body for answer in answers] == [bytes([n]) * 10 for n in range(15)]
        with pytest.raises(WorkerDied):
            await deadly


async def test_a_killed_idle_worker_is_replaced(open_pool, jobs, until, without_healing):
    async with open_pool() as pool:
        before = {slot.worker.pid for slot in pool._slots}
        with without_healing():
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            await until(lambda: pool.statistics().workers == 0)
            assert not pool.ready
        await until(lambda: pool.ready)
        answers = await asyncio.gather(*(pool.run(jobs.sleep, {}, seconds=0.3) for _ in range(2)))
        assert not {answer.facts["pid"] for answer in answers} & before


async def test_a_job_given_to_a_dying_worker_is_not_lost(open_pool, jobs):
    async with open_pool(workers=1) as pool:
        for _ in range(3):
            os.kill(pool._slots[0].worker.pid, signal.SIGKILL)
            assert (await pool.run(jobs.echo, {"data": b"safe"})).body == b"safe"


async def test_a_stopped_worker_costs_its_job_only(open_pool, jobs, until):
    async with open_pool(workers=1, job_timeout_seconds=0.5) as pool:
        before = pool._slots[0].worker.pid
        os.kill(before, signal.SIGSTOP)
        with pytest.raises(Exception, match="not done within"):
            await pool.run(jobs.pid, {})
        await until(lambda: pool.ready)
        assert (await pool.run(jobs.pid, {})).facts["pid"] != before


async def test_workers_are_recycled_without_a_dropped_job(open_pool, jobs):
    async with open_pool(workers=2, queue_limit=8, jobs_per_worker=5) as pool:
        seen = set()
        for number in range(40):
            answers = await asyncio.gather(
                *(pool.run(jobs.sleep, {}, seconds=0.01) for _ in range(4)),
                pool.run(jobs.echo, {"data": bytes([number])}),
            )
            seen |= {answer.facts["pid"] for answer in answers[:4]}
            assert answers[4].body == bytes([number])
            assert pool.statistics().workers == 2
        assert len(seen) > 2


async def test_the_old_worker_serves_until_its_successor_is_ready(
    open_pool, jobs, until, without_healing
):
    async with open_pool(workers=1, jobs_per_worker=3) as pool:
        with without_healing():
            seen = {(await pool.run(jobs.pid, {})).facts["pid"] for _ in range(20)}
            assert len(seen) == pool.statistics().restarts == 1
        await until(lambda: pool._slots[0].worker.pid not in seen)
        assert (await pool.run(jobs.pid, {})).facts["pid"] not in seen


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        "nonsense",
        '{"error": 3}',
        '{"error": {"code": "no", "detail": "", "faults": []}}',
    ],
)
async def test_a_worker_that_talks_nonsense_is_replaced(open_pool, jobs, text, until):
    async with open_pool(workers=1) as pool:
        with pytest.raises(WorkerDied):
            await pool.run(jobs.talk_nonsense, {}, text=text)
        assert (await pool.run(jobs.echo, {"data": b"on"})).body == b"on"


@pytest.mark.parametrize("length", [10**15, "many", 5])
async def test_a_body_that_cannot_be_is_not_believed(open_pool, jobs, length):
    async with open_pool(workers=1, worker_memory_bytes=2**30) as pool:
        with pytest.raises(WorkerDied):
            await pool.run(jobs.announce_too_much, {}, length=length)


async def test_a_fault_of_the_pool_itself_costs_one_job_and_one_worker(open_pool, jobs, caplog):
    async def failing_run(request, threads):
        raise RuntimeError("a fault of the pool")

    async with open_pool(workers=1) as pool:
        before = pool._slots[0].worker.pid
        pool._slots[0].worker.run = failing_run
        with pytest.raises(InternalError):
            await pool.run(jobs.pid, {})
        assert "a fault of the pool" in caplog.text
        assert (await pool.run(jobs.pid, {})).facts["pid"] != before


@pytest.mark.slow
async def test_a_preload_that_fails_is_tried_again_with_pauses(open_pool, jobs, caplog, until):
    with caplog.at_level(logging.WARNING, "service.workers"):
        async with open_pool(
            workers=1, warm=False, preload=("preload_that_fails",), job_timeout_seconds=1.0
        ) as pool:
            with pytest.raises(Exception, match="waited for its turn"):
                await pool.run(jobs.pid, {})
            await until(lambda: pool.statistics().restarts >= 3)
            assert not pool.ready
            assert pool.statistics().workers == 0
    # asyncio may add that somebody else had reaped a process before it did: no pause of ours.
    ours = [record for record in caplog.records if record.name == "service.workers"]
    pauses = [record.args[1] for record in ours]
    assert pauses[:3] == [0.1, 0.2, 0.4]


async def test_a_pool_whose_preload_is_mended_becomes_ready(open_pool, jobs, tmp_path, until):
    module = tmp_path / "preload_to_mend.py"
    module.write_text("raise ImportError")
    paths = os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", paths)
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        async with open_pool(workers=1, warm=False, preload=("preload_to_mend",)) as pool:
            await until(lambda: pool.statistics().restarts >= 1)
            assert not pool.ready
            module.write_text("")
            await until(lambda: pool.ready)
            assert (await pool.run(jobs.echo, {"data": b"now"})).body == b"now"
