"""The playground: a page that shows kernels at work, and the files that it is made of.

They lie in ``service/web`` as they are served; there is no build step. The page knows the
service by its public API alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePath
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.api.serving.caching import cacheable
from service.errors import NotFound

_PAGE: Final = "index.html"
_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
# Pictures that the page makes itself are blobs; its icon is a data URL.
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


@dataclass(frozen=True)
class _Asset:
    content: bytes
    media_type: str
    etag: str


def router() -> APIRouter:
    """The endpoints of the page; not part of the API document."""
    routes = APIRouter()
    assets = _assets()

    @routes.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        return _answer(request, assets[_PAGE], _HEADERS)

    @routes.get("/playground/{name}", include_in_schema=False)
    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in assets or name == _PAGE:
            raise NotFound("there is nothing at this path; the playground is at /")
        return _answer(request, assets[name], {})

    return routes


def _assets() -> dict[str, _Asset]:
    found = {}
    for each in files("service").joinpath("web").iterdir():
        media_type = _MEDIA_TYPES.get(PurePath(each.name).suffix)
        if media_type is not None:
            content = each.read_bytes()
            etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
            found[each.name] = _Asset(content, media_type, etag)
    return found


def _answer(request: Request, asset: _Asset, headers: dict[str, str]) -> Response:
    whole = Response(asset.content, media_type=asset.media_type)
    # A page and its modules must be of one version, so that each is asked for again.
    response = cacheable(request, whole, asset.etag, seconds=0)
    # On a 304 as well: its headers take the place of those that the browser kept.
    response.headers.update(headers)
    return response
