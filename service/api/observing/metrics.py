"""The service in numbers, for Prometheus: requests, stages, and the pool.

The registry is the object's own, so that two services in one process do not meet. No label
takes a value that a caller can choose: routes are templates, methods and problems are of a
fixed set, and a path that is none of ours counts as ``unmatched``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from service.api.observing.observation import Observer, RequestRecord
from service.workers import PoolStatistics

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST

# A small signal takes a millisecond, a job at its deadline half a minute.
_BUCKETS: Final = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)


# Each with its label's value, which is empty where there is no label.
_Values: TypeAlias = Iterable[tuple[str, float]]


@dataclass(frozen=True)
class _PoolMetric:
    """One number of the pool, or several told apart by ``label``.

    ``family`` says whether it is counted or measured.
    """

    name: str
    help: str
    family: type[CounterMetricFamily] | type[GaugeMetricFamily]
    values: Callable[[PoolStatistics], _Values]
    label: str | None = None


_POOL_METRICS: Final = (
    _PoolMetric(
        "convolution_workers",
        "Worker processes that are ready and alive.",
        GaugeMetricFamily,
        lambda pool: pool.workers_by_lane.items(),
        "lane",
    ),
    _PoolMetric(
        "convolution_jobs_running",
        "Jobs that a worker has.",
        GaugeMetricFamily,
        lambda pool: [("", pool.running)],
    ),
    _PoolMetric(
        "convolution_jobs_waiting",
        "Jobs in the queue.",
        GaugeMetricFamily,
        lambda pool: pool.waiting_by_lane.items(),
        "lane",
    ),
    _PoolMetric(
        "convolution_jobs_done",
        "Jobs that gave a result.",
        CounterMetricFamily,
        lambda pool: [("", pool.done)],
    ),
    _PoolMetric(
        "convolution_job_timeouts",
        "Jobs whose deadline passed.",
        CounterMetricFamily,
        lambda pool: [("", pool.timeouts)],
    ),
    _PoolMetric(
        "convolution_job_rejections",
        "Jobs refused before they waited.",
        CounterMetricFamily,
        lambda pool: pool.rejections_by_reason.items(),
        "reason",
    ),
    _PoolMetric(
        "convolution_worker_restarts",
        "Worker processes started in place of another.",
        CounterMetricFamily,
        lambda pool: pool.restarts_by_reason.items(),
        "reason",
    ),
)


class Metrics(Observer):
    """Counts requests as they end, and reads the pool when asked."""

    def __init__(self, statistics: Callable[[], PoolStatistics], version: str) -> None:
        registry = self._registry = CollectorRegistry()
        requests = Counter(
            "convolution_requests",
            "Requests answered.",
            ("route", "method", "status"),
            registry=registry,
        )
        self._in_flight = Gauge(
            "convolution_requests_in_flight", "Requests being answered.", registry=registry
        )
        seconds = Histogram(
            "convolution_request_duration_seconds",
            "From the request's headers to the last byte of its answer.",
            ("route",),
            buckets=_BUCKETS,
            registry=registry,
        )
        stage_seconds = Histogram(
            "convolution_stage_duration_seconds",
            "Time of a job in the queue and in each of its stages.",
            ("stage",),
            buckets=_BUCKETS,
            registry=registry,
        )
        problems = Counter(
            "convolution_problems",
            "Requests answered with an error, by the last part of its type.",
            ("problem",),
            registry=registry,
        )
        self._bytes_in = Counter(
            "convolution_request_body_bytes", "Bytes of bodies received.", registry=registry
        )
        self._bytes_out = Counter(
            "convolution_response_body_bytes", "Bytes of bodies sent.", registry=registry
        )
        self._multiply_adds = Counter(
            "convolution_multiply_adds",
            "Multiply-adds of the jobs that were done, as planned.",
            registry=registry,
        )
        # The values of labels are few, and looking one up takes longer than counting.
        self._requests = cache(requests.labels)
        self._seconds = cache(seconds.labels)
        self._stage_seconds = cache(stage_seconds.labels)
        self._problems = cache(problems.labels)
        Info("convolution", "What is running.", registry=registry).info({"version": version})
        registry.register(_PoolCollector(statistics))
        ProcessCollector(registry=registry)

    def begin(self) -> None:
        """A request more is in flight."""
        self._in_flight.inc()

    def end(self, record: RequestRecord) -> None:
        """Count what became of it."""
        self._in_flight.dec()
        self._requests(record.route, record.method, record.status).inc()
        self._seconds(record.route).observe(record.seconds)
        self._bytes_in.inc(record.bytes_in)
        self._bytes_out.inc(record.bytes_out)
        if record.problem is not None:
            self._problems(record.problem).inc()
        for job in record.jobs:
            self._multiply_adds.inc(job.multiply_adds)
            for stage, seconds in job.stages.items():
                self._stage_seconds(stage).observe(seconds)

    def exposition(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self._registry)


class _PoolCollector(Collector):
    """The pool's own numbers, read at each scrape."""

    def __init__(self, statistics: Callable[[], PoolStatistics]) -> None:
        self._statistics = statistics

    def collect(self) -> Iterator[Metric]:
        """One family of metrics for each number."""
        now = self._statistics()
        for metric in _POOL_METRICS:
            labels = [metric.label] if metric.label else []
            family = metric.family(metric.name, metric.help, labels=labels)
            for value_of_label, value in metric.values(now):
                family.add_metric([value_of_label] if labels else [], value)
            yield family
