"""The caller's own taps."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

from service.convolution.arrays import Array, numeric_array
from service.kernels.layout import Axes
from service.kernels.specification import Extent, KernelSpecification

_NUMBERS: dict[str, Any] = {"type": "array", "items": {"type": "number"}, "minItems": 1}
NESTED_NUMBERS: dict[str, Any] = {
    "anyOf": [_NUMBERS, {"type": "array", "items": _NUMBERS, "minItems": 1}]
}


def _taps(value: object, info: ValidationInfo) -> Array:
    pointer = (info.context or {}).get("values", "/kernel/values")
    # Taps that are no JSON, but a picture's, are an array already.
    array = value.copy() if isinstance(value, np.ndarray) else numeric_array(value, pointer)
    array.setflags(write=False)
    return array


# Not element by element through pydantic, which takes seconds for a million taps.
Taps = Annotated[
    Any,
    PlainValidator(_taps),
    PlainSerializer(lambda taps: taps.tolist(), return_type=list[Any]),
    WithJsonSchema(NESTED_NUMBERS),
]


class CustomKernel(KernelSpecification):
    """Taps of the caller's own, of one or two dimensions; convolution flips them.

    Validation takes the JSON Pointer of the taps as ``values`` of its context, and raises
    ``InvalidRequest`` for what is no array of numbers.
    """

    family: ClassVar[str] = "custom"
    source: ClassVar[str] = "the request"
    dimensions: ClassVar[tuple[int, ...]] = (1, 2)

    name: Literal["custom"]
    values: Taps = Field(description="The taps: an array of numbers, or of rows of equal length.")
    axes: Axes = Field(
        default="both",
        description="For one dimension, on a picture: both makes the outer product of the taps "
        "with themselves; rows slides them along the rows, horizontally; columns vertically. "
        "For two dimensions only both.",
    )

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def laid_along(self) -> Axes:
        """The axes that the caller chose."""
        return self.axes

    def extent(self) -> Extent:
        """The shape of the taps."""
        return Extent(self.values.shape)

    def compute(self) -> tuple[Array, ...]:
        """The taps as they are."""
        return (self.values,)
