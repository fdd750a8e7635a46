"""Containers of the image under test, run by podman, as hardened as the README says."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

IMAGE_VARIABLE = "CONVOLUTION_TEST_IMAGE"
HARDENED = (
    "--read-only",
    "--read-only-tmpfs=false",
    *("--tmpfs", "/tmp:size=64m"),
    *("--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges"),
    *("--memory", "512m"),
    *("--pids-limit", "256"),
)
PATIENCE_SECONDS = 60.0


def image() -> str:
    """The name of the image to test."""
    name = os.environ.get(IMAGE_VARIABLE)
    assert name, f"no image: run docker/verify.sh, which builds it and sets {IMAGE_VARIABLE}"
    return name


def podman(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """What podman says."""
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, done.stderr
    return done


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Container:
    """A container that runs, or has ended."""

    id: str
    port: int

    @property
    def url(self) -> str:
        """Where the service answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The service's process, as the host counts."""
        return int(self.inspect("State", "Pid"))

    def inspect(self, *path: str) -> object:
        """What podman knows of it, under these keys."""
        known = json.loads(podman("inspect", self.id).stdout)[0]
        for key in path:
            known = known[key]
        return known

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command inside."""
        return podman("exec", self.id, *command, check=False)

    def log(self) -> list[dict[str, object]]:
        """The lines it has written."""
        return [json.loads(line) for line in self.written().splitlines()]

    def written(self) -> str:
        """All that it has written."""
        logs = podman("logs", self.id)
        return logs.stdout + logs.stderr

    def wait_until_ready(self) -> None:
        """Return once it takes requests."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            try:
                if httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"never ready: {self.written()}")


@contextmanager
def running(*options: str, **settings: object) -> Iterator[Container]:
    """A hardened container of the image, ready."""
    port = free_port()
    environment = {"port": port, **settings}
    chosen = [f"--env=CONVOLUTION_{name.upper()}={value}" for name, value in environment.items()]
    begun = podman(
        *("run", "--detach", "--pull", "never", "--network", "host"),
        *HARDENED,
        *chosen,
        *options,
        image(),
    )
    container = Container(begun.stdout.strip(), port)
    try:
        container.wait_until_ready()
        yield container
    finally:
        podman("rm", "--force", "--time", "0", container.id)
