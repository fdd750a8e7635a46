"""A process of its own in which hostile files are judged: little memory, little time.

The parent hands over one file after another and gets a ``Verdict`` on each. A process that
ends, whatever ends it, is a verdict as well, and the next file is given to a fresh one.
``python -m tests.fuzz.jail`` is the child.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# The address space on top of what the imports take. Nothing that is let in needs more.
ROOM_BYTES = 1 << 30
SOUND = "sound"
Buffer = bytes | memoryview

_LENGTHS = struct.Struct("<IQ")


@dataclass(frozen=True)
class Verdict:
    """What became of a file: ``sound``, the code of a ServiceError, or a fault in words.

    ``grown_bytes`` is by how much the process was larger at its largest; ``digest`` stands for
    the samples of a sound file.
    """

    outcome: str
    seconds: float = 0.0
    grown_bytes: int = 0
    status: int = 0
    digest: str = ""

    @property
    def sound(self) -> bool:
        """Whether a result came of the file."""
        return self.outcome == SOUND

    @property
    def refused(self) -> bool:
        """Whether the caller was told that the fault is the file's."""
        return 400 <= self.status < 500


class Jail:
    """Judges files, each within ``seconds`` and ``room_bytes``, in a process that may die."""

    def __init__(
        self, seconds: int = 60, room_bytes: int = ROOM_BYTES, fresh_bytes: int = 0
    ) -> None:
        self._arguments = (str(seconds), str(room_bytes))
        # What memory holds that nobody has written to yet: see mallopt(3), M_PERTURB.
        self._environment = os.environ | {
            "MALLOC_PERTURB_": str(fresh_bytes),
            "PYTHONMALLOC": "malloc",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Jail:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def judge(self, data: bytes, job: str = "picture", **options: Any) -> Verdict:
        """The verdict on a file that is given to the job of that name."""
        process = self._process or self._start()
        asked = json.dumps({"job": job, **options}).encode()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(_LENGTHS.pack(len(asked), len(data)) + asked)
            process.stdin.write(data)
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = b""
        if answer:
            return Verdict(**json.loads(answer))
        return Verdict(f"died of {_cause(self._end())}")

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.fuzz.jail", *self._arguments]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libtiff has something to say of every broken file
        )
        return self._process

    def _end(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        with process:
            assert process.stdin is not None
            process.stdin.close()
        return process.returncode


def _cause(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit {code}"


def main(seconds: int, room_bytes: int) -> None:
    """Judge what comes on the standard input until it ends."""
    from tests.fuzz.jobs import JOBS  # here, so that the parent imports nothing of the service

    hard = _status_bytes("VmSize") + room_bytes
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while head := sys.stdin.buffer.read(_LENGTHS.size):
        asked_bytes, data_bytes = _LENGTHS.unpack(head)
        asked = json.loads(sys.stdin.buffer.read(asked_bytes))
        data = sys.stdin.buffer.read(data_bytes)
        # Not caught: what hangs in C never comes back to Python.
        signal.alarm(seconds)
        verdict = _judged(JOBS[asked.pop("job")], data, asked)
        signal.alarm(0)
        del data
        sys.stdout.write(json.dumps(vars(verdict)) + "\n")
        sys.stdout.flush()


def _judged(job: Callable[..., Buffer], data: bytes, options: Mapping[str, Any]) -> Verdict:
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here on
    before, start = _status_bytes("VmRSS"), time.monotonic()
    verdict = _outcome(job, data, options)
    grown = _status_bytes("VmHWM") - before
    return replace(verdict, seconds=time.monotonic() - start, grown_bytes=grown)


def _outcome(job: Callable[..., Buffer], data: bytes, options: Mapping[str, Any]) -> Verdict:
    from service.api.problems import PROBLEMS
    from service.errors import ServiceError

    try:
        samples = job(data, **options)
    except ServiceError as error:
        return Verdict(error.code, status=PROBLEMS[error.code].status)
    except Exception as error:  # noqa: BLE001 - which one it is, is the verdict
        return Verdict(f"raised {type(error).__name__}")
    return Verdict(SOUND, status=200, digest=sha256(samples).hexdigest())


def _status_bytes(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    (found,) = (line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return 1024 * int(found)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
