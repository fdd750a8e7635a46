"""Requests that take as long as a test wants: sums computed one by one, with no shorter way."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, windows

SIGNALS = "/v1/signals/convolve"


def direct(
    samples: int, taps: int, factor: float = 1
) -> tuple[dict[str, Any], Callable[[], NDArray[np.float64]]]:
    """The arguments of ``client.post`` for such a request, and what computes its result."""
    values = factor * np.random.default_rng(5).random(samples)
    file = io.BytesIO()
    np.save(file, values)
    request = {
        "url": SIGNALS,
        "files": {"signal": file.getvalue()},
        "data": {"kernel": json.dumps({"name": "hann", "size": taps}), "method": "direct"},
        "params": {"format": "npy"},
    }
    window = windows.hann(taps)
    return request, partial(fftconvolve, values, window / window.sum(), mode="same")


def assert_direct_result(content: bytes, expected: Callable[[], NDArray[np.float64]]) -> None:
    """The ``.npy`` of an answer holds what was to be computed."""
    want = expected()
    np.testing.assert_allclose(
        np.load(io.BytesIO(content)), want, rtol=0, atol=1e-9 * np.abs(want).max()
    )
