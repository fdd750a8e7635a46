"""Conditional requests."""

import pytest
from starlette.responses import Response

from service.api.serving.caching import cacheable
from tests.api.harness import request_of

TAG = '"abc"'


def answered(condition):
    headers = {} if condition is None else {"If-None-Match": condition}
    response = Response(b"body", headers={"Vary": "Accept", "Link": "<x>"}, media_type="image/png")
    return cacheable(request_of(headers=headers), response, TAG, 60)


@pytest.mark.parametrize("condition", [None, '"other"', "abc", 'W/"other", "x"', ""])
def test_what_the_client_has_not_is_sent_with_its_validator(condition):
    response = answered(condition)
    assert (response.status_code, response.body) == (200, b"body")
    assert response.headers["etag"] == TAG
    assert response.headers["cache-control"] == "public, max-age=60"


@pytest.mark.parametrize("condition", [TAG, "*", 'W/"abc"', '"x", "abc"', ' "x" ,W/"abc"'])
def test_what_the_client_has_is_not_sent_again(condition):
    response = answered(condition)
    assert (response.status_code, response.body) == (304, b"")
    assert response.headers["etag"] == TAG
    assert response.headers["vary"] == "Accept"
    assert "content-type" not in response.headers
