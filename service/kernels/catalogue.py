"""The table of kernels by name, and what can be said of an entry without building it."""

from __future__ import annotations

from collections.abc import Mapping

from service.kernels.blurs import BLURS
from service.kernels.combination import CombinationKernel
from service.kernels.compass import COMPASSES
from service.kernels.custom import CustomKernel
from service.kernels.edges import GRADIENTS
from service.kernels.effects import EFFECTS
from service.kernels.frequency_filters import FREQUENCY_FILTERS
from service.kernels.oriented import ORIENTED
from service.kernels.second_derivatives import SECOND_DERIVATIVES
from service.kernels.shapes import SHAPES
from service.kernels.signal_filters import SIGNAL_FILTERS
from service.kernels.smoothing import BoxKernel, GaussianKernel, IdentityKernel
from service.kernels.specification import KernelSpecification
from service.kernels.weighted_averages import WEIGHTED_AVERAGES
from service.kernels.windows import WINDOWS

Entry = type[KernelSpecification]


def entry_name(entry: Entry) -> str:
    """The name by which callers ask for ``entry``."""
    (name,) = entry.model_fields["name"].annotation.__args__  # type: ignore[union-attr]
    return str(name)


_ENTRIES: tuple[Entry, ...] = (
    GaussianKernel,
    BoxKernel,
    *WEIGHTED_AVERAGES,
    *GRADIENTS,
    *COMPASSES,
    *SECOND_DERIVATIVES,
    *EFFECTS,
    IdentityKernel,
    *SHAPES,
    *BLURS,
    *ORIENTED,
    *SIGNAL_FILTERS,
    *FREQUENCY_FILTERS,
    *WINDOWS,
    CustomKernel,
    CombinationKernel,
)

CATALOGUE: Mapping[str, Entry] = {entry_name(entry): entry for entry in _ENTRIES}


def complete_by_name(entry: Entry) -> bool:
    """Whether the name alone is a kernel: every parameter has a default."""
    fields = entry.model_fields.items()
    return not any(field.is_required() for name, field in fields if name != "name")


def entry_dimensions(entry: Entry) -> list[int]:
    """The dimensions that kernels of ``entry`` have of themselves: [1], [2], or either."""
    return list(entry.dimensions)
