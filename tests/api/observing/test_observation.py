"""What is put on record of a request, whichever way it ends."""

from __future__ import annotations

import asyncio

import pytest

from service.api.observing.observation import UNMATCHED, ObservationMiddleware
from tests.api.harness import reply_of, scope_of
from tests.api.observing.observed import Notebook, observed_app


@pytest.fixture
def notebook():
    return Notebook()


@pytest.fixture
def app(notebook):
    return observed_app(notebook)


async def test_an_answered_request_is_recorded_with_its_sizes_and_stages(app, notebook):
    headers = {"X-Request-ID": "mine", "traceparent": "a", "X-Other": "b"}
    await reply_of(app, scope_of("POST", "/job", headers=headers), [b"12345", b"67"])
    (record,) = notebook.records
    assert (record.request_id, record.method, record.route) == ("mine", "POST", "/job")
    assert (record.status, record.problem) == (200, None)
    assert (record.bytes_in, record.bytes_out) == (7, 3)
    assert record.stages == {"queue": 0.25, "decode": 0.0125, "encode": 0.125}
    assert record.jobs[0].multiply_adds == 6_000_000
    assert record.began <= record.jobs[0].ended <= record.began + record.seconds + 0.1
    assert record.trace_headers == {"traceparent": "a"}
    assert notebook.begun == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_route_is_its_template_and_a_head_request_has_it_too(app, notebook, method):
    await reply_of(app, scope_of(method, "/names/secret", query="also=secret"))
    (record,) = notebook.records
    assert (record.method, record.route) == (method, "/names/{name}")
    assert record.bytes_out == (4 if method == "GET" else 0)
    assert "secret" not in repr(record)


async def test_the_document_has_a_route_as_well(app, notebook):
    await reply_of(app, scope_of("GET", "/openapi.json"))
    assert notebook.records[0].route == "/openapi.json"


@pytest.mark.parametrize(
    ("scope", "route", "status", "problem"),
    [
        (scope_of("GET", "/full"), "/full", 503, "queue-full"),
        (scope_of("PUT", "/full"), "/full", 405, "method-not-allowed"),
        (scope_of("GET", "/gone"), "/gone", 499, None),
        (scope_of("GET", "/nowhere/17"), UNMATCHED, 404, "not-found"),
        (
            scope_of("POST", "/job", headers={"Content-Length": "1001"}),
            UNMATCHED,
            413,
            "body-too-large",
        ),
    ],
)
async def test_whoever_refuses_it_is_recorded_with_its_problem(
    app, notebook, scope, route, status, problem
):
    await reply_of(app, scope)
    (record,) = notebook.records
    assert (record.route, record.status, record.problem) == (route, status, problem)


async def test_a_job_that_failed_is_recorded_with_its_stages_up_to_there(app, notebook):
    await reply_of(app, scope_of("GET", "/failed"))
    (record,) = notebook.records
    assert (record.status, record.problem) == (503, "queue-full")
    (job,) = record.jobs
    assert (dict(job.stages), job.multiply_adds) == ({"queue": 0.002, "decode": 0.004}, 0)


async def test_a_fault_is_recorded_and_goes_on_to_the_servers_log(app, notebook):
    with pytest.raises(RuntimeError):
        await reply_of(app, scope_of("GET", "/broken"))
    (record,) = notebook.records
    assert (record.route, record.status, record.problem) == ("/broken", 500, "internal-error")


async def test_a_fault_outside_of_all_that_answers_is_one_as_well(notebook):
    async def broken(scope, receive, send):
        raise RuntimeError("before anything was sent")

    with pytest.raises(RuntimeError):
        await reply_of(ObservationMiddleware(broken, [notebook]), scope_of())
    assert notebook.records[0].status == 500


async def test_a_request_that_is_cancelled_is_recorded_as_left(notebook):
    async def endless(scope, receive, send):
        await asyncio.Event().wait()

    task = asyncio.create_task(reply_of(ObservationMiddleware(endless, [notebook]), scope_of()))
    await asyncio.sleep(0)
    assert (notebook.begun, notebook.records) == (1, [])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert notebook.records[0].status == 499


@pytest.mark.parametrize("method", ["FOO", "PROPFIND", "get"])
async def test_an_unusual_method_is_another_among_others(app, notebook, method):
    await reply_of(app, scope_of(method, "/full"))
    assert notebook.records[0].method == "other"


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("192.0.2.1", 5), "192.0.2.1"),
        (("2001:DB8::1", 5), "2001:db8::1"),
        (("evil\r\nline", 0), None),
        (None, None),
    ],
)
async def test_a_client_that_has_no_address_is_not_named(app, notebook, client, address):
    await reply_of(app, scope_of("GET", "/full") | {"client": client})
    assert notebook.records[0].client == address


async def test_what_is_not_http_is_not_recorded(notebook):
    seen = []

    async def inner(scope, receive, send):
        seen.append(scope["type"])

    await ObservationMiddleware(inner, [notebook])({"type": "lifespan"}, None, None)
    assert (seen, notebook.begun) == (["lifespan"], 0)
