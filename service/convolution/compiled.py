"""The engines compiled from C++, as the table of engines runs them, and whether they may be used.

Whoever knows says it once, with ``use_native``; unless told, the best that was built is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.convolution import native
from service.convolution.boundary import Border
from service.convolution.native import LevelScale, NativeEngines
from service.convolution.native.tiles import picture_tile, signal_tile
from service.convolution.samples import Precision
from service.convolution.threads import threads
from service.convolution.workload import KernelAnalysis

AUTO: Final = "auto"
OFF: Final = "off"

_NATIVE: ContextVar[NativeEngines | None] = ContextVar("native")


def native_engines() -> NativeEngines | None:
    """The compiled engines that the work in hand may use; the best there are unless told."""
    try:
        return _NATIVE.get()
    except LookupError:
        return native.load()


@contextmanager
def use_native(engines: NativeEngines | None) -> Iterator[None]:
    """Within the block these are used, or with None no compiled engine at all."""
    token = _NATIVE.set(engines)
    try:
        yield
    finally:
        _NATIVE.reset(token)


def select_native(name: str) -> NativeEngines | None:
    """The engines that a setting names: ``auto`` the best, ``off`` none, else an instruction set.

    None, too, where they were not built, or where the processor lacks the instruction set.
    """
    if name == OFF:
        return None
    return native.load(None if name == AUTO else name)


def native_in_use(name: str) -> str:
    """The instruction set of ``select_native(name)``, or ``off``, or ``absent``."""
    if name == OFF:
        return OFF
    engines = select_native(name)
    return "absent" if engines is None else engines.instruction_set


def native_tile(
    result: tuple[int, ...], taps: tuple[int, ...], precision: Precision
) -> tuple[int, int]:
    """The (rows, columns) in which a result (n,) or (height, width, channels) is transformed.

    Of a signal, their product is the length of a block.
    """
    itemsize = np.dtype(precision).itemsize
    lanes = _required().lanes(itemsize)
    if len(taps) == 1:
        return signal_tile(result[0], taps[0], lanes, itemsize)
    return picture_tile(result, taps, lanes, itemsize)


def run_direct_1d(
    signal: NDArray[Any], kernel: KernelAnalysis, precision: Precision, border: Border
) -> NDArray[Any]:
    """The sum itself, of a signal."""
    samples, taps = _taken(signal, precision), kernel.values.astype(precision)
    return _required().direct_signal(samples, taps, border, threads=threads())


def run_overlap_save_1d(
    signal: NDArray[Any], kernel: KernelAnalysis, precision: Precision, border: Border
) -> NDArray[Any]:
    """Transforms of blocks of a signal."""
    samples, taps = _taken(signal, precision), kernel.values.astype(precision)
    tile = native_tile(_result_shape(samples, taps.shape, border), taps.shape, precision)
    return _required().overlap_save_signal(samples, taps, border, threads=threads(), tile=tile)


def run_direct_2d(
    picture: NDArray[Any],
    kernel: KernelAnalysis,
    precision: Precision,
    border: Border,
    levels: LevelScale | None = None,
) -> NDArray[Any]:
    """The sum itself, of a picture; as levels where ``levels`` says how."""
    samples, taps = _taken(picture, precision), kernel.values.astype(precision)
    return _required().direct(samples, taps, border, levels=levels, threads=threads())


def run_two_pass(
    picture: NDArray[Any],
    kernel: KernelAnalysis,
    precision: Precision,
    border: Border,
    levels: LevelScale | None = None,
) -> NDArray[Any]:
    """A pass along each axis of a picture, for a kernel of rank 1."""
    if kernel.factors is None:
        raise ValueError("the two-pass engine was given a kernel of higher rank")
    column, row = (factor.astype(precision) for factor in kernel.factors)
    return _required().separable(
        _taken(picture, precision), column, row, border, levels=levels, threads=threads()
    )


def run_overlap_save_2d(
    picture: NDArray[Any],
    kernel: KernelAnalysis,
    precision: Precision,
    border: Border,
    levels: LevelScale | None = None,
) -> NDArray[Any]:
    """Transforms of tiles of a picture."""
    samples, taps = _taken(picture, precision), kernel.values.astype(precision)
    tile = native_tile(_result_shape(samples, taps.shape, border), taps.shape, precision)
    return _required().overlap_save(
        samples, taps, border, levels=levels, threads=threads(), tile=tile
    )


def _required() -> NativeEngines:
    engines = native_engines()
    if engines is None:
        raise ValueError("there are no compiled engines, or they are not to be used")
    return engines


def _taken(samples: NDArray[Any], precision: Precision) -> NDArray[Any]:
    """The samples as the engines take them: bytes as they are, all others in the precision."""
    return samples if samples.dtype == np.uint8 else np.asarray(samples, dtype=precision)


def _result_shape(samples: NDArray[Any], taps: tuple[int, ...], border: Border) -> tuple[int, ...]:
    sizes = zip(samples.shape, border.widths, taps, strict=False)
    lengths = tuple(n + before + after - k + 1 for n, (before, after), k in sizes)
    return (*lengths, *samples.shape[len(taps) :])
