"""Whole jobs, as a worker does them, without HTTP: their time and their memory."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import scipy.signal
from PIL import Image

from service.app import job_limits
from service.pipelines.pictures import convolve_picture
from service.pipelines.signals import JSON_BODY, convolve_signal
from service.settings import Settings
from tests.bench.apart import in_process
from tests.bench.measure import Candidates, compare
from tests.bench.peak_memory import growth_mebibytes
from tests.bench.pictures import encoded, rgb_1080p
from tests.bench.tables import Chart, Section, Table, Target, comparison, significant

LAPLACIAN = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])
PICTURE = "1080p JPEG in, laplacian, PNG out"
MILLION = 1_000_000
# Milliseconds that the project set itself for a million samples, by format.
SIGNAL_BOUNDS = {"json": 150.0, "npy": 15.0}
LARGE_SHAPE = (3000, 4000)
MEMORY_KERNELS = {
    "Laplacian": '"laplacian"',
    "50x50 Gaussian": '{"name": "gaussian", "size": 50, "sigma": 10}',
}
# Peak memory of a picture's job, times the decoded picture.
MEMORY_BOUND = 5.0


def section(*, quick: bool = False) -> Section:
    """Pictures and signals from bytes to bytes."""
    cv2.setNumThreads(1)
    cases = {PICTURE: picture_case(), **signal_cases()}
    medians = {case: compare(each, rounds=3 if quick else 7) for case, each in cases.items()}
    memory = memory_by_kernel()
    milliseconds = {name: 1e3 * value for name, value in medians[PICTURE].items()}
    rows = [[kernel, significant(value)] for kernel, value in memory.items()]
    height, width = LARGE_SHAPE
    title = f"Peak memory of {width}x{height} RGB, JPEG in, PNG out, times the decoded picture"
    return Section(
        "Whole jobs, in one process",
        [comparison("From bytes to bytes", medians), Table(title, ["kernel", "times"], rows)],
        charts=[Chart("A whole job, in one process", "milliseconds", {PICTURE: milliseconds})],
        targets=targets(medians, memory),
    )


def targets(
    medians: Mapping[str, Mapping[str, float]], memory: Mapping[str, float]
) -> list[Target]:
    """Times of large signals, and memory of large pictures."""
    times = [
        Target(_signal_title(MILLION, kind), bound, 1e3 * medians[title]["the job"], "ms")
        for kind, bound in SIGNAL_BOUNDS.items()
        for title in [_signal_title(MILLION, kind)]
    ]
    peaks = [
        Target(
            f"peak memory over the decoded picture, 12 megapixels, {kernel}",
            MEMORY_BOUND,
            value,
            "times",
        )
        for kernel, value in memory.items()
    ]
    return times + peaks


def limits() -> dict[str, Any]:
    """Those of a service with its default settings."""
    return asdict(job_limits(Settings(workers=1)))


def picture_case() -> Candidates:
    """A job beside an afternoon's script for the same."""
    file = encoded(rgb_1080p(), "jpeg")
    parts = {"image": memoryview(file), "kernel": memoryview(b"laplacian")}
    bounds = limits()

    def afternoon() -> None:
        picture = np.asarray(Image.open(io.BytesIO(file)))
        channels = [
            scipy.signal.convolve2d(picture[:, :, c], LAPLACIAN, "same", "symm") for c in range(3)
        ]
        result = np.clip(np.stack(channels, axis=2), 0, 255).astype(np.uint8)
        Image.fromarray(result).save(io.BytesIO(), "PNG")

    return {
        "the job": lambda: convolve_picture(parts, output="png", include=(), limits=bounds),
        "Pillow + scipy + Pillow": afternoon,
    }


def signal_cases() -> dict[str, Candidates]:
    """Signals in and out, as JSON and as ``.npy``."""
    random, bounds = np.random.default_rng(3), limits()
    cases: dict[str, Candidates] = {}
    for samples in (300, MILLION):
        signal = random.random(samples)
        for kind, parts in (("json", _json_parts(signal)), ("npy", _npy_parts(signal))):
            job = partial(convolve_signal, parts, output=kind, include=(), limits=bounds)
            cases[_signal_title(samples, kind)] = {"the job": job}
    return cases


def _signal_title(samples: int, kind: str) -> str:
    return f"{samples:,} samples, {kind} in and out"


def _json_parts(signal: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, memoryview]:
    numbers = b",".join(b"%.6f" % each for each in signal)
    return {JSON_BODY: memoryview(b'{"signal": [%s], "kernel": "hann"}' % numbers)}


def _npy_parts(signal: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, memoryview]:
    file = io.BytesIO()
    np.save(file, signal)
    return {"signal": file.getbuffer(), "kernel": memoryview(b"hann")}


def memory_by_kernel() -> dict[str, float]:
    """The growth of a process that works on a large picture, times the decoded picture."""
    height, width = LARGE_SHAPE
    with TemporaryDirectory() as folder:
        for name, size in (("small", (64, 64)), ("large", (width, height))):
            file = encoded(cv2.resize(rgb_1080p(), size), "jpeg")
            (Path(folder) / name).write_bytes(file)
        return {
            name: in_process(growth_of_job, folder, kernel) / (3 * height * width / 2**20)
            for name, kernel in MEMORY_KERNELS.items()
        }


def growth_of_job(folder: str, kernel: str) -> float:
    """Mebibytes that the large picture's job takes after the small one's."""
    bounds = limits()

    def job(name: str) -> None:
        file = (Path(folder) / name).read_bytes()
        parts = {"image": memoryview(file), "kernel": memoryview(kernel.encode())}
        convolve_picture(parts, output="png", include=(), limits=bounds)

    job("small")
    return growth_mebibytes(partial(job, "large"))
