"""The service and its peers: how each is installed, started and asked, and with what settings."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from tests.bench.cases import JPEG_QUALITY, Case, head, post
from tests.bench.peers.installing import HERE, install_node, install_python

ROOT = HERE.parents[2]
CORES = len(os.sched_getaffinity(0))
LEVELS = tuple(map(str, range(1, 10)))
THUMBOR_CONFIGURATION = HERE / "thumbor" / "thumbor.conf"


@dataclass(frozen=True)
class Peer:
    """A server that convolves pictures.

    ``command`` starts it, given its folder and port, in a folder that holds the pictures;
    ``request`` is the whole HTTP request for a case, at a PNG level where it takes one.
    ``extra`` peers stand beside the others only where sizes of PNG files are compared.
    """

    name: str
    folder: str
    settings: str
    install: Callable[[Path], None]
    command: Callable[[Path, int], list[str]]
    request: Callable[[Case, str | None], bytes]
    environment: Callable[[Path, int], dict[str, str]] = lambda _folder, _port: {}
    health: str = "/healthz"
    ready: str = "/healthz"
    levels: tuple[str, ...] = ()
    extra: bool = False


def _nothing(_folder: Path) -> None:
    """The service is here already."""


def _rows(case: Case) -> list[list[float]]:
    """The taps as JSON has them, whole numbers as such."""
    rows: list[list[float]] = case.taps.values.tolist()
    return [[int(tap) if tap.is_integer() else tap for tap in row] for row in rows]


def _service_environment(_folder: Path, port: int) -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT), "CONVOLUTION_PORT": str(port)}


def _service_command(_folder: Path, _port: int) -> list[str]:
    return [sys.executable, "-m", "service"]


def _service_request(case: Case, _level: str | None) -> bytes:
    kernel: dict[str, object] = {"name": "gaussian", "size": 50, "sigma": case.taps.sigma}
    if case.taps.sigma is None:
        flipped = np.array(_rows(case))[::-1, ::-1].tolist()
        kernel = {"name": "custom", "values": flipped, "normalize": "sum"}
    return post("/v1/images/convolve", case, {"kernel": json.dumps(kernel), "format": case.output})


def _form_request(case: Case, level: str | None) -> bytes:
    fields = {"format": case.output, "quality": str(JPEG_QUALITY)}
    if case.taps.sigma is None:
        fields["kernel"] = json.dumps(_rows(case))
    else:
        fields["sigma"] = str(case.taps.sigma)
    if level is not None:
        fields["level"] = level
    return post("/convolve", case, fields)


def _thumbor_request(case: Case, _level: str | None) -> bytes:
    if case.taps.sigma is None:
        rows = _rows(case)
        taps = ";".join(str(tap) for row in rows for tap in row)
        convolution = f"convolution({taps},{len(rows[0])},true)"
    else:
        convolution = f"blur({len(case.taps.values) // 2},{case.taps.sigma})"
    filters = f"{convolution}:format({case.output}):quality({JPEG_QUALITY})"
    return head("GET", f"/unsafe/filters:{filters}/{case.file_name}")


def _thumbor_command(folder: Path, port: int, level: int) -> list[str]:
    configuration = folder / f"thumbor-{level}.conf"
    text = THUMBOR_CONFIGURATION.read_text()
    configuration.write_text(f"{text}PNG_COMPRESSION_LEVEL = {level}\n")
    listening = ["--ip", "127.0.0.1", "--port", str(port), "--processes", str(CORES)]
    return [str(folder / "bin" / "thumbor"), *listening, "--conf", str(configuration)]


def _sharp_command(_folder: Path, port: int) -> list[str]:
    return ["node", str(HERE / "sharp" / "server.js"), str(port)]


def _sharp_environment(folder: Path, _port: int) -> dict[str, str]:
    return {"NODE_ENV": "production", "NODE_PATH": str(folder / "node_modules")}


def _fastapi_command(folder: Path, port: int) -> list[str]:
    python = str(folder / "bin" / "python")
    application = ["--app-dir", str(HERE / "fastapi_opencv"), "app:app", "--no-access-log"]
    return [python, "-m", "uvicorn", *application, "--port", str(port)]


def _thumbor(name: str, level: int, *, extra: bool) -> Peer:
    return Peer(
        name=name,
        folder="thumbor",
        settings=f"`--processes {CORES}`; pictures from a local file, so that it pays for no "
        "upload; `convolution`, or `blur` for the Gaussian; gray comes back as RGB; PNG level "
        f"{level}; colour of half the resolution in JPEG, as it has no setting for that",
        install=partial(install_python, "thumbor"),
        command=partial(_thumbor_command, level=level),
        request=_thumbor_request,
        health="/healthcheck",
        ready="/healthcheck",
        extra=extra,
    )


OURS = Peer(
    name="the service",
    folder="service",
    settings="`python -m service` with its default settings",
    install=lambda _folder: None,
    command=_service_command,
    request=_service_request,
    environment=_service_environment,
    ready="/readyz",
)
SHARP = Peer(
    name="sharp + Fastify",
    folder="sharp",
    settings=f"`sharp.concurrency({CORES})`; `convolve()`, or `blur()` for the Gaussian; PNG "
    "level 6 unless told otherwise; colour of full resolution in JPEG",
    install=partial(install_node, "sharp"),
    command=_sharp_command,
    request=_form_request,
    environment=_sharp_environment,
    levels=(*LEVELS, *(f"{level} adaptive" for level in LEVELS)),
)
FASTAPI_OPENCV = Peer(
    name="FastAPI + OpenCV",
    folder="fastapi_opencv",
    settings="one uvicorn process with uvloop and httptools, work in FastAPI's threads and "
    "OpenCV's; `filter2D`, or `GaussianBlur` of 51x51 for the Gaussian; PNG as OpenCV does by "
    "default; colour of full resolution in JPEG",
    install=partial(install_python, "fastapi_opencv"),
    command=_fastapi_command,
    request=_form_request,
    levels=LEVELS,
)
PEERS = (
    OURS,
    FASTAPI_OPENCV,
    SHARP,
    _thumbor("thumbor", 6, extra=False),
    _thumbor("thumbor, PNG level 1", 1, extra=True),
)
