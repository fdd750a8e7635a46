"""The models that every entry of the catalogue derives from, and how an entry is built."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from service.convolution.arrays import Array
from service.errors import InvalidRequest
from service.kernels.kernel import Combine, KernelBank, KernelLimits, Normalize, normalized

MAX_SIZE = 1_048_576

Axes = Literal["both", "rows", "columns"]
Size = Annotated[int, Field(ge=1, le=MAX_SIZE)]
Symmetric = Annotated[
    bool,
    Field(
        description="Whether the window is symmetric, as for filtering; false makes it periodic, "
        "as for spectral analysis."
    ),
]


class Extent(NamedTuple):
    """The shape of a kernel, known before it is computed, and the parameter that sets it."""

    shape: tuple[int, ...]
    field: str = ""


class KernelSpecification(BaseModel, ABC):
    """Base of the catalogue's entries; the docstring of each is its summary for people."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )

    family: ClassVar[str]
    source: ClassVar[str]
    default_normalize: ClassVar[Normalize] = Normalize.NONE

    name: str
    normalize: Annotated[Normalize, Field(strict=False)] | None = Field(
        default=None,
        description="What the taps are divided by; null leaves it to the request, "
        "and then to the kernel's own convention.",
    )

    @abstractmethod
    def extent(self) -> Extent:
        """The shape of the kernel: (taps,) or (rows, columns)."""

    @abstractmethod
    def compute(self) -> tuple[Array, ...]:
        """The values of each kernel of the bank, float64 of the shape that ``extent`` says."""

    def combination(self) -> Combine | None:
        """How the results of the kernels are combined; None where there is one kernel."""
        return None

    def laid_along(self) -> Axes:
        """The axes of a picture that a 1-D kernel is applied along."""
        return "both"

    def build(
        self,
        dimensions: int,
        normalize: Normalize | None = None,
        limits: KernelLimits = KernelLimits(),  # noqa: B008 (frozen)
        pointer: str = "/kernel",
    ) -> KernelBank:
        """The kernels for arrays of ``dimensions`` (1 for signals, 2 for pictures).

        The specification's own ``normalize`` wins over the argument, which wins over the
        entry's convention. Raises ``InvalidRequest`` where the kernel doesn't fit the
        dimensions, isn't finite or can't be normalised, ``LimitExceeded`` over ``limits``;
        faults lie below ``pointer``, the kernel's place in the request.
        """
        extent, axes = self.extent(), self.laid_along()
        shape = _laid_shape(extent.shape, dimensions, axes, pointer)
        limits.check(shape, pointer + extent.field)
        rule, place = self._rule(normalize, pointer)
        with np.errstate(all="ignore"):
            arrays = [_lay(values, dimensions, axes) for values in self.compute()]
        kernels = tuple(normalized(array, rule, pointer, place) for array in arrays)
        return KernelBank(kernels, self.combination())

    def _rule(self, beside: Normalize | None, pointer: str) -> tuple[Normalize, str]:
        """What the taps are divided by, and where in the request that is said."""
        if self.normalize is not None:
            return self.normalize, f"{pointer}/normalize"
        if beside is not None:
            return beside, "/normalize"
        return self.default_normalize, pointer


class LineSpecification(KernelSpecification):
    """Base of the 1-D entries: on a picture the outer product with itself, unless ``axes``."""

    axes: Axes = Field(
        default="both",
        description="On a picture: both makes the outer product of the kernel with itself; "
        "rows slides it along the rows, horizontally; columns slides it vertically.",
    )

    def laid_along(self) -> Axes:
        """The axes that the caller chose."""
        return self.axes


class SquareSpecification(KernelSpecification):
    """Base of the 2-D entries of fixed size, 3x3."""

    def extent(self) -> Extent:
        """(3, 3)."""
        return Extent((3, 3))


def _laid_shape(
    shape: tuple[int, ...], dimensions: int, axes: Axes, pointer: str
) -> tuple[int, ...]:
    if len(shape) > dimensions:
        raise InvalidRequest.at(pointer, "a kernel of two dimensions needs a picture or a matrix")
    if axes == "both":
        return shape if len(shape) == dimensions else shape * 2
    if len(shape) == 2:
        detail = "must be both: rows and columns are for kernels of one dimension"
        raise InvalidRequest.at(f"{pointer}/axes", detail)
    if dimensions == 1:
        detail = "must be both: a signal of one dimension has no rows and columns"
        raise InvalidRequest.at(f"{pointer}/axes", detail)
    return (1, shape[0]) if axes == "rows" else (shape[0], 1)


def _lay(values: Array, dimensions: int, axes: Axes) -> Array:
    if values.ndim == dimensions:
        return values
    if axes == "both":
        return np.outer(values, values)
    return values[np.newaxis, :] if axes == "rows" else values[:, np.newaxis]
