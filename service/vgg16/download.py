"""Downloads over HTTP that go on where they stopped: RFC 9110, section 14, range requests."""

from __future__ import annotations

import http.client
import io
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import BinaryIO, Final

from service.vgg16.progress import Progress

_CHUNK_BYTES: Final = 1 << 16

# All that it takes for HTTP, its redirects and proxies; so no redirect leads to a file or FTP.
_HANDLERS: Final = (
    urllib.request.ProxyHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.HTTPRedirectHandler,
    urllib.request.HTTPErrorProcessor,
    urllib.request.HTTPDefaultErrorHandler,
    urllib.request.UnknownHandler,
)
_TRANSIENT: Final = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


class FetchFailed(Exception):
    """A file could not be had; the message is a sentence for whoever asked for it."""


class NetworkFault(Exception):
    """The network failed in a way that may pass; the message says how."""


@dataclass(frozen=True)
class Patience:
    """How long to put up with a network that has begun to bring something.

    ``timeout_seconds`` is for one that says nothing. After a fault comes a pause of
    ``pause_seconds``, doubled after each further one unless something came in between;
    ``attempts`` that fail in a row end it. A network that fails before it brought anything is
    not waited for.
    """

    timeout_seconds: float = 30.0
    attempts: int = 5
    pause_seconds: float = 1.0


def download(url: str, size: int, part: BinaryIO, patience: Patience, progress: Progress) -> None:
    """Append to ``part`` what it lacks of the ``size`` bytes at ``url``, and never more.

    ``FetchFailed`` where the server has something else, or the network fails for too long;
    ``OSError`` for ``part`` alone. Either way ``part`` keeps what came.
    """
    beginning = part.seek(0, io.SEEK_END)
    failures = 0
    while (start := part.seek(0, io.SEEK_END)) < size:
        try:
            _append(url, size, part, start, patience.timeout_seconds, progress)
        except NetworkFault as error:
            failures = 1 if part.tell() > start else failures + 1
            if failures == patience.attempts or part.tell() == beginning:
                raise FetchFailed(str(error)) from error
            pause = patience.pause_seconds * 2 ** (failures - 1)
            progress.say(f"{error}; trying again in {pause:g} s")
            time.sleep(pause)


def _append(
    url: str, size: int, part: BinaryIO, start: int, timeout: float, progress: Progress
) -> None:
    with _network():
        response = _ask(url, start, timeout)
    with response:
        _require_the_rest(response, start, size)
        if response.status == HTTPStatus.OK:  # the whole, whatever was asked for
            part.truncate(0)
        position = part.seek(0, io.SEEK_END)
        while position < size:
            with _network():
                # read1 gives what has come; read would wait, and lose it all to a time-out.
                chunk = response.read1(min(_CHUNK_BYTES, size - position))
            if not chunk:
                raise NetworkFault("the connection ended too early")
            position += part.write(chunk)
            progress.at(position)


def _ask(url: str, start: int, timeout: float) -> http.client.HTTPResponse:
    opener = urllib.request.OpenerDirector()
    for handler in _HANDLERS:
        opener.add_handler(handler())
    request = urllib.request.Request(url)  # noqa: S310, the opener knows HTTP and HTTPS alone
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        response: http.client.HTTPResponse = opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not start:
            raise
        error.close()
        return _ask(url, 0, timeout)  # its file is shorter than what is here: the whole, then
    return response


def _require_the_rest(response: http.client.HTTPResponse, start: int, size: int) -> None:
    """Raise ``FetchFailed`` unless the answer is the whole file, or what follows ``start``."""
    if response.status == HTTPStatus.PARTIAL_CONTENT:
        sent = response.headers.get("Content-Range", "")
        if not re.fullmatch(rf"bytes {start}-\d+/({size}|\*)", sent):
            raise FetchFailed("the server sent another part of the file than it was asked for")
    elif response.status != HTTPStatus.OK:
        raise FetchFailed(f"the server answered {response.status} {response.reason}")
    elif response.length not in (None, size):
        raise FetchFailed(f"the server's file has {response.length} bytes instead of {size}")


@contextmanager
def _network() -> Iterator[None]:
    """Tell the faults of the network from those of the disk, which are OSErrors as well."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        answer = f"the server answered {error.code} {error.reason}"
        if error.code in _TRANSIENT:
            raise NetworkFault(answer) from error
        raise FetchFailed(answer) from error
    except TimeoutError as error:
        raise NetworkFault("the server fell silent") from error
    except urllib.error.URLError as error:
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise NetworkFault(f"there is no connection to the server ({reason})") from error
    except (OSError, http.client.HTTPException) as error:
        raise NetworkFault("the connection broke") from error
