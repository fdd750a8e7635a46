"""``python -m tests.soak [SECONDS]``: the real server under mixed load, one in twenty hostile.

Sound requests have answers that are known byte for byte; hostile ones must end as 4xx or with a
closed connection. At the end the resident memory of the server with its workers is compared
with what it was after the first tenth, and printed with the count of each kind of answer. Exits
with 1 on any wrong answer, or where memory grew by more than a tenth.
"""

from __future__ import annotations

import contextlib
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from tests.pipelines.calling import npy_of, png_of
from tests.processes import child_ids
from tests.system.server import Server, running_server

CLIENTS = 6
HOSTILE_SHARE = 0.05
MOST_GROWTH = 0.10
JSON = {"content-type": "application/json"}


@dataclass
class Soak:
    """One run: what was asked, and what came of it."""

    server: Server
    until: float
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    expected: dict[str, bytes] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, seed: int) -> None:
        """Ask one request after another until the time is up."""
        chance = random.Random(seed)
        with self.server.client() as client:
            while time.monotonic() < self.until:
                hostile = chance.random() < HOSTILE_SHARE
                try:
                    self.hostile(client, chance) if hostile else self.sound(client, chance)
                except httpx.TransportError as error:
                    with self.lock:
                        self.wrong.append(f"no answer: {error!r}")

    def sound(self, client: httpx.Client, chance: random.Random) -> None:
        """A request whose answer must be the one that it had the first time."""
        name = chance.choice(list(SOUND))
        answer = SOUND[name](client)
        with self.lock:
            self.counts[f"{answer.status_code}"] += 1
            if answer.status_code == 503:
                return  # the queue is full: told, and not wrong
            if answer.status_code != 200:
                self.wrong.append(f"{name}: {answer.status_code} {answer.text[:200]}")
            elif self.expected.setdefault(name, answer.content) != answer.content:
                self.wrong.append(f"{name}: another answer than the first time")

    def hostile(self, client: httpx.Client, chance: random.Random) -> None:
        """A request that must be refused."""
        name = chance.choice(list(HOSTILE))
        status = HOSTILE[name](client, self.server, chance)
        with self.lock:
            self.counts[f"hostile {status}"] += 1
            if not (status == 0 or 400 <= status < 500 or status in (503, 504)):
                self.wrong.append(f"{name}: {status}")


def random_picture(*shape: int) -> bytes:
    """Noise as a PNG."""
    return png_of(np.random.default_rng(len(shape)).integers(0, 256, shape, np.uint8))


SMALL, MEDIUM, LARGE = (
    random_picture(48, 64),
    random_picture(480, 640, 3),
    random_picture(1080, 1920, 3),
)


def convolving(picture: bytes, query: str = "", **fields: str):
    """A sound request on a picture."""
    return lambda client: client.post(
        f"/v1/images/convolve{query}", files={"image": picture}, data=fields
    )


SIGNAL = {"signal": list(range(300)), "kernel": {"name": "hann", "size": 50}}
SOUND = {
    "signal": lambda client: client.post("/v1/signals/convolve?format=csv", json=SIGNAL),
    "figure": lambda client: client.post("/v1/signals/convolve?format=svg", json=SIGNAL),
    "small picture": convolving(SMALL, kernel="laplacian"),
    "medium picture": convolving(MEDIUM, kernel="sobel", scaling="minmax"),
    "large picture": convolving(LARGE, kernel='{"name": "gaussian", "sigma": 4}'),
    "numbers": convolving(SMALL, "?format=npy", kernel="kirsch"),
    "wide kernel": convolving(MEDIUM, kernel='{"name": "disk", "radius": 20}'),
    "kernel": lambda client: client.get("/v1/kernels/gabor?format=png"),
    "filters": lambda client: client.get("/v1/vgg16/block1_conv1/filters"),
    "activations": lambda client: client.post(
        "/v1/vgg16/block1_conv2/activations", files={"image": SMALL}
    ),
    "health": lambda client: client.get("/healthz"),
}


def posting(path: str, **request: object):
    """A hostile request that is well-formed HTTP."""
    return lambda client, _server, _chance: client.post(path, **request).status_code


def broken_picture(client: httpx.Client, _server: Server, chance: random.Random) -> int:
    """A picture with a few bytes changed, so that its checksum is wrong, and cut short."""
    data = bytearray(MEDIUM)
    for _ in range(8):
        data[chance.randrange(40, len(data))] ^= 1 + chance.randrange(255)
    files = {"image": bytes(data[: len(data) - chance.randrange(1, 5000)])}
    return client.post("/v1/images/convolve", files=files, data={"kernel": "box"}).status_code


def cut_off(_client: httpx.Client, server: Server, chance: random.Random) -> int:
    """An upload that ends in the middle."""
    head = b"POST /v1/images/convolve HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n"
    kind = b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head + kind + b"x" * chance.randrange(5000))
    return 0


def gone_before_the_answer(_client: httpx.Client, server: Server, _chance: random.Random) -> int:
    """A client that asks for work and leaves."""
    body = b'{"signal": [1, 2, 3], "kernel": "hann"}'
    head = b"POST /v1/signals/convolve HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    return 0


def nonsense(_client: httpx.Client, server: Server, chance: random.Random) -> int:
    """Bytes that are no HTTP."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.settimeout(20)
        connection.sendall(chance.randbytes(200) + b"\r\n\r\n")
        answer = connection.recv(100)
    return int(answer.split()[1]) if answer.startswith(b"HTTP/") else 0


BOMB = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xff\xff\0\0\xff\xff\x08\x02\0\0\0" + bytes(8)
HOSTILE = {
    "broken picture": broken_picture,
    "cut off": cut_off,
    "gone": gone_before_the_answer,
    "nonsense": nonsense,
    "bomb": posting("/v1/images/convolve", files={"image": BOMB}, data={"kernel": "box"}),
    "deep": posting("/v1/signals/convolve", content=b"[" * 100_000, headers=JSON),
    "huge number": posting(
        "/v1/signals/convolve",
        content=b'{"signal": [1], "kernel": [' + b"9" * 100_000 + b"]}",
        headers=JSON,
    ),
    "too much work": posting(
        "/v1/images/convolve",
        files={"image": LARGE},
        data={"kernel": '{"name": "box", "size": 1023}', "method": "direct", "axes": "x"},
    ),
    "not an array": posting("/v1/signals/convolve", files={"signal": npy_of(np.array("text"))}),
}


def resident_bytes(server: Server) -> int:
    """Of the server and all that descends from it, what they share counted once."""
    pids, total = [server.process.pid], 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            pids += child_ids(pid)
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += 1024 * int(rollup.partition("\nPss:")[2].split()[0])
    return total


def main() -> int:
    """Soak for so many seconds; 600 unless told."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder), measured=False) as server,
    ):
        soak = Soak(server, time.monotonic() + seconds)
        clients = [threading.Thread(target=soak.client, args=(seed,)) for seed in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(seconds / 10)
        early = resident_bytes(server)
        for client in clients:
            client.join()
        late = resident_bytes(server)
    growth = late / early - 1
    report = [
        f"{seconds:.0f} s, {sum(soak.counts.values())} requests: {sorted(soak.counts.items())}",
        f"resident: {early >> 20} MiB after a tenth, {late >> 20} at the end, {growth:+.1%}",
        *soak.wrong[:20],
    ]
    sys.stdout.write("\n".join(report) + "\n")
    return int(bool(soak.wrong) or growth > MOST_GROWTH)


if __name__ == "__main__":
    raise SystemExit(main())
