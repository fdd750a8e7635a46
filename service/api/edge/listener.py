"""A second, small listener: another application on a port of its own.

It runs in the event loop of the first, where what it tells of is kept: a thread, such as
prometheus_client's own server, would read the pool while it changes, and would answer without
the headers and problems that every answer here has.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp

from service.api.edge.connection_limits import ConnectionLimits
from service.api.edge.protocol import guarded_protocol

_GRACE_SECONDS = 1


class _Guest(uvicorn.Server):
    """A server that leaves the signals to the one it is a guest of."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@contextlib.asynccontextmanager
async def listening(
    app: ASGIApp, host: str, port: int, limits: ConnectionLimits
) -> AsyncIterator[int]:
    """Serve ``app`` at ``host`` and ``port`` within the block; gives the port.

    Its clients are bound by ``limits`` as those of the first listener are. Port 0 picks a free
    one. Raises OSError where it can't be listened on.
    """
    address = _listening_socket(host, port)
    server = _Guest(
        uvicorn.Config(
            app,
            http=guarded_protocol(limits),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
    serving = asyncio.create_task(server.serve([address]))
    try:
        yield address.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


def _listening_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if _is_version_6(host) else socket.AF_INET
    return socket.create_server((host, port), family=family)


def _is_version_6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:  # a name, such as localhost
        return False
