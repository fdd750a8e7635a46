"""The job behind ``POST /v1/signals/convolve``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.format import MAGIC_PREFIX

from service.convolution.arrays import Array
from service.convolution.convolve import Options
from service.convolution.samples import Samples
from service.errors import InvalidRequest, LimitExceeded
from service.formats.json_arrays import encode_json
from service.formats.picture import Buffer
from service.formats.table import FORMATS
from service.pipelines.answers import array_document, check_include, job_facts
from service.pipelines.banks import convolve_bank
from service.pipelines.fields import read_fields, read_object
from service.pipelines.limits import Limits
from service.pipelines.requests import SignalRequest, parse_request
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
        request = parse_request(SignalRequest, _read(parts, bounds))
        signal = _within(request.signal, bounds)
    with stages.stage("plan"):
        bank = request.kernel.build(signal.ndim, request.normalize, bounds.kernel)
    options = Options(
        request.mode,
        request.boundary,
        request.fill_value,
        request.operation,
        request.method,
        max_multiply_adds=bounds.max_multiply_adds,
    )
    with stages.stage("convolve"):
        # A matrix is a picture of one channel.
        array = signal if signal.ndim == 1 else signal[:, :, np.newaxis]
        convolved, plans = convolve_bank(array, bank, options)
        result = convolved if signal.ndim == 1 else convolved[:, :, 0]
    with stages.stage("encode"):
        if output == "json":
            body = encode_json(array_document(result, plans, bank, include))
        else:
            body = _encode(result, output)
    return job_facts(plans, stages), body


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
