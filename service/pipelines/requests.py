"""What may be asked: the fields of a convolution request, their defaults and their meaning."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, WithJsonSchema

from service.convolution.arrays import Array, numeric_array
from service.convolution.options import Boundary, Method, Mode, Operation
from service.formats.quantise import Scaling
from service.kernels.faults import invalid_request
from service.kernels.kernel import Normalize
from service.kernels.parsing import parse_kernel
from service.kernels.specification import KernelSpecification


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


def _parse_signal(value: object) -> Array:
    return value if isinstance(value, np.ndarray) else numeric_array(value, "/signal")


_NUMBERS: dict[str, Any] = {"type": "array", "minItems": 1, "items": {"type": "number"}}
_ROWS: dict[str, Any] = {"type": "array", "minItems": 1, "items": _NUMBERS}

Signal = Annotated[Any, PlainValidator(_parse_signal), WithJsonSchema({"anyOf": [_NUMBERS, _ROWS]})]
# Its schema is the component Kernel of the OpenAPI document, made from the catalogue.
AnyKernel = Annotated[KernelSpecification, PlainValidator(parse_kernel), WithJsonSchema({})]


class ConvolutionRequest(BaseModel):
    """What every convolution is asked for with."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    kernel: AnyKernel = Field(
        description="A name of the catalogue, an object with `name` and parameters, or a bare "
        "array of numbers (one or two dimensions)."
    )
    mode: Mode = Field(
        Mode.SAME,
        strict=False,
        description="Which part of the result: `full`, `same` size as the input, or `valid`, "
        "where no sample beyond the border is needed. Sizes and centring are scipy.signal's.",
    )
    boundary: Boundary = Field(
        Boundary.CONSTANT,
        strict=False,
        description="What stands beyond the border, in numpy.pad's words. Of `abcd`: `constant` "
        "fff|abcd|fff (f: `fill_value`), `edge` aaa|abcd|ddd, `reflect` dcb|abcd|cba, "
        "`symmetric` cba|abcd|dcb, `wrap` bcd|abcd|abc.",
    )
    fill_value: float = Field(
        0.0, description="The sample beyond the border where `boundary` is `constant`."
    )
    operation: Operation = Field(
        Operation.CONVOLVE,
        strict=False,
        description="`convolve` flips the kernel; `correlate` does not.",
    )
    normalize: Normalize | None = Field(
        None,
        strict=False,
        description="What the taps are divided by, for a kernel that does not say itself: "
        "`none`, `sum`, `l1` (sum of magnitudes), `l2` (root of the sum of squares) or `peak` "
        "(largest magnitude). Left out, the kernel's own convention.",
    )
    method: Method = Field(
        Method.AUTO,
        strict=False,
        description="`auto` plans; `direct`, `separable` and `fft` force.",
    )


class SignalRequest(ConvolutionRequest):
    """A signal to convolve, with all that says how."""

    signal: Signal = Field(description="Numbers, or equally long rows of numbers.")


class PictureRequest(ConvolutionRequest):
    """How to convolve the picture that comes beside it."""

    boundary: Boundary = Field(
        Boundary.SYMMETRIC,
        strict=False,
        description=ConvolutionRequest.model_fields["boundary"].description,
    )
    absolute: bool = Field(default=False, description="Take the magnitude of each result.")
    bias: float = Field(0.0, description="Added to each result, after `absolute`.")
    scaling: Scaling | None = Field(
        None,
        strict=False,
        description="How results become the picture's levels: `clip` rounds half to even and "
        "saturates, `minmax` stretches the smallest to black and the largest to white, `none` "
        "keeps the numbers (npy, JSON, and TIFF as float32). Left out: `none` for npy and JSON, "
        "`clip` for pictures.",
    )
    channels: Channels = Field(
        Channels.KEEP,
        strict=False,
        description="`keep` convolves each channel on its own; `luma` (BT.601), `red`, `green` "
        "or `blue` makes a gray picture first. Alpha is never convolved.",
    )


Request = TypeVar("Request", bound=BaseModel)


def parse_request(kind: type[Request], fields: dict[str, Any]) -> Request:
    """The request that the fields make; ``InvalidRequest`` with a pointer for each fault."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise invalid_request(error, pointer="") from error
