import asyncio
import logging
import os
from pathlib import Path

import pytest

from service.errors import ERRORS, FieldFault, InternalError, OutOfMemory

MEBIBYTE = 2**20


@pytest.mark.parametrize("size", [0, 1, 1000, MEBIBYTE + 1, 20 * MEBIBYTE])
async def test_parts_and_bodies_of_any_size_come_back_bit_for_bit(open_pool, jobs, size):
    data = os.urandom(size)
    async with open_pool(workers=1) as pool:
        answer = await pool.run(jobs.echo, {"head": b"abc", "data": data}, depth=8)
    assert answer.body == b"abc" + data
    assert answer.facts == {"names": ["head", "data"], "arguments": {"depth": 8}}
    assert 0 <= answer.queue_seconds < 20


async def test_a_job_may_have_no_parts_at_all(open_pool, jobs):
    async with open_pool(workers=1) as pool:
        answer = await pool.run(jobs.echo, {})
    assert (answer.facts["names"], answer.body) == ([], b"")


async def test_nothing_of_a_larger_job_shows_in_the_next(open_pool, jobs):
    async with open_pool(workers=1) as pool:
        sizes = [100_000, 3, 0, 70 * MEBIBYTE, 5]
        for number, size in enumerate(sizes):
            data = bytes([number + 1]) * size
            assert (await pool.run(jobs.echo, {"data": data})).body == data


async def test_the_memory_of_a_huge_job_is_given_back(open_pool, jobs):
    async with open_pool(workers=1) as pool:
        await pool.run(jobs.echo, {"data": bytes(70 * MEBIBYTE)})
        worker = pool._slots[0].worker
        for file in (worker._inbox, worker._outbox):
            assert os.fstat(file.descriptor).st_size == 0


async def test_empty_parts_stand_among_the_others(open_pool, jobs):
    async with open_pool(workers=1) as pool:
        answer = await pool.run(jobs.echo, {"a": b"", "b": b"123", "c": b""})
    assert (answer.facts["names"], answer.body) == (["a", "b", "c"], b"123")


async def test_parts_are_read_only_and_aligned(open_pool, jobs):
    async with open_pool(workers=1) as pool:
        answer = await pool.run(jobs.offsets_from_alignment, {"a": b"123", "b": b"4567"})
        assert answer.facts["remainders"] == [0, 0]
        with pytest.raises(InternalError):
            await pool.run(jobs.write_to_part, {"data": b"123"})


async def test_jobs_start_in_the_order_of_their_submission(open_pool, jobs, tmp_path):
    path = tmp_path / "order"
    async with open_pool(workers=1, queue_limit=30) as pool:
        await asyncio.gather(
            *(pool.run(jobs.note, {}, path=str(path), number=n, seconds=0) for n in range(30))
        )
    assert path.read_text().split() == [str(n) for n in range(30)]


@pytest.mark.parametrize("code", ERRORS)
async def test_an_error_of_the_service_comes_back_as_itself(shared_pool, jobs, code):
    with pytest.raises(ERRORS[code]) as caught:
        await shared_pool.run(jobs.raise_service_error, {}, code=code)
    assert type(caught.value) is ERRORS[code]
    assert caught.value.detail == "What was wrong."
    assert caught.value.faults == (FieldFault("/kernel/values/0", "It is wrong."),)


UNEXPECTED = [
    ("raise_unexpected", "ZeroDivisionError"),
    ("recurse", "RecursionError"),
    ("raise_lone_surrogate", "ValueError"),
    ("refuse_with_lone_surrogate", "TypeError"),
    ("unencodable_facts", "TypeError"),
    ("no_body", "TypeError"),
    ("not_a_pair", "TypeError"),
    ("reversed_view", "TypeError"),
]


