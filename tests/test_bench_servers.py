"""The benchmark's load client, and the servers that it installs, starts, measures and ends."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import pytest

from tests.bench.cases import head
from tests.bench.load import Load, drive, side_by_side
from tests.bench.peers.installing import NotInstalled, _install, install_node
from tests.bench.peers.table import OURS, Peer
from tests.bench.process_tree import processor_seconds
from tests.bench.servers import running
from tests.system.server import is_alive, wait_until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
ANSWERS = {
    b"/ok": OK,
    b"/large": b"HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n" + b"x" * 300_000,
    b"/closes": OK.replace(b"Content", b"Connection: close\r\nContent"),
    b"/full": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    b"/endless": b"HTTP/1.1 200 OK\r\n\r\nhello",
    b"/short": OK[:-2],
    b"/silent": b"",
}
ENDING = (b"/closes", b"/short", b"/silent")


@contextlib.asynccontextmanager
async def tiny_server() -> AsyncIterator[int]:
    """A server that answers by path, and counts nothing; its port."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while request := await reader.readuntil(b"\r\n\r\n"):
                path = request.split()[1]
                writer.write(ANSWERS[path])
                await writer.drain()
                if path in ENDING:
                    break
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def load_of(path: str, connections: int = 1, seconds: float = 0.0) -> Load:
    async with tiny_server() as port:
        request = head("GET", path)
        return await asyncio.to_thread(drive, ("127.0.0.1", port), request, connections, seconds)


@pytest.mark.parametrize("path", ["/ok", "/large", "/closes"])
async def test_answers_are_counted_and_read_to_their_end(path):
    load = await load_of(path, connections=3, seconds=0.1)
    assert load.failures == 0
    assert len(load.latencies) > 3
    assert load.answer == ANSWERS[path.encode()].partition(b"\r\n\r\n")[2]
    assert 0 < load.percentile(50) <= load.percentile(99) < load.seconds
    assert load.rate == pytest.approx(len(load.latencies) / load.seconds)


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/full", "status 503"),
        ("/endless", "no Content-Length"),
        ("/short", "the connection ended before the answer did"),
        ("/silent", "the connection ended before the answer did"),
    ],
)
async def test_failures_are_counted_as_failures_with_their_reason(path, fault):
    load = await load_of(path, connections=2)
    assert (load.failures, load.latencies, load.fault) == (2, [], fault)
    assert load.percentile(50) == float("inf")


def test_a_server_that_is_gone_is_a_failure():
    load = drive(("127.0.0.1", 1), head("GET", "/"), 1, 0.0)
    assert load.failures == 1
    assert "refused" in load.fault


async def test_loads_run_at_the_same_time():
    async with tiny_server() as port:
        ask = partial(drive, ("127.0.0.1", port), head("GET", "/ok"), 1, 0.2)
        loads = await asyncio.to_thread(side_by_side, ask, ask)
    assert sum(load.seconds for load in loads) >= 0.4
    assert all(load.latencies for load in loads)


def test_a_peer_that_no_tool_can_install_is_missing_for_a_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotInstalled, match="npm is not installed"):
        install_node("sharp", tmp_path / "sharp")


def test_a_peer_is_installed_once_for_the_same_sources_and_again_for_others(tmp_path):
    sources, folder, trace = tmp_path / "sources", tmp_path / "peer", tmp_path / "trace"
    folder.mkdir()
    command = ["sh", "-c", f"echo run >> {trace}"]
    for text in ("one", "one", "two"):
        sources.write_text(text)
        _install(folder, [sources], [command])
    assert trace.read_text().split() == ["run", "run"]
    sources.write_text("three")
    with pytest.raises(NotInstalled, match="could not install"):
        _install(folder, [sources], [["false"]])


def python_peer(code: str) -> Peer:
    return replace(
        OURS,
        name="a peer",
        command=lambda _folder, port: [sys.executable, "-c", code, str(port)],
        ready="/",
    )


def test_a_server_is_ready_when_it_is_handed_over_and_gone_afterwards(tmp_path):
    code = "import http.server, runpy; runpy.run_module('http.server', run_name='__main__')"
    with running(python_peer(code), tmp_path, tmp_path) as server:
        load = drive(server.address, head("GET", "/"), 1, 0.0)
        assert not load.failures
        assert server.processor_seconds() > 0
    assert server.process.returncode is not None
    assert drive(server.address, head("GET", "/"), 1, 0.0).failures == 1


def test_what_a_server_started_ends_with_it(tmp_path):
    code = (
        "import http.server, runpy, pathlib, subprocess\n"
        "left = subprocess.Popen(['sleep', '60'])\n"
        "pathlib.Path('left').write_text(str(left.pid))\n"
        "runpy.run_module('http.server', run_name='__main__')"
    )
    with running(python_peer(code), tmp_path, tmp_path):
        left = int((tmp_path / "left").read_text())
        assert is_alive(left)
    wait_until(lambda: not is_alive(left), seconds=10)


def test_a_server_that_ends_at_once_is_missing_and_not_waited_for(tmp_path):
    with (
        pytest.raises(NotInstalled, match="does not answer"),
        running(python_peer("raise SystemExit(1)"), tmp_path, tmp_path),
    ):
        pytest.fail("it never ran")


def test_the_time_of_children_counts_while_they_run_and_after_their_end():
    spin = "import time\nwhile time.process_time() < 0.3: pass"
    spin_and_stay = f"{spin}\nprint('spun', flush=True)\ninput()"
    parent = (
        "import subprocess, sys\n"
        f"subprocess.run([sys.executable, '-c', {spin!r}], check=True)\n"
        f"subprocess.run([sys.executable, '-c', {spin_and_stay!r}], check=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"spun\n"
        assert processor_seconds(process.pid) >= 0.55
        process.communicate(b"\n")
    assert processor_seconds(process.pid) == 0
