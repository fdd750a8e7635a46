"""The least that a request costs: decoding, convolving and encoding, called bare in one process.

The codecs are the service's own, the convolution is OpenCV's on 8-bit samples: no HTTP, no
specification, no plan, no other process.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np

from service.app import job_limits
from service.formats.decoding import decode_picture
from service.formats.encoding import encode_picture
from service.formats.picture import Picture
from service.formats.table import FORMATS
from service.settings import Settings
from tests.bench.cases import Case


def bare(case: Case) -> Callable[[], object]:
    """What computes a case's answer with nothing around it."""
    file, limits = case.file(), job_limits(Settings(workers=1)).picture
    taps, output = case.taps.values / case.taps.values.sum(), FORMATS[case.output]
    line = taps.sum(axis=0) if case.taps.sigma is not None else None

    def run() -> object:
        samples = decode_picture(file, limits).samples
        if line is None:
            levels = cv2.filter2D(samples, -1, taps)
        else:
            levels = cv2.sepFilter2D(samples, -1, line, line)
        height, width = samples.shape[:2]
        shaped = np.ascontiguousarray(levels).reshape(height, width, -1)
        return encode_picture(Picture(shaped), output)

    return run


def processor_seconds(run: Callable[[], object], seconds: float) -> list[float]:
    """What each run computes, for so many seconds; at least once."""
    taken: list[float] = []
    while sum(taken) < seconds:
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return taken
