"""An application on a port of its own, in the event loop of another."""

from __future__ import annotations

import asyncio
import signal
import socket

import httpx
import pytest

from service.api.edge.connection_limits import ConnectionLimits
from service.api.edge.limits import LimitsMiddleware
from service.api.edge.listener import listening

LIMITS = ConnectionLimits()


async def application(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


async def test_it_answers_within_the_block_and_frees_its_port_after():
    async with (
        listening(application, "127.0.0.1", 0, LIMITS) as port,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        answer = await client.get(f"http://127.0.0.1:{port}/here")
        assert (answer.status_code, answer.text) == (200, "/here")
        assert "server" not in answer.headers
    socket.create_server(("127.0.0.1", port)).close()


async def test_it_leaves_the_signals_to_others():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    async with listening(application, "127.0.0.1", 0, LIMITS):
        await asyncio.sleep(0.05)
        assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


async def test_a_name_is_listened_on_as_well_as_an_address():
    async with (
        listening(application, "localhost", 0, LIMITS) as port,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        assert (await client.get(f"http://127.0.0.1:{port}/")).status_code == 200


@pytest.mark.skipif(not socket.has_ipv6, reason="this system has no IPv6")
async def test_version_6_of_the_protocol_is_spoken():
    async with (
        listening(application, "::1", 0, LIMITS) as port,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        assert (await client.get(f"http://[::1]:{port}/")).status_code == 200


async def test_a_port_that_is_taken_is_an_error_at_once():
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match="in use"),
    ):
        async with listening(application, "127.0.0.1", taken.getsockname()[1], LIMITS):
            pass


async def test_its_clients_are_bound_as_those_of_the_service_are():
    limits = ConnectionLimits(max_header_count=10, max_connections_per_client=2)
    bound = LimitsMiddleware(application, max_body_bytes=0)
    async with listening(bound, "127.0.0.1", 0, limits) as port:
        url = f"http://127.0.0.1:{port}/"
        many = {f"x-{number}": "1" for number in range(10)}
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(url, headers=many)).status_code == 431
            assert (await client.get(url)).text == "/"
            with socket.create_connection(("127.0.0.1", port)):
                assert (await client.get(url)).status_code == 200
                async with httpx.AsyncClient(trust_env=False) as third:
                    assert (await third.get(url)).status_code == 429
