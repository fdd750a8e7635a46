"""A pool of worker processes: so many jobs run, so many wait, and no fault costs more than one.

Everything that reads a caller's bytes runs in here, out of reach of the event loop.
"""

from service.workers.jobs import Buffer, JobAnswer
from service.workers.pool import Pool
from service.workers.settings import PoolSettings
from service.workers.statistics import PoolStatistics

__all__ = ["Buffer", "JobAnswer", "Pool", "PoolSettings", "PoolStatistics"]
