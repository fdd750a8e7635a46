"""The compose file's cluster, run by Docker's engine in a network namespace of its own."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.containers.podman import image, podman

NAMESPACE = "convolution-test"
COMPOSE_FILE = Path(__file__).parents[2] / "docker" / "compose.yaml"
NGINX_IMAGE = "docker.io/library/nginx:1.28-alpine"
ADDRESS = "127.0.0.1:18080"
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Cluster:
    """Two replicas behind nginx, and what to talk to them with."""

    environment: dict[str, str]

    def docker(self, *arguments: str) -> str:
        """What the engine's client says."""
        return _said(["docker", *arguments], self.environment)

    def compose(self, *arguments: str) -> str:
        """What compose says of this cluster."""
        whole = ["docker-compose", "--file", str(COMPOSE_FILE), "--profile", "cluster"]
        return _said([*whole, *arguments], self.environment)

    def replicas(self) -> list[str]:
        """The replicas' containers, those that run."""
        return self.compose("ps", "--quiet", "replica").split()

    def health(self, container: str) -> str:
        """What the engine's own timer has found."""
        return self.docker("inspect", "--format", "{{.State.Health.Status}}", container).strip()

    def log(self, name: str) -> list[dict[str, object]]:
        """The lines that a service of the cluster has written as JSON."""
        lines = self.compose("logs", "--no-color", "--no-log-prefix", name).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def command(self, *arguments: str) -> list[str]:
        """A command as it is run on the cluster's network."""
        return ["nsenter", f"--net=/run/netns/{NAMESPACE}", *arguments]


def _said(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """The cluster with its data in ``folder``, every container healthy."""
    with ExitStack() as after:
        socket = after.enter_context(_engine(folder))
        started = Cluster(
            {
                "DOCKER_HOST": f"unix://{socket}",
                "CONVOLUTION_IMAGE": image(),
                "NGINX_PUBLISH": ADDRESS,
            }
        )
        for name in (image(), NGINX_IMAGE):
            archive = folder / "image.tar"
            podman("save", "--quiet", "--output", str(archive), name)
            started.docker("load", "--quiet", "--input", str(archive))
            archive.unlink()
        after.callback(started.compose, "down", "--volumes", "--timeout", "1")
        started.compose(
            *("up", "--detach", "--no-build", "--pull", "never"),
            *("--wait", "--wait-timeout", str(PATIENCE_SECONDS), "replica", "nginx"),
        )
        yield started


@contextmanager
def _engine(folder: Path) -> Iterator[Path]:
    """Docker's engine in the namespace; its socket."""
    socket = folder / "docker.sock"
    with ExitStack() as after:
        _said(["ip", "netns", "add", NAMESPACE], {})
        after.callback(_said, ["ip", "netns", "delete", NAMESPACE], {})
        _said(["ip", "-n", NAMESPACE, "link", "set", "lo", "up"], {})
        log = after.enter_context((folder / "engine.log").open("wb"))
        engine = subprocess.Popen(
            [
                *("nsenter", f"--net=/run/netns/{NAMESPACE}", "dockerd"),
                *("--host", f"unix://{socket}", "--pidfile", str(folder / "pid")),
                *("--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")),
                *("--bip", "10.99.0.1/24", "--storage-driver", "overlay2"),
                *("--default-address-pool", "base=10.98.0.0/16,size=24"),
                *("--default-ulimit", "nofile=8192:8192"),
            ],
            stdout=log,
            stderr=log,
        )
        after.callback(engine.wait, 30)
        after.callback(engine.terminate)
        end = time.monotonic() + PATIENCE_SECONDS
        while not socket.exists():
            assert engine.poll() is None, (folder / "engine.log").read_text()[-2000:]
            assert time.monotonic() < end, "Docker's engine does not start"
            time.sleep(0.1)
        yield socket
