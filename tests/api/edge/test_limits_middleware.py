"""The outermost layer: ids, bytes counted, headers on every answer."""

from __future__ import annotations

import asyncio
import uuid

import orjson
import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response

from service.api import problems
from service.api.edge.body_budget import SMALL_BODY_BYTES, BodyBudget
from service.api.edge.limits import REFUSAL, LimitsMiddleware
from service.errors import InvalidRequest, QueueFull, RequestTimeout
from tests.api.harness import receive_of, reply_of, scope_of

SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture
def app():
    """An application that counts its body, limited to ten bytes."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.post("/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    @app.get("/refused")
    async def refused() -> None:
        raise InvalidRequest("no")

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("secret of the house")

    @app.get("/own-policy")
    async def own_policy() -> Response:
        return Response("", headers={"Content-Security-Policy": "default-src 'self'"})

    problems.install(app)
    app.add_middleware(LimitsMiddleware, max_body_bytes=10)
    return app


@pytest.mark.parametrize("chunks", [[b"0123456789"], [b"01234", b"", b"56789"], [b""], []])
async def test_a_body_up_to_the_limit_passes(app, chunks):
    reply = await reply_of(app, scope_of(path="/length"), chunks)
    assert (reply.status, int(reply.body)) == (200, sum(map(len, chunks)))


@pytest.mark.parametrize("chunks", [[b"0123456789x"], [b"0123456789", b"x"], [b"x"] * 11])
async def test_a_body_over_the_limit_is_refused_however_it_comes(app, chunks):
    reply = await reply_of(app, scope_of(path="/length"), chunks)
    assert reply.status == 413
    document = orjson.loads(reply.body)
    assert document["type"] == "/problems/body-too-large"
    assert "10 bytes" in document["detail"]
    assert reply.headers["connection"] == "close"


async def test_no_more_is_read_once_the_limit_is_passed(app):
    reply = await reply_of(app, scope_of(path="/length"), [b"x" * 6] * 100)
    assert (reply.status, reply.received) == (413, 2)


@pytest.mark.parametrize("length", ["11", "99999999999999999999"])
async def test_a_body_declared_over_the_limit_is_refused_unread(app, length):
    scope = scope_of(path="/length", headers={"Content-Length": length})
    reply = await reply_of(app, scope, [b"x"] * 11)
    assert (reply.status, reply.received) == (413, 0)
    assert reply.headers["content-type"] == "application/problem+json"


async def test_a_length_of_more_digits_than_python_reads_is_over_the_limit(app):
    scope = scope_of(path="/length", headers={"Content-Length": "9" * 5000})
    assert (await reply_of(app, scope, [b"x"])).status == 413


@pytest.mark.parametrize("length", ["2", "-5", "many", "", "1e9", "\xb2"])
async def test_a_false_declaration_does_not_help_a_body_past_the_limit(app, length):
    scope = scope_of(path="/length", headers={"Content-Length": length})
    assert (await reply_of(app, scope, [b"x" * 11])).status == 413


@pytest.mark.parametrize("offered", ["a", "7f3c-11", "a/b+c=d.e_f:g", "x" * 128])
async def test_a_sound_request_id_is_kept(app, offered):
    scope = scope_of(path="/nowhere", headers={"X-Request-ID": offered})
    reply = await reply_of(app, scope)
    assert reply.headers["x-request-id"] == offered
    assert orjson.loads(reply.body)["request_id"] == offered


@pytest.mark.parametrize(
    "offered", [None, "", "x" * 129, "a b", "a\n", 'a"b', "<script>", "\xe4", "a,b", "a;b"]
)
async def test_an_unsound_request_id_is_replaced_by_a_new_one(app, offered):
    headers = {} if offered is None else {"X-Request-ID": offered}
    first = await reply_of(app, scope_of(path="/nowhere", headers=headers))
    second = await reply_of(app, scope_of(path="/nowhere", headers=headers))
    ids = [reply.headers["x-request-id"] for reply in (first, second)]
    assert str(uuid.UUID(ids[0])) == ids[0]
    assert ids[0] != ids[1]
    assert orjson.loads(first.body)["request_id"] == ids[0]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/length", 200),
        ("GET", "/length", 405),
        ("GET", "/nowhere", 404),
        ("GET", "/refused", 422),
    ],
)
async def test_every_answer_carries_the_headers_of_safety(app, method, path, status):
    reply = await reply_of(app, scope_of(method, path))
    assert reply.status == status
    assert SECURITY.items() <= dict(reply.headers).items()
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_refusal_by_the_middleware_itself_carries_them_too(app):
    reply = await reply_of(app, scope_of(headers={"Content-Length": "11"}))
    assert reply.status == 413
    assert SECURITY.items() <= dict(reply.headers).items()
    assert reply.headers["x-request-id"]


async def test_the_answer_to_a_fault_carries_them_too(app):
    scope, replies = scope_of("GET", "/broken", headers={"X-Request-ID": "abc"}), []

    async def application(scope, receive, send):
        async def send_noted(message):
            replies.append(message)
            await send(message)

        await app(scope, receive, send_noted)

    with pytest.raises(RuntimeError):
        await reply_of(application, scope)
    headers = {name.decode(): value.decode() for name, value in replies[0]["headers"]}
    assert replies[0]["status"] == 500
    assert headers.get("x-request-id") == "abc"
    assert SECURITY.items() <= headers.items()


async def test_a_page_may_have_a_content_policy_of_its_own(app):
    reply = await reply_of(app, scope_of("GET", "/own-policy"))
    assert reply.headers["content-security-policy"] == "default-src 'self'"


async def test_what_is_not_http_passes_untouched():
    seen = []

    async def inner(scope, receive, send):
        seen.append(scope)

    scope = {"type": "lifespan"}
    await LimitsMiddleware(inner, max_body_bytes=1)(scope, None, None)
    assert seen == [{"type": "lifespan"}]


async def test_what_the_server_refused_is_answered_and_never_reaches_the_application(app):
    scope = scope_of(path="/length", headers={"X-Request-ID": "abc"})
    scope["state"][REFUSAL] = RequestTimeout("too slow")
    reply = await reply_of(app, scope, [b"0123"])
    assert (reply.status, reply.received) == (408, 0)
    assert orjson.loads(reply.body)["detail"] == "too slow"
    assert reply.headers["x-request-id"] == "abc"
    assert SECURITY.items() <= dict(reply.headers).items()


class Holding:
    """An application that reads its body, and then holds it until it is told to let go."""

    def __init__(self):
        self.read = asyncio.Event()
        self.let_go = asyncio.Event()

    async def __call__(self, scope, receive, send):
        more = True
        while more:
            more = (await receive())["more_body"]
        self.read.set()
        await self.let_go.wait()
        await Response("done")(scope, receive, send)


# Larger than a body that is let in at any time.
LARGE = SMALL_BODY_BYTES + 1


def budgeted(app, large_bodies):
    """The application with room for so many large bodies at once."""
    limit = large_bodies * LARGE
    return LimitsMiddleware(app, max_body_bytes=limit, max_buffered_bytes=limit)


@pytest.mark.parametrize("headers", [{}, {"Content-Length": str(2 * LARGE)}])
async def test_bodies_held_at_once_have_one_limit_which_is_free_again_when_they_are_done(headers):
    app = Holding()
    served = budgeted(app, large_bodies=3)
    holding = asyncio.create_task(reply_of(served, scope_of(), [b"x" * LARGE, b"x" * LARGE]))
    await app.read.wait()
    reply = await reply_of(served, scope_of(headers=headers), [b"x" * LARGE, b"x" * LARGE])
    assert (reply.status, orjson.loads(reply.body)["type"]) == (503, "/problems/queue-full")
    assert int(reply.headers["retry-after"]) > 0
    assert reply.received == (0 if headers else 2)
    fitting = asyncio.create_task(reply_of(served, scope_of(), [b"x" * LARGE]))
    await asyncio.sleep(0)
    app.let_go.set()
    assert [(await task).status for task in (holding, fitting)] == [200, 200]
    assert (await reply_of(served, scope_of(), [b"x" * 3 * LARGE])).status == 200


async def test_small_bodies_are_let_in_where_large_ones_have_taken_everything():
    app = Holding()
    served = budgeted(app, large_bodies=1)
    holding = asyncio.create_task(reply_of(served, scope_of(), [b"x" * LARGE]))
    await app.read.wait()
    small = asyncio.create_task(reply_of(served, scope_of(), [b"x" * SMALL_BODY_BYTES]))
    large = await reply_of(served, scope_of(), [b"x" * SMALL_BODY_BYTES, b"x"])
    assert (large.status, large.received) == (503, 2)
    app.let_go.set()
    assert [(await task).status for task in (holding, small)] == [200, 200]


async def test_what_a_request_held_is_free_again_however_it_ended():
    async def failing(scope, receive, send):
        await receive()
        raise RuntimeError("broken")

    served = budgeted(failing, large_bodies=1)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            await reply_of(served, scope_of(), [b"x" * LARGE])


async def test_an_answer_counts_until_it_was_taken():
    taken = asyncio.Event()

    async def send_slowly(message):
        # As a server does: it takes a body at once, and waits with the message after it.
        if message["type"] == "http.response.body" and not message.get("body"):
            await taken.wait()

    served = budgeted(Response(b"x" * LARGE), large_bodies=1)
    answering = asyncio.create_task(served(scope_of("GET"), receive_of([]), send_slowly))
    await asyncio.sleep(0)
    request = {"headers": {"Content-Length": str(LARGE)}}
    assert (await reply_of(served, scope_of(**request), [b"x" * LARGE])).status == 503
    taken.set()
    await answering
    answered = await reply_of(served, scope_of(**request), [b"x" * LARGE])
    assert (answered.status, answered.body) == (200, b"x" * LARGE)


def test_a_share_gives_back_what_it_took_and_what_it_held():
    budget = BodyBudget(LARGE)
    with budget.share() as share:
        share.take(LARGE)
        with pytest.raises(QueueFull):
            share.take(1)
        share.hold(5)
        assert budget.held_bytes == LARGE + 5
    assert budget.held_bytes == 0
