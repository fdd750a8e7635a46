"""Jobs that look at a request before it waits: what would be refused anyway is refused at once.

Each takes what the job takes that it is for, and says whether that is a short one. It reads
headers, plans, and builds kernels that are not large; it neither decodes nor convolves. Where
that does not tell, the job itself has the last word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, prod
from typing import Any, Final

import numpy as np

from service.convolution.planner import check_work
from service.errors import ServiceError, name_segment
from service.formats.grid import grid_shape
from service.formats.measuring import measured_size
from service.formats.picture import Buffer
from service.formats.table import FORMATS
from service.kernels.combination import CombinationKernel
from service.kernels.custom import CustomKernel
from service.kernels.parsing import parse_kernel
from service.kernels.specification import KernelSpecification
from service.pipelines.activations import ActivationRequest, check_size
from service.pipelines.chains import Chain
from service.pipelines.fields import read_fields, read_json, read_object, read_value
from service.pipelines.filters import FilterGridRequest, layer_named
from service.pipelines.limits import Limits
from service.pipelines.measured import PART
from service.pipelines.plans import PlanRequest, plan_step
from service.pipelines.remembered import picture_request
from service.pipelines.requests import PlacedStep, SignalRequest, parse_request
from service.pipelines.signals import JSON_BODY, read_signal_request

# A job that is estimated to take longer does not belong among the short ones.
_SHORT_NANOSECONDS: Final = 10e6
# A longer text takes longer to parse than an estimate may take.
_LONGEST_TEXT: Final = 2**18
# Kernels with more taps take longer to build than an estimate may take.
_MOST_TAPS: Final = 2**16

# What takes time beside the convolution, in nanoseconds as measured on one core.
_PIXEL_READ: Final = 15
_PIXEL_WRITTEN: Final = 25
_PIXEL_WRITTEN_AS: Final = {"json": 150, "webp": 220}
_NUMBER_WRITTEN: Final = 60
_TAP_TOLD: Final = 500  # built, the kernel's rank found, and written
_WEIGHT_READ: Final = 4
_WEIGHT_WRITTEN: Final = 30
_GRID_PIXEL_DRAWN: Final = 3
_FIGURE_DRAWN: Final = 100e6

_Estimate = tuple[dict[str, Any], Buffer]


def estimate_picture(
    parts: Mapping[str, memoryview], *, output: str, include: Sequence[str], limits: dict[str, Any]
) -> _Estimate:
    """What ``convolve_picture`` would refuse for its request, its header or its work."""
    bounds = Limits(**limits)
    request = picture_request(parts)
    stand_in = _stand_in(parts[PART], bounds) if PART in parts else None
    size = measured_size(parts["image"], bounds.picture) if "image" in parts else None
    if size is None or (PART in parts and stand_in is None):
        return _judged(inf)
    steps = request.chain(stand_in)
    taps = _taps(steps, 2)
    if taps > _MOST_TAPS:
        return _judged(inf)
    # One channel at least; how many there are, decoding tells.
    chain = Chain(bounds)
    shape: tuple[int, ...] = (*size, 1)
    for placed in steps:
        with placed.locating_faults():
            rounded = len(steps) == 1
            shape = plan_step(shape, placed, chain, np.dtype(np.uint8), rounded=rounded)
    if stand_in is None:
        check_work(chain.plans, bounds.max_multiply_adds)
    read = _PIXEL_READ * (prod(size) + (taps if stand_in else 0))
    written = _PIXEL_WRITTEN_AS.get(output, _PIXEL_WRITTEN) * prod(shape)
    return _judged(read + _convolving(chain) + written + _TAP_TOLD * taps * len(include))


def estimate_signal(
    parts: Mapping[str, memoryview], *, output: str, include: Sequence[str], limits: dict[str, Any]
) -> _Estimate:
    """What ``convolve_signal`` would refuse for its request or its work."""
    if sum(map(len, parts.values())) > _LONGEST_TEXT:
        return _judged(inf)
    bounds = Limits(**limits)
    request: SignalRequest = read_signal_request(parts, bounds)
    steps, shape, signals = request.chain(), request.signal.shape, 1
    if request.axis is not None and len(shape) == 2:
        # A batch takes about the time of its signals one by one.
        signals, shape = shape[1 - request.axis % 2], (shape[request.axis % 2],)
    taps = _taps(steps, len(shape))
    if taps > _MOST_TAPS:
        return _judged(inf)
    chain = Chain(bounds)
    for placed in steps:
        with placed.locating_faults():
            shape = plan_step(shape, placed, chain, np.dtype(np.float64), rounded=False)
    if request.axis is None:
        check_work(chain.plans, bounds.max_multiply_adds)
    each = _convolving(chain) + _NUMBER_WRITTEN * prod(shape)
    drawn = _FIGURE_DRAWN if FORMATS[output].draws else 0
    return _judged(signals * each + drawn + _TAP_TOLD * taps * len(include))


def estimate_plan(parts: Mapping[str, memoryview], *, limits: dict[str, Any]) -> _Estimate:  # noqa: ARG001
    """What ``plan_convolution`` would refuse for its request."""
    request = parse_request(PlanRequest, read_object(parts[JSON_BODY]))
    return _judged(_TAP_TOLD * _taps(request.chain(), min(len(request.shape), 2)))


def estimate_named_kernel(
    parts: Mapping[str, memoryview],
    *,
    name: str,
    dimensions: int | None,
    output: str,
    limits: dict[str, Any],
) -> _Estimate:
    """What ``show_named_kernel`` would refuse for its parameters or its size."""
    parameters = {key: read_value(text, name_segment(key)) for key, text in parts.items()}
    specification = parse_kernel({**parameters, "name": name}, "")
    return _judged_kernel(specification, dimensions, output, Limits(**limits))


def estimate_kernel(
    parts: Mapping[str, memoryview], *, dimensions: int | None, output: str, limits: dict[str, Any]
) -> _Estimate:
    """What ``show_kernel`` would refuse for its specification or its size."""
    specification = parse_kernel(read_json(parts["kernel"]), "")
    return _judged_kernel(specification, dimensions, output, Limits(**limits))


def estimate_filters(
    parts: Mapping[str, memoryview], *, layer: str, output: str, **_job: object
) -> _Estimate:
    """What ``show_filters`` would refuse for its request."""
    asked = {key: read_value(text, name_segment(key)) for key, text in parts.items()}
    where, request = layer_named(layer), parse_request(FilterGridRequest, asked)
    drawn = output == "png"
    chosen = request.chosen(where.filters, drawn=drawn)
    count = chosen.stop - chosen.start
    read = _WEIGHT_READ * prod(where.shape)
    if not drawn:
        return _judged(read + _WEIGHT_WRITTEN * count * prod(where.shape[:-1]))
    cell = (request.cell, request.cell)
    request.check_size(count, cell)
    pixels = prod(grid_shape(count, cell, request.columns, request.gap))
    return _judged(read + _GRID_PIXEL_DRAWN * pixels)


def estimate_activations(
    parts: Mapping[str, memoryview], *, layer: str, limits: dict[str, Any], **_job: object
) -> _Estimate:
    """What ``activate`` would refuse for its request, its header or its work."""
    bounds, where = Limits(**limits), layer_named(layer)
    parse_request(ActivationRequest, read_fields(parts, files=("image",)))
    size = measured_size(parts["image"], bounds.picture) if "image" in parts else None
    if size is not None:
        check_size(*size, where, bounds)
    return _judged(inf)


def _judged(nanoseconds: float) -> _Estimate:
    """What is said of a job that takes so long; infinity where nobody knows."""
    return {"express": nanoseconds <= _SHORT_NANOSECONDS}, b""


def _judged_kernel(
    specification: KernelSpecification, dimensions: int | None, output: str, limits: Limits
) -> _Estimate:
    if dimensions is None:
        taps = prod(specification.extent().shape) * _members(specification)
    else:
        specification.check_limits(dimensions, limits.kernel, "")
        taps = prod(specification.built_shape(dimensions, "")) * _members(specification)
    # As a picture it is a grid of cells, and no figure.
    return _judged(_TAP_TOLD * taps + (_FIGURE_DRAWN if output == "svg" else 0))


def _taps(steps: Sequence[PlacedStep], dimensions: int) -> int:
    """How many taps the kernels of all steps have, before any is built."""
    total = 0
    for placed in steps:
        kernel = placed.step.kernel
        with placed.locating_faults():
            shape = kernel.built_shape(dimensions, placed.kernel_pointer)
        total += prod(shape) * _members(kernel)
    return total


def _members(specification: KernelSpecification) -> int:
    """How many kernels of one shape a specification makes, about."""
    return len(specification.kernels) if isinstance(specification, CombinationKernel) else 1


def _stand_in(data: memoryview, limits: Limits) -> KernelSpecification | None:
    """A kernel as large as the picture of one, and at least as much work; None if not small."""
    try:
        size = measured_size(data, limits.picture)
    except ServiceError:
        # The job knows at which place of the request to say so.
        return None
    if size is None or prod(size) > _MOST_TAPS:
        return None
    # No sum of few products of rows and columns.
    return CustomKernel(name="custom", values=np.random.default_rng(0).random(size))


def _convolving(chain: Chain) -> float:
    return sum(plan.nanoseconds for plan in chain.plans)
