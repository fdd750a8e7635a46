"""The table of engines as tests go through it: a compiled one once for each instruction set."""

from __future__ import annotations

from dataclasses import dataclass

from service.convolution.engines import ENGINES, Engine
from service.convolution.native import INSTRUCTION_SETS, NativeEngines, load


@dataclass(frozen=True)
class Entry:
    """An engine, and the compiled engines that it is of, if it is."""

    engine: Engine
    native: NativeEngines | None = None

    def __str__(self) -> str:
        built = f"-{self.native.instruction_set}" if self.native else ""
        return f"{self.engine.name}-{self.engine.dimensions}d{built}"


BUILT = [engines for name in INSTRUCTION_SETS if (engines := load(name)) is not None]
ENTRIES = [
    entry
    for engine in ENGINES
    for entry in ([Entry(engine, each) for each in BUILT] if engine.native else [Entry(engine)])
]
