"""The job behind ``POST /v1/plans``: how a convolution would be computed, without computing it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from math import inf, prod
from typing import Any, Final

import numpy as np
from pydantic import Field

from service.convolution.operand import Operand
from service.convolution.planner import Plan
from service.errors import InvalidRequest
from service.formats.json_arrays import encode_json
from service.formats.picture import Buffer
from service.kernels.description import measures
from service.pipelines.banks import prepare_bank
from service.pipelines.chains import Chain, core_options
from service.pipelines.fields import read_object
from service.pipelines.level_precision import level_precision
from service.pipelines.limits import Limits
from service.pipelines.requests import ConvolutionRequest, PlacedStep, parse_request
from service.pipelines.signals import JSON_BODY


class SampleType(StrEnum):
    """The numbers of an input. ``uint8`` are the levels of a picture that becomes a picture."""

    UINT8 = "uint8"
    UINT16 = "uint16"
    INT32 = "int32"
    FLOAT32 = "float32"
    FLOAT64 = "float64"


_DIMENSIONS: Final = {1: "samples", 2: "rows and columns", 3: "rows, columns and channels"}


class PlanRequest(ConvolutionRequest):
    """A convolution to plan, on an array that is told by its shape alone."""

    shape: tuple[int, ...] = Field(
        strict=False,
        min_length=1,
        max_length=3,
        description="Of the input: samples; rows and columns; or rows, columns and channels, "
        "alpha included.",
    )
    dtype: SampleType = Field(
        SampleType.UINT8, strict=False, description="The numbers of the input."
    )


def plan_convolution(
    parts: Mapping[str, memoryview], *, limits: dict[str, Any]
) -> tuple[dict[str, Any], Buffer]:
    """The plan of the convolution that the JSON body describes, as JSON."""
    bounds = Limits(**limits)
    request = parse_request(PlanRequest, read_object(parts[JSON_BODY]))
    refusals = _size_refusals(request, bounds)
    chain, shape = Chain(bounds), request.shape
    if not refusals:
        steps = request.chain()
        # As for a picture that is rounded to levels: steps before the last one keep all digits.
        rounded = request.dtype is SampleType.UINT8 and len(shape) > 1 and len(steps) == 1
        for placed in steps:
            with placed.locating_faults():
                kind = np.dtype(request.dtype.value)
                shape = plan_step(shape, placed, chain, kind, rounded=rounded)
    work = sum(plan.work for plan in chain.plans)
    if work > bounds.max_multiply_adds:
        refusals.append(
            f"it needs about {work:.3g} multiply-adds; the limit is {bounds.max_multiply_adds:.3g}"
        )
    document = {
        "admitted": not refusals,
        "refusals": refusals,
        "shape": None if chain.plans == [] else shape,
        "multiply_adds": round(work),
        "milliseconds": round(sum(_milliseconds(plan) for plan in chain.plans), 3),
        "kernels": [measures(each.taps) for bank in chain.banks for each in bank.kernels],
        "plan": [{**plan.facts(), "milliseconds": _milliseconds(plan)} for plan in chain.plans],
    }
    return {}, encode_json(document)


def _size_refusals(request: PlanRequest, limits: Limits) -> list[str]:
    """Why an input of that shape would not be taken, whatever is asked of it."""
    shape = request.shape
    if min(shape) < 1:
        raise InvalidRequest.at(
            "/shape", f"must be numbers of 1 or more: {_DIMENSIONS[len(shape)]}"
        )
    if len(shape) == 3 and shape[2] > 4:
        raise InvalidRequest.at("/shape/2", "a picture has at most 4 channels")
    picture = len(shape) == 3 or (len(shape) == 2 and request.dtype is SampleType.UINT8)
    if not picture and prod(shape) > limits.max_signal_samples:
        return [f"{prod(shape)} samples are over the limit of {limits.max_signal_samples}"]
    if picture and max(shape[:2]) > limits.max_picture_side:
        return [f"a side of {max(shape[:2])} is over the limit of {limits.max_picture_side}"]
    if picture and prod(shape[:2]) > limits.max_picture_pixels:
        return [f"{prod(shape[:2])} pixels are over the limit of {limits.max_picture_pixels}"]
    return []


def plan_step(
    shape: tuple[int, ...],
    placed: PlacedStep,
    chain: Chain,
    kind: np.dtype[Any],
    *,
    rounded: bool,
) -> tuple[int, ...]:
    """Plan one step of ``chain`` for an input of that shape and type; the shape of its result.

    ``rounded`` says that the result becomes 8-bit levels.
    """
    bank = chain.build(placed, min(len(shape), 2))
    precision = level_precision(bank, placed.step, 0.0, rounded=True) if rounded else np.float64
    # No array of that size is made: the largest number stands for all, where there is one.
    # A matrix is a picture of one channel; alpha, the second or the fourth, stays as it is.
    channels = {2: 1, 3: 3, 4: 3}.get(shape[2], 1) if len(shape) == 3 else 1
    whole = shape if len(shape) == 1 else (*shape[:2], channels)
    levels = kind.kind in "iu"
    operand = Operand(whole, float(np.iinfo(kind).max) if levels else 1.0, whole=levels)
    prepared = prepare_bank(operand, bank, core_options(placed.step, precision, inf))
    chain.planned.append(prepared)
    return (*prepared.shape[: bank.kernels[0].values.ndim], *shape[2:])


def _milliseconds(plan: Plan) -> float:
    return round(plan.engine.nanoseconds(plan.workload) / 1e6, 3)
