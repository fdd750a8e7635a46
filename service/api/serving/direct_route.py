"""A route whose endpoint reads the request and makes the response itself."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, cast

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response


class DirectRoute(APIRoute):
    """Calls its endpoint with the request and nothing around it.

    For endpoints that take the ``Request`` alone and return a ``Response``: there are no
    dependencies to look for then, no body to parse, and no answer to validate. In the API's
    document it is a route like any other.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint."""
        return cast("Callable[[Request], Coroutine[Any, Any, Response]]", self.endpoint)