@pytest.mark.parametrize(("name", "logged"), UNEXPECTED)
async def test_an_unexpected_exception_is_logged_and_told_neutrally(
    shared_pool, jobs, caplog, name, logged
):
    before = {slot.worker.pid for slot in shared_pool._slots}
    with caplog.at_level(logging.ERROR, "service.workers"), pytest.raises(InternalError) as caught:
        await shared_pool.run(getattr(jobs, name), {"data": b"abc"})
    assert logged in caplog.text
    assert name in caplog.text
    assert logged not in caught.value.detail
    assert "secret" not in caught.value.detail
    assert {slot.worker.pid for slot in shared_pool._slots} == before


@pytest.mark.parametrize("name", ["take_memory", "fail_to_map", "opencv_memory"])
async def test_a_job_without_memory_is_told_so_and_its_worker_replaced(
    open_pool, jobs, name, until
):
    async with open_pool(workers=1, worker_memory_bytes=2**30) as pool:
        before = pool._slots[0].worker.pid
        with pytest.raises(OutOfMemory):
            await pool.run(getattr(jobs, name), {})
        assert (await pool.run(jobs.pid, {})).facts["pid"] != before
        assert pool.statistics().restarts == 1


async def test_the_memory_limit_is_the_one_asked_for(open_pool, jobs):
    async with open_pool(workers=1, worker_memory_bytes=2**30) as pool:
        limits = limits_of(pool._slots[0].worker.pid)
    line = next(line for line in limits.splitlines() if line.startswith("Max address space"))
    assert line.split()[3:5] == [str(2**30)] * 2


def limits_of(pid):
    return Path(f"/proc/{pid}/limits").read_text()


async def test_a_job_alone_takes_the_threads_of_idle_workers_too_and_one_among_many_its_own(
    open_pool, jobs, until
):
    async with open_pool(workers=3, preload=("cv2",), threads_per_worker=2) as pool:
        told = []
        for running in range(1, 4):
            job = asyncio.create_task(pool.run(jobs.threads_to_take, {}, seconds=0.3))
            told.append(job)
            await until(lambda running=running: pool.statistics().running == running)
        taken = [(await job).facts for job in told]
        assert taken == [{"opencv": 1, "own": count} for count in (6, 3, 2)]


async def test_a_job_has_its_own_threads_where_express_workers_run_too(open_pool, jobs, until):
    async with open_pool(workers=1, express_workers=1, preload=("cv2",)) as pool:
        first = asyncio.create_task(pool.run(jobs.sleep, {}, seconds=0.3))
        await until(lambda: pool.statistics().running == 1)
        assert (await pool.run(jobs.threads_to_take, {})).facts == {"opencv": 1, "own": 1}
        await first


async def test_blas_has_one_thread_of_its_own(open_pool, jobs):
    async with open_pool(workers=1, threads_per_worker=3) as pool:
        variables = (await pool.run(jobs.environment, {})).facts
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        assert variables[name] == "1"


async def test_a_function_that_a_worker_cannot_import_is_refused(open_pool):
    def local(parts):
        return {}, b""

    async with open_pool(workers=1) as pool:
        with pytest.raises(ValueError, match="import"):
            await pool.run(local, {})


async def test_arguments_that_are_not_json_are_the_programmers_fault(open_pool, jobs):
    async with open_pool(workers=1) as pool:
        with pytest.raises(TypeError):
            await pool.run(jobs.echo, {}, bad=object())
        assert pool.statistics().running == 0


async def test_the_event_loop_goes_on_while_jobs_run(open_pool, jobs):
    async with open_pool(workers=1) as pool:
        running = asyncio.create_task(pool.run(jobs.sleep, {}, seconds=0.3))
        turns = 0
        while not running.done():
            await asyncio.sleep(0.001)
            turns += 1
        assert turns > 20
        await running


async def test_a_worker_starts_whatever_the_current_folder_holds(
    open_pool, jobs, tmp_path, monkeypatch
):
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "__init__.py").write_text("raise ImportError('the wrong one')")
    monkeypatch.chdir(tmp_path)
    async with open_pool(workers=1) as pool:
        assert (await pool.run(jobs.echo, {"data": b"here"})).body == b"here"
