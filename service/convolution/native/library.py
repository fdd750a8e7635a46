"""Finding the compiled modules, and the one that this processor runs fastest."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Final

from service.convolution.native.engines import Extension, NativeEngines

# The modules that are built, the fastest first; ``base`` runs on every processor.
INSTRUCTION_SETS: Final = ("avx512", "avx2", "base")


@cache
def load(instruction_set: str | None = None) -> NativeEngines | None:
    """The compiled engines, for one of ``INSTRUCTION_SETS`` or for the best of them.

    None where they were not built, or where the processor lacks the instruction set.
    """
    base = _built("base")
    if base is None:
        return None
    able: tuple[str, ...] = base.instruction_sets()
    for name in able if instruction_set is None else (instruction_set,):
        extension = _built(name) if name in able else None
        if extension is not None:
            return NativeEngines(name, extension)
    return None


def _built(name: str) -> Extension | None:
    module = f"{__package__}._{name}"
    try:
        extension: Extension = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return None
    return extension
