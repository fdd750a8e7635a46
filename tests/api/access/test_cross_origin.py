"""Which pages of other origins may read the answers."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from service.api import problems
from service.api.access.cross_origin import (
    CrossOriginMiddleware,
    PreflightMiddleware,
    parse_origins,
)
from service.api.access.gate import AccessMiddleware
from service.api.access.keys import parse_keys
from service.api.edge.limits import LimitsMiddleware
from service.errors import InvalidRequest
from tests.api.harness import reply_of, scope_of

PAGE = "https://page.example"
OTHERS = ["https://other.example", "http://page.example", f"{PAGE}:8443", "null", "*", f"{PAGE}."]
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}


def application(origins, keys=""):
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/well")
    async def well() -> str:
        return "well"

    @app.get("/refused")
    async def refused() -> None:
        raise InvalidRequest.at("/kernel", "is empty")

    problems.install(app)
    app.add_middleware(AccessMiddleware, keys=parse_keys(keys), key_concurrency=1)
    app.add_middleware(PreflightMiddleware)
    app.add_middleware(LimitsMiddleware, max_body_bytes=10)
    app.add_middleware(CrossOriginMiddleware, origins=parse_origins(origins))
    return app


ENDS = {
    "an answer": (scope_of("GET", "/well"), 200),
    "a problem": (scope_of("GET", "/refused"), 422),
    "an unknown path": (scope_of("GET", "/nowhere"), 404),
    "a refusal by the limits": (scope_of(headers={"Content-Length": "11"}), 413),
}


def from_page(scope, origin):
    return {**scope, "headers": [*scope["headers"], (b"origin", origin.encode())], "state": {}}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("origins", [PAGE, f"https://a.example, {PAGE}"])
async def test_a_listed_page_may_read_every_answer(end, origins):
    scope, status = ENDS[end]
    reply = await reply_of(application(origins), from_page(scope, PAGE))
    assert reply.status == status
    assert reply.headers["access-control-allow-origin"] == PAGE
    assert "Origin" in reply.headers["vary"]
    exposed = reply.headers["access-control-expose-headers"]
    assert {"X-Request-ID", "Server-Timing", "Retry-After"} <= set(exposed.split(", "))
    assert "access-control-allow-credentials" not in reply.headers
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("origin", OTHERS)
async def test_another_page_may_not(origin):
    for scope in (scope_of("GET", "/well"), scope_of("OPTIONS", "/well", headers=PREFLIGHT)):
        reply = await reply_of(application(PAGE), from_page(scope, origin))
        assert "access-control-allow-origin" not in reply.headers
        assert "Origin" in reply.headers["vary"]


async def test_an_answer_without_a_page_says_that_it_depends_on_one():
    reply = await reply_of(application(PAGE), scope_of("GET", "/well"))
    assert "Origin" in reply.headers["vary"]
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("origin", [PAGE, "null"])
async def test_any_page_may_where_all_may(origin):
    reply = await reply_of(application("*"), from_page(scope_of("GET", "/well"), origin))
    assert reply.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("origins", [PAGE, "*"])
async def test_a_preflight_needs_no_key_and_allows_ours_to_be_sent(origins):
    app = application(origins, keys=f"shop:{'0' * 64}")
    reply = await reply_of(app, from_page(scope_of("OPTIONS", "/well", headers=PREFLIGHT), PAGE))
    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers["access-control-allow-origin"] in (PAGE, "*")
    assert "POST" in reply.headers["access-control-allow-methods"].split(", ")
    allowed = set(reply.headers["access-control-allow-headers"].lower().split(", "))
    assert {"authorization", "x-api-key", "content-type", "x-request-id"} <= allowed
    assert reply.headers["x-request-id"]
    assert reply.headers["x-content-type-options"] == "nosniff"
    refused = await reply_of(app, from_page(scope_of("GET", "/well"), PAGE))
    assert refused.status == 401
    assert "access-control-allow-origin" in refused.headers


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": PAGE}, {"Access-Control-Request-Method": "POST"}]
)
async def test_what_is_no_preflight_goes_on(headers):
    reply = await reply_of(application(PAGE), scope_of("OPTIONS", "/well", headers=headers))
    assert reply.status == 405


async def test_what_is_not_http_passes_both_layers():
    seen = []

    async def inner(scope, receive, send):
        seen.append(scope["type"])

    app = CrossOriginMiddleware(PreflightMiddleware(inner), [PAGE])
    await app({"type": "lifespan"}, None, None)
    assert seen == ["lifespan"]


def test_origins_are_read():
    assert parse_origins("") == frozenset()
    assert parse_origins(" https://a.example ,https://b.example:8443,") == {
        "https://a.example",
        "https://b.example:8443",
    }
