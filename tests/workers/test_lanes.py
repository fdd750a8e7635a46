import asyncio
import os
from pathlib import Path

import pytest

from service.errors import QueueFull
from service.workers.jobs import Lane
from service.workers.queue import EXPRESS_TURNS

SMALL = {"data": b"0123456789"}
LARGE = {"data": b"0123456789a"}
LANES = {"express_workers": 1, "express_bytes": 10}


def workers_of(pool, lane):
    return {slot.worker.pid for slot in pool._slots if slot.lane is lane}


async def busy(pool, jobs, until, path):
    """Large jobs that occupy every ordinary worker until they are cancelled."""
    count = len(workers_of(pool, Lane.ORDINARY))
    paths = [Path(f"{path}{number}") for number in range(count)]
    tasks = [asyncio.create_task(pool.run(jobs.spin, LARGE, path=str(each))) for each in paths]
    await until(lambda: all(each.exists() for each in paths))
    return tasks


async def test_small_jobs_are_done_while_large_ones_hold_every_ordinary_worker(
    open_pool, jobs, until, tmp_path
):
    async with open_pool(workers=2, **LANES) as pool:
        large = await busy(pool, jobs, until, tmp_path / "spins")
        (express,) = workers_of(pool, Lane.EXPRESS)
        for _ in range(20):
            assert (await pool.run(jobs.pid, SMALL)).facts["pid"] == express
        assert not any(task.done() for task in large)
        for task in large:
            task.cancel()


async def test_a_large_job_waits_for_an_ordinary_worker_though_the_express_one_is_free(
    open_pool, jobs, until, tmp_path
):
    async with open_pool(workers=1, **LANES) as pool:
        (running,) = await busy(pool, jobs, until, tmp_path / "spins")
        waiting = asyncio.create_task(pool.run(jobs.pid, LARGE))
        (express,) = workers_of(pool, Lane.EXPRESS)
        await pool.run(jobs.pid, SMALL)
        assert pool.statistics().waiting_by_lane == {"ordinary": 1, "express": 0}
        running.cancel()
        assert (await waiting).facts["pid"] != express


async def test_a_small_job_takes_a_free_ordinary_worker_and_leaves_the_express_one(open_pool, jobs):
    async with open_pool(workers=1, **LANES) as pool:
        (express,) = workers_of(pool, Lane.EXPRESS)
        for _ in range(5):
            assert (await pool.run(jobs.pid, SMALL)).facts["pid"] != express


async def test_the_worker_that_worked_last_takes_the_next_job(open_pool, jobs):
    async with open_pool(workers=3) as pool:
        first = (await pool.run(jobs.pid, LARGE)).facts["pid"]
        for _ in range(5):
            assert (await pool.run(jobs.pid, LARGE)).facts["pid"] == first


async def test_the_parts_together_say_how_large_a_job_is(open_pool, jobs, until, tmp_path):
    async with open_pool(workers=1, **LANES) as pool:
        await busy(pool, jobs, until, tmp_path / "spins")
        assert (await pool.run(jobs.echo, {"a": b"01234", "b": b"56789"})).body == b"0123456789"
        waiting = asyncio.create_task(pool.run(jobs.echo, {"a": b"01234", "b": b"567890"}))
        await until(lambda: pool.statistics().waiting_by_lane["ordinary"] == 1)
        waiting.cancel()


async def test_an_ordinary_worker_takes_a_few_small_jobs_for_each_large_one(
    open_pool, jobs, until, tmp_path
):
    path = tmp_path / "order"
    async with open_pool(workers=1, queue_limit=20, express_bytes=10) as pool:
        first = asyncio.create_task(pool.run(jobs.sleep, LARGE, seconds=0.3))
        await until(lambda: pool.statistics().running == 1)
        large = [f"large{number}" for number in range(3)]
        small = [f"small{number}" for number in range(2 * EXPRESS_TURNS + 1)]
        await asyncio.gather(
            first,
            *(pool.run(jobs.note, LARGE, path=str(path), number=n, seconds=0) for n in large),
            *(pool.run(jobs.note, SMALL, path=str(path), number=n, seconds=0) for n in small),
        )
    turns = EXPRESS_TURNS
    expected = [
        *(*small[:turns], large[0]),
        *(*small[turns : 2 * turns], large[1]),
        *(small[-1], large[2]),
    ]
    assert path.read_text().split() == expected


async def test_each_lane_has_a_limit_of_its_own(open_pool, jobs, until, tmp_path):
    async with open_pool(workers=1, queue_limit=2, **LANES) as pool:
        (running,) = await busy(pool, jobs, until, tmp_path / "spins")
        waiting = [asyncio.create_task(pool.run(jobs.pid, LARGE)) for _ in range(2)]
        await until(lambda: pool.statistics().waiting == 2)
        with pytest.raises(QueueFull):
            await pool.run(jobs.pid, LARGE)
        small = [asyncio.create_task(pool.run(jobs.sleep, SMALL, seconds=0.2)) for _ in range(3)]
        await until(lambda: pool.statistics().waiting_by_lane["express"] == 2)
        with pytest.raises(QueueFull):
            await pool.run(jobs.pid, SMALL)
        await asyncio.gather(*small)
        running.cancel()
        await asyncio.gather(*waiting)
        assert pool.statistics().rejections_by_reason == {
            "queue_full_ordinary": 1,
            "queue_full_express": 1,
            "admission": 0,
            "shutting_down": 0,
        }
        assert pool.statistics().done == 5


async def test_a_free_express_worker_is_a_place_even_without_a_queue(
    open_pool, jobs, until, tmp_path
):
    async with open_pool(workers=1, queue_limit=0, **LANES) as pool:
        await busy(pool, jobs, until, tmp_path / "spins")
        assert (await pool.run(jobs.echo, SMALL)).body == SMALL["data"]
        with pytest.raises(QueueFull):
            await pool.run(jobs.echo, LARGE)


async def test_a_lost_express_worker_is_replaced_and_its_job_done(open_pool, jobs, until, tmp_path):
    async with open_pool(workers=1, **LANES) as pool:
        await busy(pool, jobs, until, tmp_path / "spins")
        (before,) = workers_of(pool, Lane.EXPRESS)
        path = str(tmp_path / "died")
        answer = await pool.run(jobs.die_once, SMALL, path=path, number=9)
        assert answer.body == SMALL["data"]
        assert answer.facts["pid"] != before
        assert workers_of(pool, Lane.EXPRESS) == {answer.facts["pid"]}


async def test_the_pool_is_ready_only_where_any_job_can_be_run(open_pool, until, without_healing):
    async with open_pool(workers=1, **LANES) as pool:
        (express,), (ordinary,) = (workers_of(pool, lane) for lane in Lane)
        with without_healing():
            os.kill(express, 9)
            await until(lambda: pool.statistics().workers_by_lane == {"ordinary": 1, "express": 0})
            assert pool.ready
        await until(lambda: pool.statistics().workers == 2)
        with without_healing():
            os.kill(ordinary, 9)
            await until(lambda: pool.statistics().workers_by_lane == {"ordinary": 0, "express": 1})
            assert not pool.ready
        await until(lambda: pool.ready)
