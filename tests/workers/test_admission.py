import asyncio
import os

import pytest

from service.errors import DeadlineExceeded, QueueFull


async def test_one_job_too_many_is_refused_at_once(open_pool, jobs, until):
    async with open_pool(workers=1, queue_limit=1) as pool:
        accepted = [asyncio.create_task(pool.run(jobs.sleep, {}, seconds=0.5)) for _ in range(2)]
        await until(lambda: pool.statistics().running == 1 and pool.statistics().waiting == 1)
        refused = asyncio.create_task(pool.run(jobs.pid, {}))
        await asyncio.sleep(0)
        assert isinstance(refused.exception(), QueueFull)
        assert pool.statistics().rejections == 1
        await asyncio.gather(*accepted)
        assert pool.statistics().running == pool.statistics().waiting == 0


async def test_without_a_queue_one_caller_is_served_again_and_again(open_pool, jobs):
    async with open_pool(workers=1, queue_limit=0, jobs_per_worker=7) as pool:
        for number in range(30):
            assert (await pool.run(jobs.echo, {}, n=number)).facts["arguments"] == {"n": number}


async def test_of_a_hundred_at_once_every_accepted_job_is_answered_right(open_pool, jobs):
    data = [os.urandom(1000 + n) for n in range(100)]
    async with open_pool(workers=2, queue_limit=8) as pool:
        answers = await asyncio.gather(
            *(pool.run(jobs.echo, {"data": each}) for each in data), return_exceptions=True
        )
        accepted = [n for n, answer in enumerate(answers) if not isinstance(answer, Exception)]
        assert accepted == list(range(10))
        assert [answers[n].body for n in accepted] == data[:10]
        assert all(isinstance(answer, QueueFull) for answer in answers[10:])
        assert pool.statistics().rejections == 90
        assert (await pool.run(jobs.echo, {"data": b"next"})).body == b"next"


async def test_callers_who_come_again_are_all_answered_right(open_pool, jobs):
    async def insist(number):
        data = os.urandom(1000 + number)
        while True:
            try:
                return (await pool.run(jobs.echo, {"data": data})).body == data
            except QueueFull:
                await asyncio.sleep(0.001)

    async with open_pool(workers=2, queue_limit=8) as pool:
        assert all(await asyncio.gather(*(insist(number) for number in range(100))))
        assert pool.statistics().rejections > 0


async def test_a_deadline_kills_its_own_worker_and_no_other(open_pool, jobs, tmp_path):
    async with open_pool(workers=2, job_timeout_seconds=1.0) as pool:
        before = {slot.worker.pid for slot in pool._slots}
        late = asyncio.create_task(pool.run(jobs.spin, {}, path=str(tmp_path / "spins")))
        await asyncio.sleep(0.4)
        other = asyncio.create_task(pool.run(jobs.sleep, {}, seconds=0.8))
        with pytest.raises(DeadlineExceeded, match="not done within 1 second"):
            await late
        survivor = (await other).facts["pid"]
        assert survivor in before
        assert pool.statistics().timeouts == 1
        fresh = {
            answer.facts["pid"]
            for answer in await asyncio.gather(
                *(pool.run(jobs.sleep, {}, seconds=0.5) for _ in range(2))
            )
        }
        assert len(fresh) == 2
        assert fresh & before == {survivor}


async def test_the_deadline_counts_the_time_in_the_queue(open_pool, jobs, tmp_path, until):
    path = tmp_path / "order"
    async with open_pool(workers=1, job_timeout_seconds=0.6) as pool:
        first = asyncio.create_task(pool.run(jobs.sleep, {}, seconds=0.5))
        await asyncio.sleep(0)
        # The second starts with 0.1 s left; the third never does.
        second = asyncio.create_task(pool.run(jobs.sleep, {}, seconds=0.4))
        third = asyncio.create_task(pool.run(jobs.note, {}, path=str(path), number=3, seconds=0))
        await first
        with pytest.raises(DeadlineExceeded, match="not done within"):
            await second
        with pytest.raises(DeadlineExceeded, match="waited for its turn"):
            await third
        assert pool.statistics().timeouts == 2
        assert (await pool.run(jobs.echo, {"data": b"next"})).body == b"next"
    assert not path.exists()


async def test_a_cancelled_job_that_waits_leaves_the_queue_at_once(
    open_pool, jobs, tmp_path, until
):
    path = tmp_path / "order"
    async with open_pool(workers=1, queue_limit=1) as pool:
        first = asyncio.create_task(pool.run(jobs.sleep, {}, seconds=0.4))
        waiting = asyncio.create_task(pool.run(jobs.note, {}, path=str(path), number=1, seconds=0))
        await until(lambda: pool.statistics().waiting == 1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert pool.statistics().waiting == 0
        assert not first.done()
        assert (await pool.run(jobs.echo, {"data": b"room"})).body == b"room"
        await first
    assert not path.exists()


async def test_a_cancelled_job_that_nearly_ends_costs_no_worker(open_pool, jobs, until):
    async with open_pool(workers=1, abandoned_grace_seconds=5.0) as pool:
        before = pool._slots[0].worker.pid
        running = asyncio.create_task(pool.run(jobs.sleep, {}, seconds=0.3))
        await until(lambda: pool.statistics().running == 1)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert pool.statistics().running == 1  # still on the worker, without its caller
        assert (await pool.run(jobs.pid, {})).facts["pid"] == before


async def test_a_cancelled_job_that_goes_on_is_killed_after_the_grace(
    open_pool, jobs, tmp_path, until
):
    spins = tmp_path / "spins"
    async with open_pool(workers=1, abandoned_grace_seconds=0.1) as pool:
        before = pool._slots[0].worker.pid
        running = asyncio.create_task(pool.run(jobs.spin, {}, path=str(spins)))
        await until(spins.exists)
        running.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert running.cancelled()
        assert (await pool.run(jobs.pid, {})).facts["pid"] != before
        assert pool.statistics().timeouts == 0
