"""Who is let in, and how many at a time."""

from __future__ import annotations

import asyncio
import hashlib
import re

import orjson
import pytest
from fastapi import FastAPI, Request

from service.api import problems
from service.api.access.__main__ import main
from service.api.access.gate import AccessMiddleware
from service.api.access.keys import ApiKey, digest_of, parse_keys
from service.api.edge.limits import LimitsMiddleware
from tests.api.harness import reply_of, scope_of

KEYS = {"shop": ("first-key", "next-key"), "lab": ("laboratory",)}
ENTRIES = ",".join(
    f"{name}:{hashlib.sha256(key.encode()).hexdigest()}"
    for name, keys in KEYS.items()
    for key in keys
)
EVERY = [(name, key) for name, keys in KEYS.items() for key in keys]


def guarded(entries=ENTRIES, key_concurrency=0):
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/{path:path}")
    @app.post("/{path:path}")
    async def anything(request: Request, path: str) -> dict[str, str | None]:
        return {"key_id": getattr(request.state, "key_id", None)}

    problems.install(app)
    app.add_middleware(AccessMiddleware, keys=parse_keys(entries), key_concurrency=key_concurrency)
    app.add_middleware(LimitsMiddleware, max_body_bytes=1000)
    return app


def assert_refused(reply):
    assert reply.status == 401
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["x-content-type-options"] == "nosniff"
    document = orjson.loads(reply.body)
    assert document["type"] == "/problems/unauthorized"
    assert document["request_id"] == reply.headers["x-request-id"]


@pytest.mark.parametrize(("name", "key"), EVERY)
@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Authorization", "Bearer {}"),
        ("Authorization", "bearer  {}"),
        ("X-API-Key", "{}"),
    ],
)
async def test_each_known_key_is_let_in_by_its_name(name, key, header, value):
    reply = await reply_of(guarded(), scope_of(headers={header: value.format(key)}, path="/v1/x"))
    assert (reply.status, orjson.loads(reply.body)) == (200, {"key_id": name})


async def test_another_scheme_leaves_the_other_header_to_speak():
    headers = {"Authorization": "Basic dXNlcg==", "X-API-Key": "laboratory"}
    assert (await reply_of(guarded(), scope_of(path="/v1/x", headers=headers))).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "first-ke"},
        {"X-API-Key": "first-key "},
        {"X-API-Key": "First-Key"},
        {"X-API-Key": "shop"},
        {"X-API-Key": hashlib.sha256(b"first-key").hexdigest()},
        {"X-API-Key": "\xe4\xff"},
        {"X-API-Key": "x" * 60_000},
        {"Authorization": "first-key"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer first-key x"},
        {"Authorization": "Basic first-key"},
        {"Authorization": "Bearer unknown", "X-API-Key": "first-key"},
    ],
)
async def test_whoever_shows_no_known_key_is_refused(headers):
    assert_refused(await reply_of(guarded(), scope_of(path="/v1/x", headers=headers)))


async def test_a_key_is_never_repeated():
    reply = await reply_of(guarded(), scope_of(path="/v1/x", headers={"X-API-Key": "wrong-key"}))
    assert b"wrong-key" not in reply.body
    assert "wrong-key" not in str(reply.headers)


async def test_the_body_of_a_refused_request_is_not_read():
    reply = await reply_of(guarded(), scope_of(path="/v1/x"), [b"x" * 10] * 3)
    assert_refused(reply)
    assert reply.received == 0
    assert reply.headers["connection"] == "close"


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/docs", "/docs/start.js", "/problems/unauthorized", "/openapi.json"),
        *("/healthz", "/readyz", "/version"),
    ],
)
async def test_what_explains_and_what_probes_ask_is_open(path):
    assert (await reply_of(guarded(), scope_of("GET", path))).status == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/metrics", "/v1/kernels", "/v1/images/convolve", "/nowhere", "//docs", "/docsx"),
        *("/DOCS", "/problemsx", "/healthz/", "/healthz/../v1/kernels", "/version2", ""),
    ],
)
async def test_everything_else_needs_a_key(path):
    assert_refused(await reply_of(guarded(), scope_of("GET", path)))


