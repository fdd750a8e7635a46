"""The real server in a subprocess, and what its host can see of it.

Shared by the tests of this folder, which talk to it as any client would.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx

from tests.processes import child_ids

ROOT = Path(__file__).resolve().parents[2]
# Long enough for a loaded machine; nothing waits for the whole of it unless it is broken.
PATIENCE_SECONDS = 60.0

T = TypeVar("T")

_ADDRESS = re.compile(r"running on (http://[\d.]+:(\d+))")


@dataclass(frozen=True)
class Server:
    """A running service with its address and its log."""

    process: subprocess.Popen[bytes]
    url: str
    port: int
    log: Path

    def client(self) -> httpx.Client:
        """A client of this server that takes no proxy from the environment."""
        return httpx.Client(base_url=self.url, timeout=PATIENCE_SECONDS, trust_env=False)

    def workers(self) -> list[int]:
        """The process ids of what the server's own children have forked."""
        return [pid for child in children_of(self.process.pid) for pid in children_of(child)]

    def ready(self) -> bool:
        """What /readyz says."""
        return httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200

    def statistics(self) -> dict[str, int]:
        """The pool in numbers, as /readyz tells them; nothing while no worker is ready."""
        answer = httpx.get(f"{self.url}/readyz", trust_env=False)
        return answer.json() if answer.is_success else {}

    def wait_until_running(self, running: int) -> None:
        """Wait until so many jobs are with a worker."""
        wait_until(lambda: self.statistics().get("running") == running)


@contextmanager
def running_server(
    folder: Path, *, warm: bool = True, measured: bool = True, **settings: object
) -> Iterator[Server]:
    """A server of its own on a free port; ``settings`` are those of ``Settings``, by name.

    At the end it is told to stop, and killed where it does not. What is not ``measured`` runs
    without coverage, and several times faster.
    """
    log = folder / "server.log"
    # One that is set where the tests run must not change what is tested.
    left_out = ("CONVOLUTION_",) if measured else ("CONVOLUTION_", "COVERAGE_")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
    given = {f"CONVOLUTION_{name.upper()}": str(value) for name, value in settings.items()}
    environment = inherited | {"CONVOLUTION_PORT": "0"} | given
    command = [sys.executable, "-m", "service"]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=output
        ) as process,
    ):
        try:
            url, port = _address(process, log)
            server = Server(process, url, port, log)
            if warm:
                wait_until(server.ready)
            yield server
        finally:
            _end(process)


def _address(process: subprocess.Popen[bytes], log: Path) -> tuple[str, int]:
    def told() -> re.Match[str] | None:
        assert process.poll() is None, log.read_text()
        return _ADDRESS.search(log.read_text())

    found = wait_until(told)
    return found[1], int(found[2])


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def wait_until(condition: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
    """The first true thing that ``condition`` says; an AssertionError where none comes."""
    end = time.monotonic() + seconds
    while not (said := condition()):
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)
    return said


def children_of(parent: int) -> list[int]:
    """The living children of a process, by the kernel's own account."""
    return [pid for pid in child_ids(parent) if is_alive(pid)]


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it is not a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
