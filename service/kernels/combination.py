"""Several kernels at once, their results combined sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from service.convolution.arrays import Array
from service.errors import InvalidRequest
from service.kernels.kernel import Combine, Kernel, KernelBank, KernelLimits
from service.kernels.layout import centred, oriented, oriented_shape
from service.kernels.specification import Extent, KernelSpecification, NormalizeRule

MOST_KERNELS = 64


def _is_single(value: object) -> bool:
    return isinstance(value, KernelSpecification) and not isinstance(value, CombinationKernel)


def _kernels(value: object) -> tuple[KernelSpecification, ...]:
    """Specifications as ``parsing`` makes them, which is where the caller's JSON is read."""
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_KERNELS:
        raise ValueError(f"must be an array of 1 to {MOST_KERNELS} kernels")
    if not all(_is_single(each) for each in value):
        raise ValueError("must be kernels that are no combinations themselves")
    return tuple(value)


Kernels = Annotated[
    tuple[KernelSpecification, ...],
    PlainValidator(_kernels),
    PlainSerializer(
        lambda kernels: [each.model_dump(mode="json") for each in kernels], return_type=list[Any]
    ),
    # What each may be stands in ``description.kernel_schema``.
    WithJsonSchema({"type": "array", "items": {}, "minItems": 1, "maxItems": MOST_KERNELS}),
]


class CombinationKernel(KernelSpecification):
    """Several kernels on the same input, their results combined sample by sample.

    Kernels of different shapes lie in zeros of the largest, their origins, tap (k - 1) // 2 of
    each axis, on one another. An entry that has several kernels of its own, as a gradient's
    magnitude has, joins in where it combines them in the same way and that way is no mean.
    """

    family: ClassVar[str] = "custom"
    source: ClassVar[str] = "the request"
    dimensions: ClassVar[tuple[int, ...]] = (1, 2)
    # Where the kernels stand, below the place of this one.
    place: ClassVar[str] = "/kernels"

    name: Literal["combination"]
    kernels: Kernels = Field(
        description=f"1 to {MOST_KERNELS} kernels: names, objects with a name, or arrays."
    )
    combine: Annotated[Combine, Field(strict=False)] = Field(
        default=Combine.MAGNITUDE,
        description="magnitude: the square root of the sum of squares; max, sum or mean. "
        "One kernel alone is as it is.",
    )

    def extent(self) -> Extent:
        """The largest sides of the kernels: of 1-D ones alone (taps,), else on a picture."""
        shapes = [each.extent().shape for each in self.kernels]
        lines = all(len(shape) == 1 for shape in shapes)
        if lines and all(each.laid_along() == "both" for each in self.kernels):
            return Extent(max(shapes), self.place)
        return Extent(_common([each.built_shape(2, at) for at, each in self._members("")]))

    def compute(self) -> tuple[Array, ...]:
        """The taps of each kernel, built for their own dimensions."""
        dimensions = len(self.extent().shape)
        return tuple(kernel.taps for kernel in self.build(dimensions).kernels)

    def built_shape(self, dimensions: int, pointer: str) -> tuple[int, ...]:
        """The largest sides of the kernels, each turned as it is asked to be."""
        shapes = [each.built_shape(dimensions, at) for at, each in self._members(pointer)]
        return _common([oriented_shape(shape, self.rotate, self.flip, pointer) for shape in shapes])

    def check_limits(self, dimensions: int, limits: KernelLimits, pointer: str) -> None:
        """Raise ``LimitExceeded`` where one kernel is too large, or all of them together."""
        for at, each in self._members(pointer):
            each.check_limits(dimensions, limits, at)
        shape = self.built_shape(dimensions, pointer)
        limits.check_total(shape, len(self.kernels), pointer + self.place)

    def build_with(
        self, dimensions: int, beside: NormalizeRule | None, limits: KernelLimits, pointer: str
    ) -> KernelBank:
        """The kernels of all in one bank; ``normalize`` is for those that don't say themselves."""
        self.check_limits(dimensions, limits, pointer)
        rule = beside if self.normalize is None else self._rule(beside, pointer)
        members: list[Kernel] = []
        for at, each in self._members(pointer):
            members += self._joining(each.build_with(dimensions, rule, limits, at), at)
        shape = self.built_shape(dimensions, pointer)
        limits.check_total(shape, len(members), pointer + self.place)
        framed = [
            replace(each, values=centred(oriented(each.values, self.rotate, self.flip), shape))
            for each in members
        ]
        return self._finished(framed, self.combine if len(framed) > 1 else None, pointer)

    def _members(self, pointer: str) -> list[tuple[str, KernelSpecification]]:
        """Each kernel with its place in the request."""
        places = (f"{pointer}{self.place}/{index}" for index in range(len(self.kernels)))
        return list(zip(places, self.kernels, strict=True))

    def _joining(self, bank: KernelBank, pointer: str) -> tuple[Kernel, ...]:
        """The kernels of one member; ``InvalidRequest`` where they can't be taken singly.

        Of magnitudes, maxima and sums the whole is that of all the parts; not so of means.
        """
        if bank.combine is None:
            return bank.kernels
        if bank.combine is not self.combine or bank.combine is Combine.MEAN:
            detail = (
                f"combines kernels of its own by {bank.combine}, and these by {self.combine}: "
                "choose one direction, or combine all in the same way"
            )
            raise InvalidRequest.at(pointer, detail)
        if bank.bias != 0:
            detail = "must be 0 for one that has several kernels, in a combination"
            raise InvalidRequest.at(f"{pointer}/bias", detail)
        return bank.kernels


class KernelList(CombinationKernel):
    """The combination that a bare array of kernels is short for."""

    place: ClassVar[str] = ""


def _common(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The largest of each side."""
    return tuple(map(max, zip(*shapes, strict=True)))
