"""The longer texts, as pages under ``/docs``, written in Markdown."""

from __future__ import annotations

import re
from functools import cache, partial
from html import escape
from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from markdown_it import MarkdownIt
from starlette.responses import HTMLResponse, Response

PAGES: Final = {
    "convolution": "How convolution is defined here",
    "borders": "Borders",
    "kernels": "Kernels",
    "planner": "The planner",
    "integrating": "Integrating it",
    "operating": "Operating it",
}
"""The titles by the names of the files, in the order in which they are listed."""

_FILES: Final = {"guide.css": "text/css", "borders.png": "image/png"}
_CONTENT_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="guide.css">
</head>
<body>
<nav>{links}</nav>
<main>
{text}
</main>
</body>
</html>
"""
_LINKED_PAGE: Final = re.compile(r'(href="\w+)\.md(["#])')


def router() -> APIRouter:
    """``/docs/{page}`` for each of ``PAGES``, with what they show."""
    routes = APIRouter(include_in_schema=False)
    for name in PAGES:
        routes.add_api_route(f"/docs/{name}", partial(_page, name))
    for name, media_type in _FILES.items():
        routes.add_api_route(f"/docs/{name}", partial(_file, name, media_type))
    return routes


async def _page(name: str) -> Response:
    return HTMLResponse(_html(name), headers={"Content-Security-Policy": _CONTENT_POLICY})


async def _file(name: str, media_type: str) -> Response:
    return Response(_stored(name), media_type=media_type)


@cache
def _html(name: str) -> str:
    """The page, made when it is first asked for."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    text = _LINKED_PAGE.sub(r"\1\2", markdown.render(_stored(f"{name}.md").decode()))
    places = {**PAGES, "../docs": "Try the API"}
    links = " ".join(f'<a href="{place}">{escape(label)}</a>' for place, label in places.items())
    return _PAGE.format(title=escape(PAGES[name]), links=links, text=text)


def _stored(name: str) -> bytes:
    return files("service").joinpath("guide", name).read_bytes()
