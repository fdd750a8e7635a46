"""What one could use instead of the engines, each with its fair settings and so many threads.

``ducc0`` and FFTW stand in for scipy's own transforms beneath scipy.signal.oaconvolve, which
cuts the samples into tiles as they like them best.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
import scipy.fft
import scipy.signal

from tests.bench.engine_cases import Case

Run = Callable[[], object]
# What is to be installed for which candidate; all of them are absent from the service itself.
OPTIONAL = {
    "ducc0": ("ducc0", "oaconvolve on ducc0"),
    "pyfftw": ("pyfftw", "oaconvolve on FFTW"),
    "pyvips": ("pyvips pyvips-binary", "libvips"),
    "torch": ("torch", "torch"),
}
# What takes seconds to minutes for more: scipy.signal.convolve2d and libvips; torch, which in
# float64 copies the samples under every tap; tiles in Python, a second each for 12 megapixels.
MOST_MULTIPLY_ADDS = 1.5e9
MOST_MULTIPLY_ADDS_OF_TORCH = {"float32": 1e10, "float64": 2e8}
MOST_SAMPLES_OF_TILES = 1e7


def missing() -> dict[str, str]:
    """The peers that can't be imported here, and how to get them."""
    return {
        candidate: f"not installed: python -m pip install {packages}"
        for module, (packages, candidate) in OPTIONAL.items()
        if not _has(module)
    }


def peers_of(case: Case, threads: int = 1) -> dict[str, Run]:
    """Every peer that computes a case in reasonable time, with so many threads.

    On several, those alone that take them; OpenCV was told before.
    """
    return _signal_peers(case, threads) if case.kind == "1-D" else _picture_peers(case, threads)


def _picture_peers(case: Case, threads: int) -> dict[str, Run]:
    picture, flipped = case.samples, np.ascontiguousarray(case.kernel[::-1, ::-1])
    taps = flipped.astype(picture.dtype)
    peers: dict[str, Run] = {
        "OpenCV filter2D": lambda: cv2.filter2D(picture, -1, taps, borderType=cv2.BORDER_CONSTANT)
    }
    if case.kind == "rank 1":
        column, row = taps[:, 0], taps[0] / taps[0, 0]
        peers["OpenCV sepFilter2D"] = lambda: cv2.sepFilter2D(
            picture, -1, row, column, borderType=cv2.BORDER_CONSTANT
        )
    if picture.size <= MOST_SAMPLES_OF_TILES:
        peers |= _oaconvolve(case, threads)
    if case.multiply_adds <= MOST_MULTIPLY_ADDS and threads == 1:
        peers["scipy convolve2d"] = lambda: [
            scipy.signal.convolve2d(plane, case.kernel.astype(plane.dtype), "same")
            for plane in np.moveaxis(picture, 2, 0)
        ]
        peers |= _libvips(case)
    if _has("torch") and case.multiply_adds <= MOST_MULTIPLY_ADDS_OF_TORCH[str(picture.dtype)]:
        peers["torch"] = _torch(case, threads)
    return peers


def _signal_peers(case: Case, threads: int) -> dict[str, Run]:
    signal, kernel = case.samples, case.kernel
    peers: dict[str, Run] = {}
    if case.multiply_adds <= MOST_MULTIPLY_ADDS and threads == 1:
        peers["numpy convolve"] = lambda: np.convolve(signal, kernel, "same")
    if threads == 1:
        peers["scipy convolve"] = lambda: scipy.signal.convolve(signal, kernel, "same")
    return peers | _oaconvolve(case, threads)


def _oaconvolve(case: Case, threads: int) -> dict[str, Run]:
    """scipy.signal.oaconvolve on each library of transforms."""
    axes = tuple(range(case.kernel.ndim))
    kernel = case.kernel.astype(case.samples.dtype)
    kernel = kernel.reshape(*kernel.shape, *[1] * (case.samples.ndim - kernel.ndim))

    def run() -> object:
        with scipy.fft.set_workers(threads):
            return scipy.signal.oaconvolve(case.samples, kernel, "same", axes=axes)

    def on(backend: Any) -> Run:
        def run_there() -> object:
            with scipy.fft.set_backend(backend, only=True):
                return run()

        return run_there

    peers: dict[str, Run] = {"scipy oaconvolve": run}
    if _has("ducc0"):
        peers["oaconvolve on ducc0"] = on(Ducc(threads))
    if _has("pyfftw"):
        peers["oaconvolve on FFTW"] = on(_fftw(threads))
    return peers


class Ducc:
    """ducc0 as scipy.fft knows its backends, as far as oaconvolve needs it."""

    __ua_domain__ = "numpy.scipy.fft"

    def __init__(self, threads: int) -> None:
        self._threads = threads

    def __ua_function__(self, method: Any, arguments: Any, options: Mapping[str, Any]) -> Any:
        import ducc0

        if method.__name__ not in ("rfftn", "irfftn"):
            return NotImplemented
        given = dict(zip(("x", "s", "axes"), arguments, strict=False)) | options
        samples, lengths, axes = given["x"], given["s"], given["axes"]
        if method.__name__ == "rfftn":
            filled = np.zeros(_with(samples.shape, axes, lengths), samples.dtype)
            filled[tuple(map(slice, samples.shape))] = samples
            return ducc0.fft.r2c(filled, axes=axes, nthreads=self._threads)
        return ducc0.fft.c2r(
            samples,
            axes=axes,
            lastsize=lengths[-1],
            forward=False,
            inorm=2,
            nthreads=self._threads,
        )


def _with(shape: Any, axes: Any, lengths: Any) -> list[int]:
    result = list(shape)
    for axis, length in zip(axes, lengths, strict=True):
        result[axis] = length
    return result


def _fftw(threads: int) -> Any:
    import pyfftw

    pyfftw.interfaces.cache.enable()
    pyfftw.config.NUM_THREADS = threads
    return pyfftw.interfaces.scipy_fft


def _libvips(case: Case) -> dict[str, Run]:
    if not _has("pyvips"):
        return {}
    import pyvips

    pyvips.cache_set_max(0)
    image = pyvips.Image.new_from_array(np.squeeze(case.samples))
    mask = pyvips.Image.new_from_array(case.kernel[::-1, ::-1].tolist())
    return {"libvips": lambda: image.conv(mask, precision="float").write_to_memory()}


def _torch(case: Case, threads: int) -> Run:
    import torch

    torch.set_num_threads(threads)
    planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(case.samples, 2, 0)))[:, None]
    taps = np.ascontiguousarray(case.kernel[::-1, ::-1].astype(case.samples.dtype))
    weights = torch.from_numpy(taps)[None, None]

    def run() -> object:
        with torch.no_grad():
            return torch.nn.functional.conv2d(planes, weights, padding="same")

    return run


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
