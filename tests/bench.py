"""``make bench``: the engines and whole jobs beside what one would otherwise write.

Machines are shared and noisy: the candidates of a case take turns, and what counts is the
ratio of their medians. Printed as Markdown.
"""

from __future__ import annotations

import io
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict

import cv2
import numpy as np
import scipy.signal
from PIL import Image

from service.app import job_limits
from service.convolution.convolve import Options, convolve
from service.convolution.options import Boundary
from service.pipelines.pictures import convolve_picture
from service.pipelines.signals import JSON_BODY, convolve_signal
from service.settings import Settings

ROUNDS = 7
# A candidate that takes longer than this is run fewer times.
PATIENCE_SECONDS = 3.0

Candidates = Mapping[str, Callable[[], object]]


def compare(candidates: Candidates) -> dict[str, float]:
    """The median seconds of each candidate, from runs taken turn by turn."""
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for name, run in candidates.items():
            if sum(seconds[name]) > PATIENCE_SECONDS:
                continue
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in seconds.items()}


def row(case: str, candidates: Candidates) -> str:
    """A line of the table: the first candidate is ours, the others are told as ratios to it."""
    medians = compare(candidates)
    (ours, mine), *others = medians.items()
    told = ", ".join(f"{name} {each * 1e3:.3g} ms ({each / mine:.1f}x)" for name, each in others)
    return f"| {case} | {ours} | {mine * 1e3:.3g} | {told} |"


def picture_cases() -> list[str]:
    """Dense and separable kernels on float32 pictures."""
    random = np.random.default_rng(1)
    rows = []
    for shape in ((512, 512, 1), (1080, 1920, 3)):
        picture = random.random(shape, np.float32)
        for size, separable in ((3, False), (7, False), (15, False), (31, False), (50, True)):
            column, line = random.random(size), random.random(size)
            kernel = np.outer(column, line) if separable else random.random((size, size))
            rows.append(_picture_row(picture, kernel, separable=separable))
    return rows


def _picture_row(picture: np.ndarray, kernel: np.ndarray, *, separable: bool) -> str:
    options = Options(boundary=Boundary.CONSTANT, precision=np.float32)
    plan = convolve(picture, kernel, options)[1]
    candidates = {
        plan.engine.name: lambda: convolve(picture, kernel, options),
        "OpenCV filter2D": lambda: cv2.filter2D(
            picture, -1, kernel[::-1, ::-1], borderType=cv2.BORDER_CONSTANT
        ),
    }
    if picture.size * kernel.size < 1e9:
        candidates["scipy convolve2d"] = lambda: [
            scipy.signal.convolve2d(picture[:, :, channel], kernel, "same")
            for channel in range(picture.shape[2])
        ]
    kind = "rank 1" if separable else "dense"
    height, width, channels = picture.shape
    return row(f"{width}x{height}x{channels}, {len(kernel)}x{len(kernel)} {kind}", candidates)


def signal_cases() -> list[str]:
    """float64 signals."""
    random = np.random.default_rng(2)
    rows = []
    for samples, taps in ((300, 50), (10_000, 50), (1_000_000, 50), (1_000_000, 1000)):
        signal, kernel = random.random(samples), random.random(taps)
        plan = convolve(signal, kernel, Options())[1]
        candidates = {
            plan.engine.name: lambda s=signal, k=kernel: convolve(s, k, Options()),
            "numpy": lambda s=signal, k=kernel: np.convolve(s, k, "same"),
            "scipy oaconvolve": lambda s=signal, k=kernel: scipy.signal.oaconvolve(s, k, "same"),
        }
        rows.append(row(f"{samples:,} samples, {taps} taps", candidates))
    return rows


def job_cases() -> list[str]:
    """Whole jobs, as a worker does them, without HTTP."""
    limits = asdict(job_limits(Settings(workers=1)))
    random = np.random.default_rng(3)
    smooth = cv2.GaussianBlur(random.integers(0, 256, (1080, 1920, 3), np.uint8), (0, 0), 3)
    encoded = io.BytesIO()
    Image.fromarray(smooth).save(encoded, "JPEG", quality=90)
    parts = {"image": memoryview(encoded.getvalue()), "kernel": memoryview(b"laplacian")}
    laplacian = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])
    body = b'{"signal": [%s], "kernel": "hann"}' % b",".join(
        b"%.6f" % each for each in random.random(1_000_000)
    )

    def afternoon() -> None:
        picture = np.asarray(Image.open(io.BytesIO(encoded.getvalue())))
        channels = [
            scipy.signal.convolve2d(picture[:, :, c], laplacian, "same", "symm") for c in range(3)
        ]
        result = np.clip(np.stack(channels, axis=2), 0, 255).astype(np.uint8)
        Image.fromarray(result).save(io.BytesIO(), "PNG")

    return [
        row(
            "1080p JPEG in, laplacian, PNG out",
            {
                "the job": lambda: convolve_picture(parts, output="png", include=(), limits=limits),
                "Pillow + scipy + Pillow": afternoon,
            },
        ),
        row(
            "a million samples, JSON in and out",
            {
                "the job": lambda: convolve_signal(
                    {JSON_BODY: memoryview(body)}, output="json", include=(), limits=limits
                )
            },
        ),
    ]


def main() -> None:
    """Print every table."""
    cv2.setNumThreads(1)
    write = sys.stdout.write
    for title, cases in (
        ("Pictures, float32, same, one thread", picture_cases),
        ("Signals, float64, same", signal_cases),
        ("Whole jobs", job_cases),
    ):
        write(f"\n## {title}\n\n| case | ours | median ms | others, and how many times ours |\n")
        write("|---|---|---|---|\n" + "\n".join(cases()) + "\n")


if __name__ == "__main__":
    main()
