"""The outermost layer: ids, bytes counted, headers on every answer."""

from __future__ import annotations

import uuid

import orjson
import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response

from service.api import problems
from service.api.limits import LimitsMiddleware
from service.errors import InvalidRequest
from tests.api.harness import reply_of, scope_of

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
