"""Jobs that come with an admission: a cheap look at them before they wait."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from service.errors import DeadlineExceeded, LimitExceeded, QueueFull, ShuttingDown
from service.workers.jobs import Lane

LARGE = {"data": b"0123456789a"}
SMALL = {"data": b"0123456789"}


@pytest.fixture
def open_busy_pool(open_pool, jobs, until, tmp_path):
    """A pool with an express worker, and the job that has its only ordinary worker."""

    @asynccontextmanager
    async def opening(**changes):
        settings = {"workers": 1, "express_workers": 1, "express_bytes": 10} | changes
        async with open_pool(**settings) as pool:
            spins = tmp_path / "spins"
            running = asyncio.create_task(pool.run(jobs.spin, LARGE, path=str(spins)))
            await until(spins.exists)
            yield pool, running
            running.cancel()

    return opening


@pytest.fixture
def estimated(jobs, tmp_path):
    """The keywords of a job that notes when it is estimated and when it is run; and its notes."""
    path = tmp_path / "notes"
    path.touch()

    def keywords(*, express=True):
        return {"admission": jobs.judge, "express": express, "path": str(path)}

    return keywords, lambda: path.read_text().split()


async def test_a_job_that_need_not_wait_is_not_estimated(open_pool, jobs, estimated):
    keywords, notes = estimated
    async with open_pool(workers=1, express_workers=1) as pool:
        await pool.run(jobs.note_lane, LARGE, **keywords())
    assert notes() == ["job"]


async def test_a_job_that_must_wait_is_estimated_at_once_and_run_later(
    open_busy_pool, jobs, until, estimated
):
    keywords, notes = estimated
    async with open_busy_pool() as (pool, running):
        waiting = asyncio.create_task(pool.run(jobs.note_lane, LARGE, **keywords()))
        await until(lambda: notes() == ["estimate"])
        assert not running.done()
        assert pool.statistics().waiting_by_lane == {Lane.ORDINARY: 1, Lane.EXPRESS: 0}
        running.cancel()
        assert (await waiting).queue_seconds > 0
        assert notes() == ["estimate", "job"]


@pytest.mark.parametrize("parts", [SMALL, LARGE])
async def test_a_job_that_is_too_much_is_refused_before_it_waits(
    open_busy_pool, jobs, estimated, parts
):
    keywords, notes = estimated
    async with open_busy_pool() as (pool, running):
        with pytest.raises(LimitExceeded, match="too much work"):
            await pool.run(jobs.note_lane, parts, **keywords() | {"admission": jobs.refuse})
        assert not running.done()
        assert pool.statistics().waiting == 0
        assert pool.statistics().rejections_by_reason["admission"] == 1
    assert notes() == []


async def test_a_small_job_with_little_work_is_run_by_the_express_worker(
    open_busy_pool, jobs, estimated
):
    keywords, notes = estimated
    async with open_busy_pool() as (pool, running):
        await pool.run(jobs.note_lane, SMALL, **keywords())
        assert notes() == ["estimate", "job"]
        assert not running.done()


async def test_a_small_job_with_much_work_waits_among_the_large_ones(
    open_busy_pool, jobs, until, estimated
):
    keywords, notes = estimated
    async with open_busy_pool() as (pool, running):
        express = {slot.worker.pid for slot in pool._slots if slot.lane is Lane.EXPRESS}
        waiting = asyncio.create_task(pool.run(jobs.note_lane, SMALL, **keywords(express=False)))
        await until(lambda: pool.statistics().waiting_by_lane[Lane.ORDINARY] == 1)
        await pool.run(jobs.pid, SMALL)
        assert notes() == ["estimate"]
        running.cancel()
        assert (await waiting).facts["pid"] not in express


async def test_a_job_that_proves_large_is_refused_where_no_large_one_may_wait(
    open_busy_pool, jobs, until, estimated
):
    keywords, notes = estimated
    async with open_busy_pool(queue_limit=1) as (pool, _):
        waiting = asyncio.create_task(pool.run(jobs.pid, LARGE))
        await until(lambda: pool.statistics().waiting == 1)
        with pytest.raises(QueueFull):
            await pool.run(jobs.note_lane, SMALL, **keywords(express=False))
        assert notes() == ["estimate"]
        assert pool.statistics().rejections_by_reason["queue_full_ordinary"] == 1
        waiting.cancel()


async def test_a_job_that_finds_no_place_is_not_estimated(open_busy_pool, jobs, until, estimated):
    keywords, notes = estimated
    async with open_busy_pool(queue_limit=1) as (pool, _):
        waiting = asyncio.create_task(pool.run(jobs.pid, LARGE))
        await until(lambda: pool.statistics().waiting == 1)
        with pytest.raises(QueueFull):
            await pool.run(jobs.note_lane, LARGE, **keywords())
        assert notes() == []
        waiting.cancel()


async def test_a_job_holds_its_place_while_it_is_estimated(open_busy_pool, jobs, until, tmp_path):
    path = tmp_path / "estimate"
    async with open_busy_pool(queue_limit=1) as (pool, _):
        estimating = asyncio.create_task(
            pool.run(jobs.echo, LARGE, admission=jobs.spin, path=str(path))
        )
        await until(path.exists)
        with pytest.raises(QueueFull):
            await pool.run(jobs.pid, LARGE)
        estimating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await estimating
        assert pool.statistics().waiting == 0
        await until(lambda: pool.statistics().workers_by_lane[Lane.EXPRESS] == 1)
        assert (await pool.run(jobs.echo, SMALL)).body == SMALL["data"]
        assert pool.statistics().restarts_by_reason["abandoned"] == 1


async def test_an_estimate_without_end_is_ended_at_the_deadline(open_pool, jobs, tmp_path):
    settings = {"workers": 1, "express_workers": 1, "job_timeout_seconds": 1.0}
    async with open_pool(**settings) as pool:
        running = asyncio.create_task(pool.run(jobs.spin, {}, path=str(tmp_path / "spins")))
        await asyncio.sleep(0)
        with pytest.raises(DeadlineExceeded):
            await pool.run(jobs.echo, {}, admission=jobs.spin, path=str(tmp_path / "estimate"))
        with pytest.raises(DeadlineExceeded):
            await running
        assert (await pool.run(jobs.echo, SMALL)).body == SMALL["data"]
        assert pool.statistics().timeouts == 2


async def test_without_an_express_worker_nothing_is_estimated(
    open_busy_pool, jobs, until, estimated
):
    keywords, notes = estimated
    async with open_busy_pool(express_workers=0) as (pool, running):
        waiting = asyncio.create_task(pool.run(jobs.note_lane, LARGE, **keywords()))
        await until(lambda: pool.statistics().waiting == 1)
        running.cancel()
        await waiting
    assert notes() == ["job"]


async def test_closing_ends_what_is_being_estimated(open_busy_pool, jobs, until, tmp_path):
    path = tmp_path / "estimate"
    async with open_busy_pool() as (pool, running):
        estimating = asyncio.create_task(
            pool.run(jobs.echo, LARGE, admission=jobs.spin, path=str(path))
        )
        await until(path.exists)
        await pool.close(0.1)
        for task in (estimating, running):
            with pytest.raises(ShuttingDown):
                await task
