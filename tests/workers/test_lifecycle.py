import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.errors import ShuttingDown
from service.workers import Pool, PoolSettings

HERE = Path(__file__).parent


async def test_the_pool_is_ready_once_every_worker_is_warm(open_pool, jobs, until):
    async with open_pool(warm=False, preload=("preload_that_is_slow",)) as pool:
        assert not pool.ready
        assert pool.statistics().workers == 0
        answer = await pool.run(jobs.echo, {"data": b"early"})
        assert answer.body == b"early"
        assert answer.queue_seconds > 0.4  # it waited for the slow import
        await until(lambda: pool.ready)
        assert pool.statistics().workers == 2


async def test_the_pool_stays_ready_while_one_worker_of_two_is_replaced(
    open_pool, until, without_healing
):
    async with open_pool() as pool:
        with without_healing():
            os.kill(pool._slots[0].worker.pid, signal.SIGKILL)
            await until(lambda: pool.statistics().workers == 1)
            assert pool.ready


async def test_closing_finishes_what_runs_and_waits_and_takes_no_more(open_pool, jobs, until):
    async with open_pool(workers=1) as pool:
        accepted = [asyncio.create_task(pool.run(jobs.sleep, {}, seconds=0.2)) for _ in range(3)]
        await until(lambda: pool.statistics().waiting == 2)
        closing = asyncio.create_task(pool.close(10.0))
        await asyncio.sleep(0)
        assert not pool.ready
        with pytest.raises(ShuttingDown):
            await pool.run(jobs.pid, {})
        assert len(await asyncio.gather(*accepted)) == 3
        await closing


async def test_what_is_not_done_within_the_grace_is_told_so(
    open_pool, jobs, tmp_path, until, workers_alive
):
    spins = tmp_path / "spins"
    async with open_pool(workers=1) as pool:
        running = asyncio.create_task(pool.run(jobs.spin, {}, path=str(spins)))
        waiting = asyncio.create_task(pool.run(jobs.pid, {}))
        await until(spins.exists)
        await pool.close(0.1)
        assert workers_alive() == []
        for task in (running, waiting):
            with pytest.raises(ShuttingDown):
                await task


async def test_an_abandoned_job_does_not_hold_up_the_close(open_pool, jobs, tmp_path, until):
    spins = tmp_path / "spins"
    async with open_pool(workers=1, abandoned_grace_seconds=60.0) as pool:
        running = asyncio.create_task(pool.run(jobs.spin, {}, path=str(spins)))
        await until(spins.exists)
        running.cancel()
        async with asyncio.timeout(10):
            await pool.close(60.0)


async def test_a_pool_may_be_closed_while_it_imports(open_pool, servers_alive, until):
    async with open_pool(warm=False, preload=("preload_that_is_slow",)) as pool:
        await until(servers_alive)
        await pool.close(0.0)
        assert servers_alive() == []


async def test_a_pool_may_be_closed_twice_or_without_a_start():
    pool = Pool(PoolSettings(1, 0, 1.0, 0, 1))
    await pool.close(1.0)
    await pool.close(1.0)
    assert not pool.ready


async def test_closing_leaves_no_descriptor_open(open_pool, jobs):
    before = open_descriptors()
    async with open_pool() as pool:
        await pool.run(jobs.pid, {})
    assert open_descriptors() == before


def open_descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_workers_hold_four_descriptors_and_no_listening_socket(open_pool):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.set_inheritable(True)
        async with open_pool() as pool:
            for slot in pool._slots:
                assert_only_own_descriptors(slot.worker.pid, listener)


def assert_only_own_descriptors(pid, listener):
    ours = Path(f"/proc/self/fd/{listener.fileno()}").readlink()
    links = {int(fd.name): fd.readlink() for fd in Path(f"/proc/{pid}/fd").iterdir()}
    assert ours not in links.values()
    assert len([fd for fd in links if fd > 2]) == 4  # the fourth is for a crash's last words


async def test_an_interrupt_of_the_whole_group_does_not_end_a_worker(open_pool, jobs):
    async with open_pool(workers=1) as pool:
        pid = pool._slots[0].worker.pid
        running = asyncio.create_task(pool.run(jobs.sleep, {}, seconds=0.2))
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(pid, number)
        assert (await running).facts["pid"] == pid
        assert pool._slots[0].worker.pid == pid


def test_no_process_survives_a_killed_parent(tmp_path):
    spins = tmp_path / "spins"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1])])}
    command = [sys.executable, str(HERE / "pool_owner.py"), str(spins)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as owner:
        processes = [int(pid) for pid in owner.stdout.readline().split()]
        assert len(processes) == 4
        wait_until(spins.exists)
        assert all(is_alive(pid) for pid in processes)
        owner.kill()
    wait_until(lambda: not any(is_alive(pid) for pid in processes))


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)
