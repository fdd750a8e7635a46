"""What hostile input is given to: each takes bytes and options, and gives back bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

from service.formats.decoding import decode_picture
from service.formats.limits import PictureLimits
from service.formats.table import FORMATS
from service.kernels.parsing import parse_kernel
from service.pipelines.activations import activate
from service.pipelines.fields import read_json
from service.pipelines.kernels import show_kernel
from service.pipelines.limits import Limits
from service.pipelines.pictures import convolve_picture
from service.pipelines.plans import plan_convolution
from service.pipelines.signals import JSON_BODY, convolve_signal
from service.settings import Settings

Buffer = bytes | bytearray | memoryview
_DEFAULTS = {each.name: Settings.model_fields[each.name].default for each in fields(Limits)}
# Little work for a single request: what is larger is refused.
_LITTLE = {"max_picture_pixels": 10**6, "max_multiply_adds": 1e7, "max_kernel_side": 60}
_LIMITS = asdict(Limits(**_DEFAULTS | _LITTLE | {"max_kernel_taps": 5_000}))


def _decode(data: bytes, pixels: int = 10**6, side: int = 10**4, frame: int = 0) -> Buffer:
    decoded = decode_picture(memoryview(data), PictureLimits(pixels, side), frame)
    assert decoded.width * decoded.height <= pixels
    assert max(decoded.width, decoded.height) <= side
    return decoded.samples.data


def _read_table(data: bytes, name: str, samples: int = 10**6) -> Buffer:
    decode = FORMATS[name].decode_array
    assert decode is not None
    decoded = decode(memoryview(data), "/signal", samples)
    assert decoded.size <= samples
    return decoded.data


def _parts(given: Mapping[str, str], **files: bytes) -> dict[str, memoryview]:
    texts = {name: text.encode("utf-8", "surrogatepass") for name, text in given.items()}
    return {name: memoryview(data) for name, data in (texts | files).items()}


def _convolve(data: bytes, given: Mapping[str, str], output: str) -> Buffer:
    parts = _parts(given, image=data)
    return convolve_picture(parts, output=output, include=(), limits=_LIMITS)[1]


def _measure(data: bytes, given: Mapping[str, str], output: str) -> Buffer:
    parts = _parts(given, image=SOUND_PICTURE, kernel_image=data)
    return convolve_picture(parts, output=output, include=(), limits=_LIMITS)[1]


def _convolve_file(data: bytes, given: Mapping[str, str], output: str) -> Buffer:
    parts = _parts(given, signal=data)
    return convolve_signal(parts, output=output, include=(), limits=_LIMITS)[1]


def _activate(data: bytes, given: Mapping[str, str], output: str) -> Buffer:
    parts = _parts(given, image=data)
    options: dict[str, Any] = {"layer": "block1_conv1", "weights": None, "threads": 1}
    return activate(parts, output=output, limits=_LIMITS, **options)[1]


def _signal(data: bytes) -> Buffer:
    parts = {JSON_BODY: memoryview(data)}
    return convolve_signal(parts, output="json", include=(), limits=_LIMITS)[1]


def _picture(data: bytes) -> Buffer:
    parts = {"image": memoryview(SOUND_PICTURE), "spec": memoryview(data)}
    return convolve_picture(parts, output="png", include=(), limits=_LIMITS)[1]


def _plan(data: bytes) -> Buffer:
    return plan_convolution({JSON_BODY: memoryview(data)}, limits=_LIMITS)[1]


def _kernel(data: bytes) -> Buffer:
    parts = {"kernel": memoryview(data)}
    return show_kernel(parts, dimensions=None, output="json", limits=_LIMITS)[1]


def _parse(data: bytes) -> Buffer:
    return parse_kernel(read_json(memoryview(data))).model_dump_json().encode()


SOUND_PICTURE = b"P5 4 3 255\n" + bytes(range(0, 240, 20))
"""A picture that is sound, where something else is not."""

JOBS: Mapping[str, Callable[..., Buffer]] = {
    "picture": _decode,
    "table": _read_table,
    "convolve": _convolve,
    "measure": _measure,
    "convolve file": _convolve_file,
    "activate": _activate,
    "signal document": _signal,
    "picture document": _picture,
    "plan document": _plan,
    "kernel document": _kernel,
    "kernel": _parse,
}
