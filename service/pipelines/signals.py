"""The job behind ``POST /v1/signals/convolve``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.format import MAGIC_PREFIX

from service.convolution.arrays import Array, require_finite
from service.convolution.samples import Samples
from service.errors import InvalidRequest, LimitExceeded
from service.formats.json_arrays import encode_json
from service.formats.picture import Buffer
from service.formats.table import FORMATS
from service.kernels.kernel import KernelBank
from service.pipelines.answers import array_document, check_include, job_facts
from service.pipelines.chains import Chain, along
from service.pipelines.field_types import Missing
from service.pipelines.fields import read_fields, read_object
from service.pipelines.figures import draw_signal
from service.pipelines.limits import Limits
from service.pipelines.requests import ConvolutionOptions, SignalRequest, Step, parse_request
from service.pipelines.stages import Stages

# The part under which a whole JSON body comes; no form field can have this name.
JSON_BODY = ""


def convolve_signal(
    parts: Mapping[str, memoryview], *, output: str, include: Sequence[str], limits: dict[str, Any]
) -> tuple[dict[str, Any], Buffer]:
    """Convolve a signal that came as JSON, or as a file beside form fields.

    ``output`` names a format that signals are written in; ``limits`` are the fields of
    ``Limits``. The body is float64 of the shape that the mode says.
    """
    bounds, stages = Limits(**limits), Stages()
    check_include(include, output)
    with stages.stage("decode"):
        request = read_signal_request(parts, bounds)
        gaps = request.nan is Missing.IGNORE
        signal = require_finite(_within(request.signal, bounds), "/signal", gaps=gaps)
        steps, axis = request.chain(), _axis(request)
    chain = Chain(bounds, ignore_nan=gaps)
    result: Samples = signal
    for placed in steps:
        with stages.stage("plan"), placed.locating_faults():
            bank = chain.build(placed, signal.ndim if axis is None else 1)
        with stages.stage("convolve"), placed.locating_faults():
            result = _convolve(result, bank, placed.step, axis, chain)
    with stages.stage("encode"):
        if output == "json":
            document = array_document(result, chain.plans, chain.banks, include)
            body = encode_json(document, gaps=gaps)
        elif FORMATS[output].draws:
            body = draw_signal(signal, [each.step for each in steps], chain.banks, result, output)
        else:
            body = _encode(result, output)
    return job_facts(chain.plans, stages), body


def _axis(request: SignalRequest) -> int | None:
    """The axis that signals run along, 0 or 1, where the signal is a batch of them."""
    if request.axis is None:
        return None
    if request.signal.ndim == 1:
        raise InvalidRequest.at("/axis", "is for a signal of two dimensions: a batch of signals")
    return request.axis % 2


def _convolve(
    signal: Samples, bank: KernelBank, step: Step, axis: int | None, chain: Chain
) -> Samples:
    """One step of a chain, on a signal of one or two dimensions."""
    options: ConvolutionOptions = step
    if axis is not None:
        bank = along(bank, axis)
        options = step.model_copy(update={"stride": _only_along(step, axis)})
    # A matrix is a picture of one channel.
    array = signal if signal.ndim == 1 else signal[:, :, np.newaxis]
    convolved = chain.convolve(array, bank, options)
    result = convolved if signal.ndim == 1 else convolved[:, :, 0]
    chain.finish(result, absolute=step.absolute, bias=step.bias)
    return result


def _only_along(step: Step, axis: int) -> tuple[int, int]:
    """The stride of a batch: along the axis of its signals, not across."""
    if not isinstance(step.stride, int):
        raise InvalidRequest.at("/stride", "must be one number: signals run along one axis")
    return (step.stride, 1) if axis == 0 else (1, step.stride)


def read_signal_request(parts: Mapping[str, memoryview], limits: Limits) -> SignalRequest:
    """The request of a JSON body, or of a form with a file."""
    return parse_request(SignalRequest, _read(parts, limits))


def _read(parts: Mapping[str, memoryview], limits: Limits) -> dict[str, Any]:
    if JSON_BODY in parts:
        return read_object(parts[JSON_BODY])
    fields = read_fields(parts, files=("signal",))
    if "signal" not in parts:
        raise InvalidRequest.at("/signal", "is required: a .npy or .csv file")
    if "signal" in fields:
        raise InvalidRequest.at("/signal", "comes as a file of its own, not in the specification")
    return {**fields, "signal": _decode(parts["signal"], limits)}


def _decode(data: memoryview, limits: Limits) -> Array:
    source = FORMATS["npy" if bytes(data[: len(MAGIC_PREFIX)]) == MAGIC_PREFIX else "csv"]
    if source.decode_array is None:
        raise LookupError(f"{source.name} has lost its decoder")
    return source.decode_array(data, "/signal", limits.max_signal_samples)


def _within(signal: Array, limits: Limits) -> Array:
    if signal.size > limits.max_signal_samples:
        raise LimitExceeded.at(
            "/signal",
            f"has {signal.size} samples; the limit is {limits.max_signal_samples}",
        )
    return signal


def _encode(result: Samples, output: str) -> bytes:
    encode = FORMATS[output].encode_array
    if encode is None:
        raise LookupError(f"{output} has lost its encoder")
    return encode(result)
