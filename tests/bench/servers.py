"""Servers to measure: started on free ports, ready before they are asked, ended afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.cases import Case, head
from tests.bench.environment import as_user
from tests.bench.load import Address, BadAnswer, Connection
from tests.bench.peers.installing import NotInstalled
from tests.bench.peers.table import Peer
from tests.bench.process_tree import processor_seconds

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Server:
    """A peer that runs."""

    peer: Peer
    process: subprocess.Popen[bytes]
    address: Address

    def request(self, case: Case, level: str | None = None) -> bytes:
        """The HTTP request for a case."""
        return self.peer.request(case, level)

    def processor_seconds(self) -> float:
        """What the server with all its processes has computed so far."""
        return processor_seconds(self.process.pid)


@contextmanager
def running(peer: Peer, cache: Path, pictures: Path) -> Iterator[Server]:
    """A peer, installed where it was not, and answering.

    ``NotInstalled`` where it can't be had, or does not answer.
    """
    folder = cache / peer.folder
    peer.install(folder)
    port = _free_port()
    log = cache / f"{peer.name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            peer.command(folder, port),
            cwd=pictures,
            env=as_user() | peer.environment(folder, port),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = Server(peer, process, ("127.0.0.1", port))
    try:
        _wait_until_ready(server)
        yield server
    finally:
        _end(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(server: Server) -> None:
    request, end = head("GET", server.peer.ready), time.monotonic() + PATIENCE_SECONDS
    connection = Connection(server.address)
    while time.monotonic() < end and server.process.poll() is None:
        with contextlib.suppress(OSError, BadAnswer):
            status, _ = connection.exchange(request)
            if status == 200:
                connection.close()
                return
        connection.close()
        time.sleep(0.1)
    raise NotInstalled(f"it does not answer; {server.peer.name}.log in the cache says why")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and those that it started, which share its session."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
