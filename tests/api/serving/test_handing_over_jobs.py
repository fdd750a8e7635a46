"""From a request to the pool and back, with a pool that only pretends."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import pytest
from starlette.requests import ClientDisconnect, Request

from service.api.serving.asking import read_asking, written
from service.api.serving.jobs import Jobs, answer_response, check_query, media_type_of
from service.errors import BodyTooLarge, InvalidRequest, NotAcceptable, QueueFull, ShuttingDown
from service.formats.table import FORMATS, Subject
from service.pipelines.limits import Limits
from service.workers import JobAnswer
from tests.api.harness import request_of, scope_of

LIMITS = Limits(1, 2, 3, 4, 5, 6.0)
ANSWER = JobAnswer({"plan": "direct", "milliseconds": {"decode": 1.5}}, b"body", 0.25)


class PretendedPool:
    """Answers when it is told to; remembers what it was asked and whether it was cancelled."""

    def __init__(self, outcome=None):
        self.outcome = outcome
        self.asked = None
        self.started = asyncio.Event()
        self.cancelled = False

    async def run(self, job, parts, **arguments):
        self.asked = (job, parts, arguments)
        self.started.set()
        try:
            if self.outcome is None:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def connected(gone: asyncio.Event | None = None) -> Request:
    """A request whose client stays until ``gone`` is set."""

    async def receive():
        await (gone or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    return Request(scope_of(), receive)


def a_job():
    """What the pool is asked to run; it never does."""


def an_estimate(parts, **arguments):
    raise NotImplementedError("it runs in a worker alone")


async def test_a_job_is_given_its_arguments_and_the_limits_and_gives_its_answer():
    pool = PretendedPool(ANSWER)
    parts = {"image": b"..."}
    answer = await Jobs(pool, LIMITS).run(connected(), a_job, parts, an_estimate, output="png")
    assert answer is ANSWER
    arguments = {"admission": an_estimate, "limits": asdict(LIMITS), "output": "png"}
    assert pool.asked == (a_job, parts, arguments)


async def test_what_the_pool_raises_reaches_the_caller():
    with pytest.raises(QueueFull):
        await Jobs(PretendedPool(QueueFull("full")), LIMITS).run(connected(), a_job, {})


async def test_the_stages_of_a_job_are_on_the_record_of_its_request_whatever_came_of_it():
    failure = InvalidRequest("no")
    failure.milliseconds = {"queue": 1.0, "decode": 2.0}
    done, failed, refused = connected(), connected(), connected()
    await Jobs(PretendedPool(ANSWER), LIMITS).run(done, a_job, {})
    for request, error in ((failed, failure), (refused, QueueFull("full"))):
        with pytest.raises(type(error)):
            await Jobs(PretendedPool(error), LIMITS).run(request, a_job, {})
    (job,) = done.state.jobs
    assert dict(job.stages) == {"queue": 0.25, "decode": 0.0015}
    (job,) = failed.state.jobs
    assert dict(job.stages) == {"queue": 0.001, "decode": 0.002}
    assert not hasattr(refused.state, "jobs")


async def test_a_client_that_goes_away_cancels_its_job():
    pool, gone = PretendedPool(), asyncio.Event()
    running = asyncio.ensure_future(Jobs(pool, LIMITS).run(connected(gone), a_job, {}))
    await pool.started.wait()
    assert not running.done()
    gone.set()
    with pytest.raises(ClientDisconnect):
        await running
    await asyncio.sleep(0)
    assert pool.cancelled


async def test_a_server_that_cancels_the_request_cancels_the_job():
    pool = PretendedPool()
    running = asyncio.ensure_future(Jobs(pool, LIMITS).run(connected(), a_job, {}))
    await pool.started.wait()
    running.cancel()
    with pytest.raises(ShuttingDown):
        await running
    await asyncio.sleep(0)
    assert pool.cancelled


async def test_nothing_is_left_running_after_an_answer():
    before = asyncio.all_tasks()
    await Jobs(PretendedPool(ANSWER), LIMITS).run(connected(), a_job, {})
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_a_body_that_nobody_asked_for_is_let_pass():
    pool = PretendedPool()
    running = asyncio.ensure_future(
        Jobs(pool, LIMITS).run(request_of([b"a", b"b", b""]), a_job, {})
    )
    with pytest.raises(ClientDisconnect):
        await running


async def test_a_body_over_the_limit_that_nobody_asked_for_is_too_large():
    async def receive():
        raise BodyTooLarge("a body may have at most 10 bytes")

    with pytest.raises(BodyTooLarge):
        await Jobs(PretendedPool(), LIMITS).run(Request(scope_of(), receive), a_job, {})


@pytest.mark.parametrize("output", FORMATS.values(), ids=lambda each: each.name)
def test_an_answer_is_sent_with_its_type_name_times_and_plan(output):
    response = answer_response(ANSWER, output, "convolved")
    assert response.body == b"body"
    assert response.headers["content-type"].partition(";")[0] == output.media_type
    name = f"convolved.{output.extensions[0]}"
    assert response.headers["content-disposition"] == f'inline; filename="{name}"'
    assert response.headers["vary"] == "Accept"
    assert response.headers["server-timing"] == "queue;dur=250.000, decode;dur=1.500"
    assert response.headers["convolution-plan"] == "direct"


def test_a_job_that_says_nothing_of_itself_is_answered_all_the_same():
    response = answer_response(JobAnswer({}, b"", 0.0), FORMATS["npy"], "kernel")
    assert "convolution-plan" not in response.headers
    assert response.headers["server-timing"] == "queue;dur=0.000"


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (None, ""),
        ("application/json", "application/json"),
        ("Application/JSON ; charset=utf-8", "application/json"),
    ],
)
def test_the_media_type_is_read_without_its_parameters(sent, kind):
    assert media_type_of(request_of(headers={} if sent is None else {"Content-Type": sent})) == kind


@pytest.mark.parametrize("query", ["", "format=png", "format=png&include=kernel", "format="])
def test_a_query_of_known_parameters_given_once_is_let_pass(query):
    check_query(request_of(query=query), ("format", "include"))


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ("fromat=png", ["/fromat"]),
        ("format=png&mode=same&x=1", ["/mode", "/x"]),
        ("format=png&format=png", ["/format"]),
        ("include=kernel&format=png&include=", ["/include"]),
        ("%3Cscript%3E=1", [""]),
    ],
)
def test_an_unknown_or_repeated_parameter_is_refused_and_what_is_known_listed(query, pointers):
    with pytest.raises(InvalidRequest, match="format, include") as caught:
        check_query(request_of(query=query), ("format", "include"))
    assert [fault.pointer for fault in caught.value.faults] == pointers
    assert "script" not in caught.value.detail


def test_a_repeated_name_is_not_echoed_where_it_is_none():
    with pytest.raises(InvalidRequest) as caught:
        check_query(request_of(query="%3Cscript%3E=1&%3Cscript%3E=2"), ())
    assert not any("script" in fault.pointer for fault in caught.value.faults)


def test_an_endpoint_without_parameters_says_so():
    with pytest.raises(InvalidRequest, match="takes none"):
        check_query(request_of(query="a=1"), ())


PICTURES = written(Subject.PICTURE)


@pytest.mark.parametrize(
    ("query", "form", "output", "include"),
    [
        ("", {}, "png", ()),
        ("format=tiff", {}, "tiff", ()),
        ("", {"format": b"webp"}, "webp", ()),
        ("format=json", {"include": b"kernel"}, "json", ("kernel",)),
        ("format=json&include=kernel", {}, "json", ("kernel",)),
    ],
)
def test_format_and_include_come_in_the_query_or_in_the_form(query, form, output, include):
    parts = {"image": b"..."} | form
    asking = read_asking(request_of(query=query), PICTURES, parts)
    assert (asking.output.name, asking.include) == (output, include)
    assert parts == {"image": b"..."}, "what was read here is no field of the specification"


@pytest.mark.parametrize(
    ("query", "form", "error", "pointer"),
    [
        ("format=png", {"format": b"png"}, InvalidRequest, "/format"),
        ("include=kernel", {"include": b"kernel"}, InvalidRequest, "/include"),
        ("include=everything", {}, InvalidRequest, "/include"),
        ("include=", {}, InvalidRequest, "/include"),
        ("include=kernel,secret", {}, InvalidRequest, "/include"),
        ("", {"format": b"\xff"}, InvalidRequest, "/format"),
        ("format=csv", {}, NotAcceptable, "/format"),
    ],
)
def test_what_can_not_be_asked_is_refused_at_its_pointer(query, form, error, pointer):
    with pytest.raises(error) as caught:
        read_asking(request_of(query=query), PICTURES, {"image": b"..."} | form)
    assert [fault.pointer for fault in caught.value.faults] == [pointer]
