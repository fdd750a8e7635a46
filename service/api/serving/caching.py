"""Answers that a client may keep: validators and conditional requests (RFC 9110, section 13)."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from fastapi import Request
from starlette.responses import Response

_ENTITY_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')


def cacheable(request: Request, response: Response, etag: str, seconds: int) -> Response:
    """The response with its strong validator, or 304 where the client has the same already.

    ``seconds`` is how long it may be used without asking again.
    """
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    if not _matches(request.headers.get("if-none-match"), etag):
        return response
    kept = ("etag", "cache-control", "vary", "link", "server-timing")
    headers = {name: response.headers[name] for name in kept if name in response.headers}
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)


def _matches(condition: str | None, etag: str) -> bool:
    """Whether If-None-Match names the tag; by weak comparison, as section 13.1.2 wants it."""
    if condition is None:
        return False
    return condition.strip() == "*" or etag in _ENTITY_TAG.findall(condition)
