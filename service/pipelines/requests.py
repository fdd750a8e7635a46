"""What may be asked: the fields of a convolution request, their defaults and their meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
)

from service.convolution.options import Boundary, Method, Mode, Operation
from service.errors import FieldFault, InvalidRequest, ServiceError
from service.formats.compression import Compression
from service.formats.quantise import Scaling
from service.kernels.combination import CombinationKernel
from service.kernels.faults import invalid_request
from service.kernels.kernel import Combine, Normalize
from service.kernels.specification import KernelSpecification
from service.pipelines.field_types import (
    Alpha,
    AnyKernel,
    Channels,
    Distance,
    MaybeKernel,
    Missing,
    Signal,
)

MOST_STEPS: Final = 16


class ConvolutionOptions(BaseModel):
    """How one kernel is applied."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

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
    stride: Distance = Field(
        1,
        description="Keeps every so many-th sample of the result, from the first on; a number, "
        "or one for rows and one for columns. torch.nn.Conv2d's.",
    )
    dilation: Distance = Field(
        1,
        description="The distance between taps: zeros are put between them. torch.nn.Conv2d's.",
    )
    combine: Combine | None = Field(
        None,
        strict=False,
        description="Where `kernel` is an array of kernels, how their results become one: "
        "`magnitude` (root of the sum of squares; the default), `max`, `sum` or `mean`.",
    )


class Step(ConvolutionOptions):
    """One convolution of a chain; what it doesn't say, the request says for all."""

    kernel: AnyKernel = Field(description="As for a request of one kernel.")
    absolute: bool = Field(default=False, description="Take the magnitude of this step's result.")
    bias: float = Field(0.0, description="Added to this step's result, after `absolute`.")


class PlacedStep(NamedTuple):
    """A step, and where in the request its kernel stands.

    ``moved`` are the JSON Pointers of those of its options that stand elsewhere than in a request
    of one kernel, by those that they have there: ``/mode`` is ``/steps/2/mode``.
    """

    step: Step
    kernel_pointer: str
    moved: Mapping[str, str]

    @contextmanager
    def locating_faults(self) -> Iterator[None]:
        """Raise the faults of the block with the pointers that they have in this request."""
        try:
            yield
        except ServiceError as error:
            faults = [
                FieldFault(self.moved.get(each.pointer, each.pointer), each.detail)
                for each in error.faults
            ]
            raise type(error)(error.detail, faults) from error


