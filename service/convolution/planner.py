"""Choosing an engine, in a way that can be explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.convolution.engines import ENGINES, Engine
from service.convolution.options import Method
from service.convolution.workload import Workload
from service.errors import InvalidRequest, LimitExceeded


@dataclass(frozen=True)
class Plan:
    """How a convolution is computed, and why so."""

    engine: Engine
    workload: Workload
    forced: bool

    @property
    def work(self) -> float:
        """Estimated multiply-adds."""
        return self.engine.multiply_adds(self.workload)

    @property
    def nanoseconds(self) -> float:
        """Estimated time on one core."""
        return self.engine.nanoseconds(self.workload)

    @property
    def tile(self) -> tuple[int, ...] | None:
        """The size of the tiles that the engine works in, if it does."""
        return self.engine.tiling(self.workload).tile if self.engine.tiling else None

    @property
    def reason(self) -> str:
        """One sentence for people."""
        if self.forced:
            return f"method {self.engine.method} was asked for"
        others = [
            f"{engine.name} {_milliseconds(engine, self.workload)}"
            for engine in _able(self.workload)
            if engine is not self.engine
        ]
        mine = f"the cheapest by estimate, {_milliseconds(self.engine, self.workload)}"
        return f"{mine} ({', '.join(others)})" if others else mine

    def facts(self) -> dict[str, Any]:
        """The plan as JSON-able data."""
        factors = self.workload.kernel.factors
        return {
            "method": self.engine.method.value,
            "engine": self.engine.name,
            "passes": self.engine.passes(self.workload),
            "phases": self.workload.phases,
            "separable": factors is not None,
            "tile": list(self.tile) if self.tile else None,
            "precision": self.workload.precision.__name__,
            "multiply_adds": round(self.work),
            "reason": self.reason,
        }


def plan(workload: Workload, method: Method = Method.AUTO, *, extreme: bool = False) -> Plan:
    """The cheapest engine for the workload, or the one that ``method`` forces.

    ``extreme`` says that samples, taps or their products come near the end of the number
    range, where a transform or a pass may overflow though the sum does not: then ``auto``
    takes the sum. ``InvalidRequest`` where the forced method can't compute this kernel.
    """
    able = _able(workload)
    if method is Method.AUTO:
        candidates = [e for e in able if not extreme or e.method is Method.DIRECT]
    else:
        candidates = [engine for engine in able if engine.method is method and engine.forceable]
        if not candidates:
            raise InvalidRequest.at("/method", _impossible(workload))
    cheapest = min(candidates, key=lambda engine: engine.nanoseconds(workload))
    return Plan(cheapest, workload, forced=method is not Method.AUTO)


def check_work(plans: Sequence[Plan], max_multiply_adds: float) -> None:
    """``LimitExceeded`` where the plans' estimated work together is over the limit."""
    work = sum(plan.work for plan in plans)
    if work > max_multiply_adds:
        raise LimitExceeded(
            f"this convolution needs about {work:.2g} multiply-adds; "
            f"the limit is {max_multiply_adds:.2g}"
        )


def _able(workload: Workload) -> list[Engine]:
    return [engine for engine in ENGINES if engine.can(workload.kernel)]


def _impossible(workload: Workload) -> str:
    if workload.kernel.values.ndim == 1:
        return "separable means two passes over a picture; a 1-D convolution has one"
    return "this kernel is not separable: it is no outer product of a column and a row"


def _milliseconds(engine: Engine, workload: Workload) -> str:
    return f"{engine.nanoseconds(workload) / 1e6:.3g} ms"
