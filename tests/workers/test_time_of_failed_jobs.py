"""What a job that fails tells of the time that it took."""

import asyncio

import pytest

from service.errors import ERRORS, DeadlineExceeded, InternalError, ServiceError, ShuttingDown


async def failure_of(work):
    with pytest.raises(ServiceError) as caught:
        await work
    return caught.value


async def test_the_stages_up_to_the_fault_come_after_the_queue(open_pool, jobs):
    async with open_pool(workers=1) as pool:
        error = await failure_of(pool.run(jobs.fail_in_a_stage, {}))
    queue, *stages = error.milliseconds.items()
    assert queue[0] == "queue"
    assert queue[1] >= 0
    assert stages == [("decode", 1.5), ("plan", 0.25)]


@pytest.mark.parametrize("name", ["raise_unexpected", "recurse", "refuse"])
async def test_a_job_that_tells_no_stage_has_run(open_pool, jobs, name):
    async with open_pool(workers=1) as pool:
        error = await failure_of(pool.run(getattr(jobs, name), {}))
    assert list(error.milliseconds) == ["queue", "run"]
    assert error.milliseconds["run"] > 0


async def test_a_job_at_its_deadline_has_run_or_waited_until_then(open_pool, jobs):
    async with open_pool(workers=1, job_timeout_seconds=0.4) as pool:
        ran, waited = await asyncio.gather(
            *(failure_of(pool.run(jobs.sleep, {}, seconds=60)) for _ in range(2))
        )
    assert isinstance(ran, DeadlineExceeded)
    assert list(ran.milliseconds) == ["queue", "run"]
    assert sum(ran.milliseconds.values()) >= 390
    assert list(waited.milliseconds) == ["queue"]
    assert waited.milliseconds["queue"] >= 390


async def test_a_job_that_a_closed_pool_refuses_took_no_time(open_pool, jobs):
    async with open_pool(workers=1) as pool:
        await pool.close(0)
        error = await failure_of(pool.run(jobs.echo, {}))
    assert isinstance(error, ShuttingDown)
    assert error.milliseconds == {}


def test_the_time_crosses_the_boundary_of_a_process():
    error = InternalError("no")
    error.milliseconds = {"decode": 2}
    assert ServiceError.from_wire(error.to_wire()).milliseconds == {"decode": 2.0}


@pytest.mark.parametrize("nonsense", [None, 3, "text", [1], {"decode": "long"}, {"decode": None}])
def test_nonsense_for_the_time_is_an_error_that_a_worker_may_make(nonsense):
    data = {"code": next(iter(ERRORS)), "detail": "x", "faults": [], "milliseconds": nonsense}
    with pytest.raises((ValueError, TypeError)):
        ServiceError.from_wire(data)
