"""Jobs that look at a request before it waits: what would be refused anyway is refused at once.

Each takes what the job takes that it is for. It reads headers, builds kernels and plans; it
neither decodes nor convolves. Where that does not tell, the job itself has the last word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from service.convolution.planner import check_work
from service.formats.measuring import measured_size
from service.formats.picture import Buffer
from service.pipelines.activations import ActivationRequest, check_size
from service.pipelines.chains import Chain
from service.pipelines.fields import read_fields
from service.pipelines.filters import layer_named
from service.pipelines.limits import Limits
from service.pipelines.measured import PART
from service.pipelines.pictures import FILES
from service.pipelines.plans import plan_step
from service.pipelines.requests import PictureRequest, SignalRequest, parse_request
from service.pipelines.signals import read_signal_request

# A job that is estimated to take longer does not belong among the short ones.
_SHORT_NANOSECONDS: Final = 10e6
# A longer text takes longer to parse than an estimate may take.
_LONGEST_TEXT: Final = 2**18

_Estimate = tuple[dict[str, Any], Buffer]


def estimate_picture(
    parts: Mapping[str, memoryview], *, limits: dict[str, Any], **_job: object
) -> _Estimate:
    """What ``convolve_picture`` would refuse for its request, its header or its work."""
    bounds = Limits(**limits)
    request = parse_request(PictureRequest, read_fields(parts, files=FILES))
    size = measured_size(parts["image"], bounds.picture) if "image" in parts else None
    if size is None or PART in parts:
        return _unknown()
    # One channel at least; how many there are, decoding tells.
    chain, steps = Chain(bounds), request.chain()
    shape: tuple[int, ...] = (*size, 1)
    for placed in steps:
        with placed.locating_faults():
            rounded = len(steps) == 1
            shape = plan_step(shape, placed, chain, np.dtype(np.uint8), rounded=rounded)
    return _judged(chain)


def estimate_signal(
    parts: Mapping[str, memoryview], *, limits: dict[str, Any], **_job: object
) -> _Estimate:
    """What ``convolve_signal`` would refuse for its request or its work."""
    if sum(map(len, parts.values())) > _LONGEST_TEXT:
        return _unknown()
    bounds = Limits(**limits)
    request: SignalRequest = read_signal_request(parts, bounds)
    if request.axis is not None:
        return _unknown()
    chain, shape = Chain(bounds), request.signal.shape
    for placed in request.chain():
        with placed.locating_faults():
            shape = plan_step(shape, placed, chain, np.dtype(np.float64), rounded=False)
    return _judged(chain)


def estimate_activations(
    parts: Mapping[str, memoryview], *, layer: str, limits: dict[str, Any], **_job: object
) -> _Estimate:
    """What ``activate`` would refuse for its request, its header or its work."""
    bounds, where = Limits(**limits), layer_named(layer)
    parse_request(ActivationRequest, read_fields(parts, files=("image",)))
    size = measured_size(parts["image"], bounds.picture) if "image" in parts else None
    if size is not None:
        check_size(*size, where, bounds)
    return _unknown()


def _judged(chain: Chain) -> _Estimate:
    check_work(chain.plans, chain.limits.max_multiply_adds)
    nanoseconds = sum(plan.engine.nanoseconds(plan.workload) for plan in chain.plans)
    return {"express": nanoseconds <= _SHORT_NANOSECONDS}, b""


def _unknown() -> _Estimate:
    """The job may take long."""
    return {"express": False}, b""
