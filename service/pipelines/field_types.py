"""What stands in a request's fields: words of their own, signals, kernels, distances."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Final, cast

import numpy as np
from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from service.convolution.arrays import Array, numeric_array
from service.kernels.kernel import Combine
from service.kernels.parsing import parse_kernel
from service.kernels.specification import KernelSpecification

_LARGEST_DISTANCE: Final = 1_024
_NAMES_REMEMBERED: Final = 64


class Missing(StrEnum):
    """What NaN among the samples means: ``error``, or no sample at all (``ignore``)."""

    ERROR = "error"
    IGNORE = "ignore"


class Channels(StrEnum):
    """Which channels of a picture are convolved.

    ``keep``: each, on its own; ``luma``: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601, as in
    JPEG), not rounded; a single one by its name. A gray picture is its own luma, red, green
    and blue.
    """

    KEEP = "keep"
    LUMA = "luma"
    RED = "red"
    GREEN = "green"
    BLUE = "blue"


class Alpha(StrEnum):
    """What becomes of a picture's transparency.

    ``preserve``: it stays as it is; ``premultiplied``: colours are weighed by it and it is
    convolved with them; ``drop``: it is left out.
    """

    PRESERVE = "preserve"
    PREMULTIPLIED = "premultiplied"
    DROP = "drop"


def _parse_signal(value: object, info: ValidationInfo) -> Array:
    if isinstance(value, np.ndarray):
        return value
    gaps = info.data.get("nan") is Missing.IGNORE
    return numeric_array(value, "/signal", gaps=gaps)


def _parse_kernel(value: object, info: ValidationInfo) -> KernelSpecification:
    place, combine = (info.context or {}).get("kernel", "/kernel"), info.data.get("combine")
    if isinstance(value, str):
        return _named_kernel(value, place, combine)
    return parse_kernel(value, place, combine)


@lru_cache(_NAMES_REMEMBERED)
def _named_kernel(name: str, place: str, combine: Combine | None) -> KernelSpecification:
    """One and the same for a name, so that what is built of it can be remembered."""
    return parse_kernel(name, place, combine)


def _is_distance(value: object) -> bool:
    return type(value) is int and 1 <= value <= _LARGEST_DISTANCE


def _parse_distance(value: object) -> int | tuple[int, ...]:
    if _is_distance(value):
        return cast("int", value)
    if isinstance(value, list | tuple) and len(value) == 2 and all(map(_is_distance, value)):
        return tuple(value)
    raise ValueError(
        f"must be a whole number from 1 to {_LARGEST_DISTANCE}, or one for rows and one for columns"
    )


_NUMBERS: dict[str, Any] = {"type": "array", "minItems": 1, "items": {"type": "number"}}
_ROWS: dict[str, Any] = {"type": "array", "minItems": 1, "items": _NUMBERS}
_DISTANCE: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": _LARGEST_DISTANCE}

Signal = Annotated[Any, PlainValidator(_parse_signal), WithJsonSchema({"anyOf": [_NUMBERS, _ROWS]})]
# Validation takes the JSON Pointer of the kernel as ``kernel`` of its context. Its schema is the
# component Kernel of the OpenAPI document, made from the catalogue.
AnyKernel = Annotated[KernelSpecification, PlainValidator(_parse_kernel), WithJsonSchema({})]
MaybeKernel = Annotated[
    KernelSpecification | None, PlainValidator(_parse_kernel), WithJsonSchema({})
]
Distance = Annotated[
    int | tuple[int, ...],
    PlainValidator(_parse_distance),
    WithJsonSchema(
        {"anyOf": [_DISTANCE, {"type": "array", "items": _DISTANCE, "minItems": 2, "maxItems": 2}]}
    ),
]
