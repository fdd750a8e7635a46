"""What Prometheus is told."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from service.api import problems
from service.api.edge.limits import LimitsMiddleware
from service.api.observing.metrics import Metrics
from service.api.problems import PROBLEMS
from service.api.routes.health import metrics_router
from service.workers import PoolStatistics
from service.workers.jobs import Lane
from service.workers.statistics import Rejection, Restart
from tests.api.harness import reply_of, scope_of
from tests.api.observing.observed import JOB, observed_app, record_of

STATISTICS = PoolStatistics(
    workers_by_lane={Lane.ORDINARY: 2, Lane.EXPRESS: 1},
    running=3,
    waiting_by_lane={Lane.ORDINARY: 5, Lane.EXPRESS: 4},
    done=17,
    timeouts=11,
    restarts_by_reason={reason: count for count, reason in enumerate(Restart, 20)},
    rejections_by_reason={reason: count for count, reason in enumerate(Rejection, 40)},
)


@pytest.fixture
def metrics():
    return Metrics(lambda: STATISTICS, "1.2.3")


def samples_of(metrics):
    """Each sample by its name and labels, as Prometheus reads them."""
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value_of(metrics, name, **labels):
    return samples_of(metrics)[(f"convolution_{name}", *sorted(labels.items()))]


def test_requests_are_counted_by_route_method_and_status(metrics):
    for status in (200, 200, 422):
        metrics.begin()
        metrics.end(record_of(status=status))
    labels = {"route": "/v1/images/convolve", "method": "POST"}
    assert value_of(metrics, "requests_total", status="200", **labels) == 2
    assert value_of(metrics, "requests_total", status="422", **labels) == 1
    assert value_of(metrics, "request_duration_seconds_sum", route=labels["route"]) == 3 * 0.75


def test_bytes_stages_and_work_are_summed(metrics):
    for _ in range(2):
        metrics.begin()
        metrics.end(record_of(jobs=[JOB]))
    assert value_of(metrics, "request_body_bytes_total") == 20
    assert value_of(metrics, "response_body_bytes_total") == 6
    assert value_of(metrics, "multiply_adds_total") == 2 * JOB.multiply_adds
    for stage, seconds in JOB.stages.items():
        assert value_of(metrics, "stage_duration_seconds_sum", stage=stage) == 2 * seconds
        assert value_of(metrics, "stage_duration_seconds_count", stage=stage) == 2


def test_requests_in_flight_are_those_that_have_not_ended(metrics):
    metrics.begin()
    metrics.begin()
    metrics.end(record_of())
    assert value_of(metrics, "requests_in_flight") == 1


@pytest.mark.parametrize("problem", PROBLEMS)
def test_refusals_are_counted_by_their_problem(metrics, problem):
    metrics.begin()
    metrics.end(record_of(status=PROBLEMS[problem].status, problem=problem))
    assert value_of(metrics, "problems_total", problem=problem) == 1


def test_the_pool_is_read_at_each_scrape():
    now = [STATISTICS]
    metrics = Metrics(lambda: now[0], "1")
    assert value_of(metrics, "jobs_running") == 3
    assert value_of(metrics, "jobs_done_total") == 17
    assert value_of(metrics, "job_timeouts_total") == 11
    now[0] = replace(STATISTICS, running=2, timeouts=12)
    assert value_of(metrics, "jobs_running") == 2
    assert value_of(metrics, "job_timeouts_total") == 12


@pytest.mark.parametrize("lane", Lane)
def test_the_pool_is_told_by_lane(metrics, lane):
    assert value_of(metrics, "workers", lane=lane) == STATISTICS.workers_by_lane[lane]
    assert value_of(metrics, "jobs_waiting", lane=lane) == STATISTICS.waiting_by_lane[lane]


@pytest.mark.parametrize("reason", Restart)
def test_restarts_are_told_by_reason(metrics, reason):
    told = value_of(metrics, "worker_restarts_total", reason=reason)
    assert told == STATISTICS.restarts_by_reason[reason]


@pytest.mark.parametrize("reason", Rejection)
def test_rejections_are_told_by_reason(metrics, reason):
    told = value_of(metrics, "job_rejections_total", reason=reason)
    assert told == STATISTICS.rejections_by_reason[reason]


def test_the_version_and_the_process_are_told(metrics):
    assert value_of(metrics, "info", version="1.2.3") == 1
    assert samples_of(metrics)[("process_resident_memory_bytes",)] > 1e6


def test_two_services_in_one_process_count_apart(metrics):
    metrics.begin()
    assert value_of(Metrics(lambda: STATISTICS, "1"), "requests_in_flight") == 0


async def test_no_label_takes_what_a_caller_chooses(metrics):
    app = observed_app(metrics)
    await reply_of(app, scope_of("GET", "/nowhere"))
    await reply_of(app, scope_of("GET", "/names/first"))
    before = set(samples_of(metrics))
    for number in range(50):
        await reply_of(app, scope_of("GET", f"/nowhere/{number}", query=f"q={number}"))
        await reply_of(app, scope_of("GET", f"/names/n{number}"))
    assert set(samples_of(metrics)) == before
    labels = {"route": "unmatched", "method": "GET", "status": "404"}
    assert value_of(metrics, "requests_total", **labels) == 51


async def test_the_endpoint_answers_in_prometheus_format_with_the_headers_of_safety(metrics):
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(metrics_router(metrics))
    problems.install(app)
    app.add_middleware(LimitsMiddleware, max_body_bytes=0)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        answer = await client.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-request-id"]
        assert list(text_string_to_metric_families(answer.text))
        refused = await client.get("/metrics?name[]=up")
        assert refused.json()["type"] == "/problems/invalid-request"
