"""What explains the API: the pages of the problems, and Swagger UI served from here."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from service.api.problems import PROBLEMS, declared
from service.api.routes import guide
from service.api.serving.jobs import check_query
from service.errors import InvalidRequest, NotFound

_SWAGGER_FILES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
_START: Final = """\
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#documentation",
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Convolution service: API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="documentation"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
# Swagger UI writes style attributes, and its icons are data URLs.
_CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_PROBLEM_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body><main><h1>{title}</h1><p>Status {status}, <code>/problems/{code}</code></p>
<p>{explanation}</p></main></body>
</html>
"""


def router(docs: bool = True) -> APIRouter:
    """The endpoints that explain; only the problems' pages are part of the API document.

    They are all that is left without ``docs``: errors name them.
    """
    routes = APIRouter(tags=["documentation"])
    if docs:
        routes.include_router(_swagger())
    _explain_problems(routes)
    return routes


def _swagger() -> APIRouter:
    routes = APIRouter()
    routes.include_router(guide.router())

    @routes.get("/docs", include_in_schema=False)
    async def documentation() -> Response:
        return HTMLResponse(
            _PAGE,
            headers={"Content-Security-Policy": _CONTENT_POLICY},
        )

    @routes.get("/docs/start.js", include_in_schema=False)
    async def start() -> Response:
        return Response(_START, media_type="text/javascript")

    @routes.get("/docs/{name}", include_in_schema=False)
    async def swagger_file(name: str) -> Response:
        if name not in _SWAGGER_FILES:
            raise NotFound("there is nothing at this path; /docs lists what there is")
        content = files("fastapi_swagger").joinpath("resources", name).read_bytes()
        headers = {"Cache-Control": "public, max-age=86400"}
        return Response(content, headers=headers, media_type=_SWAGGER_FILES[name])

    return routes


def _explain_problems(routes: APIRouter) -> None:
    @routes.get(
        "/problems/{code}",
        operation_id="explainProblem",
        summary="What a problem means",
        response_class=HTMLResponse,
        responses=declared(NotFound, InvalidRequest),
        openapi_extra={
            "parameters": [
                {
                    "name": "code",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string", "enum": list(PROBLEMS)},
                    "example": "queue-full",
                }
            ]
        },
    )
    async def explain(request: Request) -> Response:
        """What a problem's `type` means."""
        check_query(request, ())
        code = request.path_params["code"]
        if code not in PROBLEMS:
            raise NotFound("there is no problem of that name")
        problem = PROBLEMS[code]
        return HTMLResponse(
            _PROBLEM_PAGE.format(
                title=escape(problem.title),
                status=problem.status,
                code=code,
                explanation=escape(problem.explanation),
            )
        )
