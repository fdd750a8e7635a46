"""Every error has its answer, and none tells what it should not."""

from __future__ import annotations

from http import HTTPStatus

import httpx
import orjson
import pytest
from fastapi import FastAPI, HTTPException
from starlette.requests import ClientDisconnect

from service.api import problems
from service.api.edge.limits import LimitsMiddleware
from service.api.problems import PROBLEMS, declared, problem_response
from service.api.routes import documentation
from service.errors import ERRORS, FieldFault, InvalidRequest

RETRIED = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}


@pytest.fixture
async def client():
    """A client of an application in which everything goes wrong."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/errors/{code}")
    async def error(code: str) -> None:
        raise ERRORS[code].at("/field", "is at fault")

    @app.get("/number")
    async def number(count: int) -> int:
        return count

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("secret of the house")

    @app.get("/gone")
    async def gone() -> None:
        raise ClientDisconnect

    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418, "secret of the house", headers={"X-Tea": "green"})

    app.include_router(documentation.router())
    problems.install(app)
    app.add_middleware(LimitsMiddleware, max_body_bytes=1000)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield client


def problem_of(answer: httpx.Response):
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    code = document["type"].removeprefix("/problems/")
    assert document["title"] == PROBLEMS[code].title
    assert document["instance"] == f"urn:request:{document['request_id']}"
    return code, document


def test_errors_and_problems_are_the_same_set():
    assert set(PROBLEMS) == set(ERRORS)


@pytest.mark.parametrize("code", ERRORS)
async def test_every_error_is_answered_with_its_status_and_a_problem(client, code):
    answer = await client.get(f"/errors/{code}", headers={"X-Request-ID": "abc"})
    told, document = problem_of(answer)
    assert told == code
    assert answer.status_code == PROBLEMS[code].status
    assert document["detail"] == "is at fault"
    assert document["errors"] == [{"pointer": "/field", "detail": "is at fault"}]
    assert document["request_id"] == "abc"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("code", PROBLEMS)
async def test_every_problem_has_a_status_that_fits_and_a_page_that_explains_it(client, code):
    problem = PROBLEMS[code]
    assert 400 <= HTTPStatus(problem.status) < 600
    assert problem.explanation.endswith(".")
    page = await client.get(f"/problems/{code}")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert str(problem.status) in page.text
    assert f"/problems/{code}" in page.text


@pytest.mark.parametrize("code", PROBLEMS)
async def test_what_may_succeed_later_says_when_to_try_again(client, code):
    answer = await client.get(f"/errors/{code}")
    assert ("retry-after" in answer.headers) == (answer.status_code in RETRIED)
    if "retry-after" in answer.headers:
        assert int(answer.headers["retry-after"]) >= 1


async def test_no_page_explains_an_unknown_problem(client):
    answer = await client.get("/problems/of-my-own")
    assert problem_of(answer)[0] == "not-found"
    assert "of-my-own" not in answer.text


async def test_an_error_without_fields_has_no_list_of_them():
    document = orjson.loads(problem_response(InvalidRequest("no"), "abc").body)
    assert "errors" not in document
    two = InvalidRequest("no", [FieldFault("/a", "one"), FieldFault("/b/0", "two")])
    document = orjson.loads(problem_response(two, "abc").body)
    assert [each["pointer"] for each in document["errors"]] == ["/a", "/b/0"]


async def test_the_frameworks_own_validation_is_a_problem_with_pointers(client):
    answer = await client.get("/number?count=secret")
    code, document = problem_of(answer)
    assert code == "invalid-request"
    assert [each["pointer"] for each in document["errors"]] == ["/count"]
    assert "secret" not in answer.text


async def test_an_unknown_path_is_a_problem(client):
    answer = await client.get("/secret/path")
    assert problem_of(answer)[0] == "not-found"
    assert "secret" not in answer.json()["detail"]


async def test_an_unknown_method_is_a_problem_that_lists_the_known_ones(client):
    answer = await client.delete("/number")
    assert problem_of(answer)[0] == "method-not-allowed"
    assert answer.headers["allow"] == "GET"


async def test_any_other_complaint_of_the_framework_is_a_malformed_request(client):
    answer = await client.get("/teapot")
    assert problem_of(answer)[0] == "malformed-request"
    assert answer.headers["x-tea"] == "green"
    assert "secret" not in answer.text


async def test_an_unexpected_fault_is_a_problem_that_tells_nothing_of_it(client):
    answer = await client.get("/broken", headers={"X-Request-ID": "abc"})
    code, document = problem_of(answer)
    assert (code, answer.status_code) == ("internal-error", 500)
    assert document["request_id"] == "abc"
    for word in ("secret", "RuntimeError", "Traceback", ".py"):
        assert word not in answer.text


async def test_a_client_that_has_gone_is_answered_with_nothing(client):
    answer = await client.get("/gone")
    assert (answer.status_code, answer.content) == (499, b"")


@pytest.mark.parametrize("code", ERRORS)
def test_a_declared_error_stands_under_its_status_beside_the_fault_of_the_service(code):
    answers = declared(ERRORS[code])
    assert set(answers) == {PROBLEMS[code].status, 500}
    answer = answers[PROBLEMS[code].status]
    assert PROBLEMS[code].title in answer["description"]
    assert list(answer["content"]) == ["application/problem+json"]
    assert ("headers" in answer) == (PROBLEMS[code].retry_after_seconds is not None)


def test_errors_that_share_a_status_are_declared_together():
    answers = declared(ERRORS["invalid-request"], ERRORS["limit-exceeded"])
    for code in ("invalid-request", "limit-exceeded"):
        assert PROBLEMS[code].title in answers[422]["description"]
