"""A process with a pool, for tests that kill it: prints its processes, then waits."""

import asyncio
import sys

import jobs_for_tests

from service.workers import Pool, PoolSettings


async def main(path):
    pool = Pool(PoolSettings(2, 8, 60.0, 0, 1000))
    await pool.start()
    spinning = asyncio.create_task(pool.run(jobs_for_tests.spin, {}, path=path))
    while not pool.ready:  # noqa: ASYNC110 - the pool has no event for it
        await asyncio.sleep(0.01)
    workers = [slot.worker.pid for slot in pool._slots]
    print(pool._server._running._process.pid, *workers, flush=True)  # noqa: T201
    await spinning


asyncio.run(main(sys.argv[1]))
