"""The table of kernels by name, and what can be said of an entry without building it."""

from __future__ import annotations

from collections.abc import Mapping

from service.kernels.custom import CustomKernel
from service.kernels.edges import KirschKernel, PrewittKernel, ScharrKernel, SobelKernel
from service.kernels.effects import EmbossKernel, LaplacianKernel, SharpenKernel
from service.kernels.smoothing import BoxKernel, GaussianKernel, IdentityKernel
from service.kernels.specification import KernelSpecification, LineSpecification
from service.kernels.windows import WINDOWS

Entry = type[KernelSpecification]


def entry_name(entry: Entry) -> str:
    """The name by which callers ask for ``entry``."""
    (name,) = entry.model_fields["name"].annotation.__args__  # type: ignore[union-attr]
    return str(name)


_ENTRIES: tuple[Entry, ...] = (
    GaussianKernel,
    BoxKernel,
    SobelKernel,
    PrewittKernel,
    ScharrKernel,
    KirschKernel,
    LaplacianKernel,
    SharpenKernel,
    EmbossKernel,
    IdentityKernel,
    *WINDOWS,
    CustomKernel,
)

CATALOGUE: Mapping[str, Entry] = {entry_name(entry): entry for entry in _ENTRIES}


def complete_by_name(entry: Entry) -> bool:
    """Whether the name alone is a kernel: every parameter has a default."""
    fields = entry.model_fields.items()
    return not any(field.is_required() for name, field in fields if name != "name")


def entry_dimensions(entry: Entry) -> list[int]:
    """The dimensions that kernels of ``entry`` have of themselves: [1], [2], or either."""
    if entry is CustomKernel:
        return [1, 2]
    return [1] if issubclass(entry, LineSpecification) else [2]
