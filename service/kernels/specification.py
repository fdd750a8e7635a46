"""The models that every entry of the catalogue derives from, and how an entry is built."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from service.convolution.arrays import Array
from service.kernels.kernel import (
    Combine,
    Kernel,
    KernelBank,
    KernelLimits,
    Normalize,
    normalized,
    scaled,
)
from service.kernels.layout import Axes, Flip, laid, laid_shape, oriented, oriented_shape

MAX_SIZE = 1_048_576


def _odd(size: int) -> int:
    if size % 2 == 0:
        raise ValueError("must be odd, so that there is a middle")
    return size


Size = Annotated[int, Field(ge=1, le=MAX_SIZE)]
OddSize = Annotated[Size, AfterValidator(_odd)]
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


class NormalizeRule(NamedTuple):
    """What the taps are divided by, and the JSON Pointer of where the request says so."""

    normalize: Normalize
    pointer: str


class KernelSpecification(BaseModel, ABC):
    """Base of the catalogue's entries; the docstring of each is its summary for people.

    What every entry takes is done in this order: the taps are computed and laid on the
    dimensions, turned (``rotate``), mirrored (``flip``), divided (``normalize``) and
    multiplied (``scale``); ``bias`` is added to the result of the convolution.
    """

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )

    family: ClassVar[str]
    source: ClassVar[str]
    # Of the kernel itself, as ``extent`` has them: (1,), (2,), or (1, 2) where parameters say.
    dimensions: ClassVar[tuple[int, ...]] = (2,)
    default_normalize: ClassVar[Normalize] = Normalize.NONE

    name: str
    normalize: Annotated[Normalize, Field(strict=False)] | None = Field(
        default=None,
        description="What the taps are divided by; null leaves it to the request, "
        "and then to the kernel's own convention.",
    )
    rotate: int = Field(
        default=0,
        ge=-360,
        le=360,
        multiple_of=45,
        description="Degrees that the kernel is turned by, anticlockwise as seen on the picture: "
        "multiples of 90, and of 45 for 3x3 kernels, whose ring of eight taps goes round; "
        "of 180 for signals.",
    )
    flip: Flip | None = Field(
        default=None,
        description="Mirrors the kernel after it is turned: horizontal swaps left and right, "
        "vertical top and bottom; signals have horizontal alone.",
    )
    scale: float = Field(
        default=1.0,
        ge=-1e9,
        le=1e9,
        description="Factor on the taps after they are normalised; not zero.",
    )
    bias: float = Field(
        default=0.0,
        ge=-1e12,
        le=1e12,
        description="Added to each sample of the result, in the input's levels; "
        "where several kernels are combined, after that.",
    )

    @field_validator("scale")
    @classmethod
    def _not_zero(cls, scale: float) -> float:
        if scale == 0:
            raise ValueError("must not be zero")
        return scale

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

    def built_shape(self, dimensions: int, pointer: str) -> tuple[int, ...]:
        """The shape that the kernels are built in, before anything is computed.

        Raises ``InvalidRequest`` below ``pointer`` where the kernel doesn't fit the dimensions
        or can't be turned so.
        """
        shape = laid_shape(self.extent().shape, dimensions, self.laid_along(), pointer)
        return oriented_shape(shape, self.rotate, self.flip, pointer)

    def check_limits(self, dimensions: int, limits: KernelLimits, pointer: str) -> None:
        """Raise ``LimitExceeded`` below ``pointer`` where the kernel would be over ``limits``."""
        limits.check(self.built_shape(dimensions, pointer), pointer + self.extent().field)

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
        beside = None if normalize is None else NormalizeRule(normalize, "/normalize")
        return self.build_with(dimensions, beside, limits, pointer)

    def build_with(
        self, dimensions: int, beside: NormalizeRule | None, limits: KernelLimits, pointer: str
    ) -> KernelBank:
        """The same as ``build``, for a rule that may stand anywhere in the request."""
        self.check_limits(dimensions, limits, pointer)
        rule = self._rule(beside, pointer)
        with np.errstate(all="ignore"):
            arrays = [laid(values, dimensions, self.laid_along()) for values in self.compute()]
        turned = [oriented(array, self.rotate, self.flip) for array in arrays]
        kernels = [normalized(array, rule.normalize, pointer, rule.pointer) for array in turned]
        return self._finished(kernels, self.combination(), pointer)

    def _rule(self, beside: NormalizeRule | None, pointer: str) -> NormalizeRule:
        """What the taps are divided by, and where in the request that is said."""
        if self.normalize is not None:
            return NormalizeRule(self.normalize, f"{pointer}/normalize")
        return beside or NormalizeRule(self.default_normalize, pointer)

    def _finished(
        self, kernels: Sequence[Kernel], combine: Combine | None, pointer: str
    ) -> KernelBank:
        """The bank of normalised kernels, with ``scale`` and ``bias``."""
        factored = tuple(scaled(kernel, self.scale, f"{pointer}/scale") for kernel in kernels)
        if combine is not None:
            return KernelBank(factored, combine, self.bias)
        (single,) = factored
        return KernelBank((replace(single, bias=single.bias + self.bias),))


class LineSpecification(KernelSpecification):
    """Base of the 1-D entries: on a picture the outer product with itself, unless ``axes``."""

    dimensions: ClassVar[tuple[int, ...]] = (1,)

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