async def test_without_keys_everybody_is_let_in():
    reply = await reply_of(guarded(""), scope_of("GET", "/v1/x", headers={"X-API-Key": "any"}))
    assert (reply.status, orjson.loads(reply.body)) == (200, {"key_id": None})


class Door:
    """An application whose requests stay inside until the door is opened."""

    def __init__(self):
        self.inside = 0
        self.opened = asyncio.Event()

    async def __call__(self, scope, _receive, send):
        self.inside += 1
        await self.opened.wait()
        self.inside -= 1
        if "fail" in scope["path"]:
            raise RuntimeError
        await send({"type": "http.response.start", "status": 204, "headers": []})


async def test_a_key_has_so_many_requests_running_and_another_its_own():
    door = Door()
    app = AccessMiddleware(door, parse_keys(ENTRIES), key_concurrency=2)

    def ask(key, path="/v1/x"):
        return asyncio.create_task(reply_of(app, scope_of(path=path, headers={"X-API-Key": key})))

    # Both keys of one id count together.
    running = [ask("first-key"), ask("next-key", "/fail")]
    await asyncio.sleep(0)
    assert door.inside == 2
    refused = await ask("first-key")
    assert refused.status == 429
    assert orjson.loads(refused.body)["type"] == "/problems/too-many-requests"
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["connection"] == "close"
    running.append(ask("laboratory"))
    await asyncio.sleep(0)
    assert door.inside == 3
    door.opened.set()
    first, failed, other = await asyncio.gather(*running, return_exceptions=True)
    assert (first.status, other.status) == (204, 204)
    assert isinstance(failed, RuntimeError)
    # Those that ended, well or not, made room.
    assert [reply.status for reply in await asyncio.gather(ask("next-key"), ask("next-key"))] == [
        204,
        204,
    ]


async def test_a_cancelled_request_makes_room():
    app = AccessMiddleware(Door(), parse_keys(ENTRIES), key_concurrency=1)
    scope = scope_of(path="/v1/x", headers={"X-API-Key": "laboratory"})
    task = asyncio.create_task(reply_of(app, dict(scope)))
    await asyncio.sleep(0)
    assert (await reply_of(app, dict(scope))).status == 429
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert app._running["laboratory"] == 0


async def test_what_is_not_http_passes():
    seen = []

    async def inner(scope, receive, send):
        seen.append(scope["type"])

    await AccessMiddleware(inner, parse_keys(ENTRIES), 1)({"type": "lifespan"}, None, None)
    assert seen == ["lifespan"]


def test_entries_are_read_with_several_keys_for_an_id():
    keys = parse_keys(f" {ENTRIES} ,")
    assert [key.id for key in keys] == ["shop", "shop", "lab"]
    assert keys[2] == ApiKey("lab", hashlib.sha256(b"laboratory").digest())
    assert parse_keys("") == ()


@pytest.mark.parametrize(
    "text",
    [
        "laboratory",
        "shop:abc",
        f"shop:{'g' * 64}",
        f"shop:{'A' * 64}",
        f":{'0' * 64}",
        f"a b:{'0' * 64}",
        f"shop:{'0' * 64}:x",
        f"shop:{'0' * 64};lab:{'0' * 64}",
        f"{'x' * 65}:{'0' * 64}",
    ],
)
def test_an_entry_that_is_none_is_refused_without_repeating_it(text):
    with pytest.raises(ValueError, match="64 hex digits") as caught:
        parse_keys(text)
    assert text not in str(caught.value)


async def test_a_key_that_was_made_opens(capsys):
    assert main(["shop"]) == 0
    key, entry = re.findall(r"\S+$", capsys.readouterr().out, re.MULTILINE)
    assert entry == f"shop:{digest_of(key).hex()}"
    assert len(key) >= 43
    reply = await reply_of(guarded(entry), scope_of(path="/v1/x", headers={"X-API-Key": key}))
    assert reply.status == 200


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["a:b"], ["a,b"], [""]])
def test_no_key_is_made_without_a_sound_name(arguments, capsys):
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert "usage" in said.err
    assert not said.out