def _parse_steps(value: object, info: ValidationInfo) -> tuple[PlacedStep, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_STEPS:
        raise ValueError(f"must be an array of 1 to {MOST_STEPS} steps")
    shared = {
        name: info.data[name] for name in ConvolutionOptions.model_fields if name in info.data
    }
    return tuple(_parse_step(each, f"/steps/{index}", shared) for index, each in enumerate(value))


def _parse_step(value: object, pointer: str, shared: dict[str, Any]) -> PlacedStep:
    """One step: an object with a kernel and options, or a kernel alone."""
    alone = not isinstance(value, dict) or ("name" in value and "kernel" not in value)
    given = {"kernel": value} if alone else cast("dict[str, Any]", value)
    place = pointer if alone else f"{pointer}/kernel"
    try:
        step = Step.model_validate({**shared, **given}, context={"kernel": place})
    except ValidationError as error:
        raise invalid_request(error, pointer) from error
    return PlacedStep(step, place, {f"/{name}": f"{pointer}/{name}" for name in given})


Steps = Annotated[
    tuple[PlacedStep, ...] | None,
    PlainValidator(_parse_steps),
    WithJsonSchema({"type": "array", "minItems": 1, "maxItems": MOST_STEPS, "items": {}}),
]


class ConvolutionRequest(ConvolutionOptions):
    """What every convolution is asked for with: a kernel, or steps of one each."""

    nan: Missing = Field(
        Missing.ERROR,
        strict=False,
        description="`ignore` takes NaN (`null` in JSON) for a sample that is missing, and weighs "
        "those that are there accordingly (normalised convolution).",
    )
    kernel: MaybeKernel = Field(
        None,
        description="A name of the catalogue, an object with `name` and parameters, a bare "
        "array of numbers (one or two dimensions), or an array of such kernels.",
    )
    steps: Steps = Field(
        None,
        description="Instead of `kernel`: several convolutions, one after the other, nothing "
        "rounded between them. Each is a kernel, or an object with `kernel` and any of the "
        "options above, `absolute` and `bias`; what it leaves out it takes from the request.",
    )

    def chain(self, measured: KernelSpecification | None = None) -> tuple[PlacedStep, ...]:
        """The convolutions to do, in their order.

        ``measured`` is a kernel that came as a file: a point-spread function, whose taps are
        divided by their sum unless the request says otherwise. ``InvalidRequest`` where there
        is no kernel, or more than one place that has it.
        """
        return self._own_chain if measured is None else self._chained(measured)

    @cached_property
    def _own_chain(self) -> tuple[PlacedStep, ...]:
        return self._chained(None)

    def _chained(self, measured: KernelSpecification | None) -> tuple[PlacedStep, ...]:
        given = {"/kernel": self.kernel, "/steps": self.steps, "/kernel_image": measured}
        places = [place for place, value in given.items() if value is not None]
        if not places:
            raise InvalidRequest.at("/kernel", "is required: a kernel, or steps with one each")
        if len(places) > 1:
            raise InvalidRequest.at(places[1], f"can't stand beside {places[0][1:]}")
        steps = self.steps
        if steps is None:
            (kernel,) = filter(None, (self.kernel, measured))
            steps = (self._only_step(kernel, places[0]),)
        self._require_several(steps)
        return steps

    def _only_step(self, kernel: KernelSpecification, place: str) -> PlacedStep:
        shared = {name: getattr(self, name) for name in ConvolutionOptions.model_fields}
        moved = {}
        if place == "/kernel_image" and self.normalize is None:
            # It hands on all the light.
            shared["normalize"], moved["/normalize"] = Normalize.SUM, place
        return PlacedStep(Step.model_construct(**shared, kernel=kernel), place, moved)

    def _require_several(self, steps: Sequence[PlacedStep]) -> None:
        """``InvalidRequest`` where the results of single kernels are to be combined."""
        single = [not isinstance(each.step.kernel, CombinationKernel) for each in steps]
        places = [
            place
            for each, alone in zip(steps, single, strict=True)
            if alone and (place := each.moved.get("/combine"))
        ]
        if self.combine is not None and all(single):
            places.append("/combine")
        if places:
            raise InvalidRequest.at(places[0], "is for several kernels: an array of them")


class SignalRequest(ConvolutionRequest):
    """A signal to convolve, with all that says how."""

    axis: int | None = Field(
        None,
        ge=-2,
        le=1,
        description="Of a two-dimensional signal that is a batch of one-dimensional ones: the "
        "axis along which each runs; -1 where they are the rows.",
    )
    signal: Signal = Field(description="Numbers, or equally long rows of numbers.")


class PictureRequest(ConvolutionRequest):
    """How to convolve the picture that comes beside it."""

    boundary: Boundary = Field(
        Boundary.SYMMETRIC,
        strict=False,
        description=ConvolutionOptions.model_fields["boundary"].description,
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
    depth: Literal[8, 16] | None = Field(
        None,
        description="Bits a sample of the result. Left out: as many as the picture has, where "
        "the format can hold them.",
    )
    channels: Channels = Field(
        Channels.KEEP,
        strict=False,
        description="`keep` convolves each channel on its own; `luma` (BT.601), `red`, `green` "
        "or `blue` makes a gray picture first.",
    )
    alpha: Alpha = Field(
        Alpha.PRESERVE,
        strict=False,
        description="`preserve` leaves transparency as it is, `premultiplied` convolves it "
        "along and weighs colours by it (no dark rims; for smoothing: where the taps sum to zero, "
        "nothing is left to see), `drop` leaves it out.",
    )
    linear_light: bool = Field(
        default=False,
        description="Convolve light instead of levels: sRGB's transfer function is undone before "
        "and done again after it.",
    )
    compression: Compression = Field(
        Compression.FAST,
        strict=False,
        description="How much time the picture's file may take to become smaller: `fast`, or "
        "`small`, which takes several times as long. Its samples are the same. (Not of npy and "
        "JSON, which hold numbers as they are.)",
    )
    frame: int = Field(0, ge=0, description="Which frame of an animation, or page of a TIFF.")


Request = TypeVar("Request", bound=BaseModel)


def parse_request(kind: type[Request], fields: dict[str, Any]) -> Request:
    """The request that the fields make; ``InvalidRequest`` with a pointer for each fault."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise invalid_request(error, pointer="") from error
