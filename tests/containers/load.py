"""``python -m tests.containers.load URL FILE SECONDS``: requests, several at a time, as one JSON.

A program of its own, because it is run on another network than the tests.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx

CLIENTS = 4


def main(url: str, file: str, seconds: str) -> None:
    """Ask for ``seconds``; what was answered, by kind and status, and the longest time."""
    picture = Path(file).read_bytes()
    kinds = {"upload": lambda to: upload(to, picture), "preview": preview}
    outcomes: Counter[str] = Counter()
    longest = [0.0] * CLIENTS
    end = time.monotonic() + float(seconds)

    def client(number: int, kind: str, ask: Callable[[httpx.Client], httpx.Response]) -> None:
        with httpx.Client(base_url=url, timeout=20, trust_env=False) as connection:
            while (start := time.monotonic()) < end:
                try:
                    outcome = str(ask(connection).status_code)
                except httpx.TransportError as error:
                    outcome = type(error).__name__
                outcomes[f"{kind} {outcome}"] += 1
                longest[number] = max(longest[number], time.monotonic() - start)

    threads = [
        threading.Thread(target=client, args=(number, *list(kinds.items())[number % len(kinds)]))
        for number in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump({"outcomes": outcomes, "longest": max(longest)}, sys.stdout)


def upload(to: httpx.Client, picture: bytes) -> httpx.Response:
    """A body that nginx passes on unread: it can't ask another replica once it has begun."""
    return to.post("/v1/images/convolve", files={"image": picture}, data={"kernel": "sobel"})


def preview(to: httpx.Client) -> httpx.Response:
    """A body that nginx holds, and may send again."""
    return to.post("/v1/kernels/preview", json={"name": "hann", "size": 5})


if __name__ == "__main__":
    main(*sys.argv[1:])
