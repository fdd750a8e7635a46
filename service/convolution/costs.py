"""What the steps of an engine cost on this machine, as data that can be measured anew.

``python -m tests.bench.calibrate`` measures them and writes a file; ``use_costs`` has the
planner go by it. The costs of a machine that was never calibrated were measured on one core of
an AMD EPYC with AVX-512, with the wheels of OpenCV and scipy, and the compiled engines built for
each instruction set. Only their ratios matter.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from service.convolution.samples import Precision


@dataclass(frozen=True)
class PrecisionCosts:
    """Nanoseconds on one core, for samples of one precision.

    ``direct_sample`` and ``direct_tap``: of a sample of the result, and of each tap besides, in
    the sum itself; ``pass_sample``, ``row_tap`` and ``column_tap``: the same of one pass;
    ``picture_tiles`` and ``signal_tiles``: of a sample in a tile of that side, filtered by
    transforms; ``picture_step`` and ``signal_step``: of a sample, and of a doubling of the length,
    in a single transform of all.
    """

    direct_sample: float
    direct_tap: float
    pass_sample: float
    row_tap: float
    column_tap: float
    picture_tiles: Mapping[int, float]
    signal_tiles: Mapping[int, float]
    picture_step: float
    signal_step: float


@dataclass(frozen=True)
class NativePrecisionCosts:
    """Nanoseconds on one core of the compiled engines, for samples of one precision.

    ``direct_sample`` and ``direct_tap``: of a sample of the result, and of each tap besides, in
    the sum itself; ``pass_sample`` and ``pass_tap``: the same in two passes, of the taps of both;
    ``line_sample`` and ``line_tap``: in the sum over a signal; ``picture_tiles`` and
    ``signal_tiles``: how many times the time that ``native.tiles`` estimates transforms take;
    ``far_sample``: of a sample besides, in pictures that are larger than the caches, and
    ``far_pass_sample`` where two passes fetch them.
    """

    direct_sample: float
    direct_tap: float
    pass_sample: float
    pass_tap: float
    line_sample: float
    line_tap: float
    picture_tiles: float
    signal_tiles: float
    far_sample: float
    far_pass_sample: float


@dataclass(frozen=True)
class NativeCosts:
    """Those of one instruction set."""

    float32: NativePrecisionCosts
    float64: NativePrecisionCosts

    def of(self, precision: Precision) -> NativePrecisionCosts:
        """Those of one precision."""
        return self.float32 if precision is np.float32 else self.float64


@dataclass(frozen=True)
class Costs:
    """Nanoseconds on one core.

    ``line_sample``, ``line_tap``: of numpy.convolve, ``line_short_tap`` of its loops for up to
    eleven taps, and ``line_call`` of calling it; ``call``: of what an engine does once;
    ``transform_call``: the same where it transforms; ``native_call``: the same of a compiled sum.
    The other costs of compiled engines ``native`` has for each instruction set.
    """

    float32: PrecisionCosts
    float64: PrecisionCosts
    line_sample: float
    line_tap: float
    line_short_tap: float
    line_call: float
    call: float
    transform_call: float
    native_call: float
    native: Mapping[str, NativeCosts]

    def of(self, precision: Precision) -> PrecisionCosts:
        """Those of one precision."""
        return self.float32 if precision is np.float32 else self.float64

    def to_json(self) -> str:
        """As ``from_json`` reads it."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @staticmethod
    def from_json(text: str | bytes) -> Costs:
        """The costs that ``to_json`` wrote; a ValueError for anything else."""
        try:
            return _costs(json.loads(text))
        except (TypeError, KeyError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError("these are no costs as the calibration writes them") from error


_PRECISIONS, _TABLES = ("float32", "float64"), ("picture_tiles", "signal_tiles")


def _costs(document: dict[str, Any]) -> Costs:
    each: dict[str, Any] = {
        name: _precision_costs(value) if name in _PRECISIONS else _positive(value)
        for name, value in document.items()
        if name != "native"
    }
    native = {name: _native_costs(value) for name, value in document["native"].items()}
    if missing := DEFAULT_COSTS.native.keys() - native.keys():
        raise ValueError(f"there are no costs of {', '.join(sorted(missing))}")
    return Costs(**each, native=native)


def _native_costs(document: dict[str, Any]) -> NativeCosts:
    return NativeCosts(
        **{
            precision: NativePrecisionCosts(**{k: _positive(v) for k, v in value.items()})
            for precision, value in document.items()
        }
    )


def _precision_costs(document: dict[str, Any]) -> PrecisionCosts:
    each: dict[str, Any] = {
        name: _table(value) if name in _TABLES else _positive(value)
        for name, value in document.items()
    }
    return PrecisionCosts(**each)


def _table(document: dict[str, Any]) -> dict[int, float]:
    if not document or not all(side.isdecimal() and int(side) for side in document):
        raise ValueError("a table of tiles has at least one, and positive sides")
    table = {int(side): _positive(number) for side, number in document.items()}
    return dict(sorted(table.items()))


def _positive(number: Any) -> float:
    if type(number) not in (int, float) or not 0 < number < math.inf:
        raise ValueError("a cost is a positive number of nanoseconds")
    return float(number)


DEFAULT_COSTS = Costs(
    float32=PrecisionCosts(
        direct_sample=0.2,
        direct_tap=0.03,
        pass_sample=0.22,
        row_tap=0.027,
        column_tap=0.04,
        picture_tiles={
            64: 4.4, 96: 3.9, 128: 3.0, 160: 3.3, 192: 3.3, 256: 3.0, 320: 3.4, 384: 3.4,
            512: 3.3, 640: 3.7, 768: 5.4, 1024: 4.2, 2048: 5.5, 4096: 6.0,
        },
        signal_tiles={
            1024: 2.3, 2048: 1.9, 4096: 1.8, 8192: 1.9, 16384: 2.3, 32768: 3.1, 65536: 4.5,
            131072: 4.8, 262144: 4.4, 524288: 4.3,
        },
        picture_step=0.33,
        signal_step=0.49,
    ),
    float64=PrecisionCosts(
        direct_sample=0.4,
        direct_tap=0.082,
        pass_sample=0.3,
        row_tap=0.083,
        column_tap=0.12,
        picture_tiles={
            64: 5.2, 96: 5.4, 128: 4.9, 160: 5.4, 192: 5.6, 256: 5.8, 320: 6.0, 384: 6.3,
            512: 6.7, 640: 7.0, 768: 8.4, 1024: 9.5, 2048: 13.0,
        },
        signal_tiles={
            1024: 3.4, 2048: 3.0, 4096: 3.0, 8192: 3.6, 16384: 4.4, 32768: 6.4, 65536: 8.3,
            131072: 7.5, 262144: 6.8, 524288: 8.9,
        },
        picture_step=0.69,
        signal_step=0.77,
    ),
    line_sample=4.4,
    line_tap=0.083,
    line_short_tap=0.14,
    line_call=9000.0,
    call=8000.0,
    transform_call=65000.0,
    native_call=5500.0,
    native={
        # direct, pass, line: sample and tap each; tiles of pictures and signals; far, and far pass
        "avx512": NativeCosts(
            NativePrecisionCosts(0.14, 0.0122, 0.17, 0.0175, 0.1, 0.016, 1.07, 1.02, 0.13, 0.22),
            NativePrecisionCosts(0.245, 0.0254, 0.2, 0.045, 0.2, 0.031, 1.09, 0.98, 0.25, 0.5),
        ),
        "avx2": NativeCosts(
            NativePrecisionCosts(0.09, 0.0195, 0.12, 0.0275, 0.1, 0.026, 1.67, 1.69, 0.09, 0.35),
            NativePrecisionCosts(0.12, 0.0375, 0.22, 0.055, 0.11, 0.049, 1.67, 1.67, 0.2, 0.6),
        ),
        "base": NativeCosts(
            NativePrecisionCosts(0.01, 0.049, 0.24, 0.06, 0.13, 0.044, 3.2, 3.1, 0.12, 0.45),
            NativePrecisionCosts(0.01, 0.098, 0.4, 0.135, 0.16, 0.082, 3.3, 3.15, 0.13, 0.4),
        ),
    },
)  # fmt: skip

_COSTS: ContextVar[Costs] = ContextVar("costs", default=DEFAULT_COSTS)


def costs() -> Costs:
    """What the planner goes by; ``DEFAULT_COSTS`` unless told."""
    return _COSTS.get()


@contextmanager
def use_costs(measured: Costs) -> Iterator[None]:
    """Within the block the planner goes by these, in this thread."""
    token = _COSTS.set(measured)
    try:
        yield
    finally:
        _COSTS.reset(token)
