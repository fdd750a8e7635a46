"""The job behind ``POST /v1/images/convolve``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidRequest
from service.formats.decoding import decode_picture
from service.formats.encoding import encode_picture
from service.formats.json_arrays import encode_json
from service.formats.npy import encode_npy
from service.formats.picture import Buffer, Picture
from service.formats.quantise import Scaling, quantise
from service.formats.table import FORMATS, Format, Subject, labels
from service.pipelines.answers import array_document, check_include, job_facts, require_writable
from service.pipelines.banks import check_finite
from service.pipelines.chains import Chain
from service.pipelines.field_types import Missing
from service.pipelines.fields import read_fields
from service.pipelines.level_precision import level_precision
from service.pipelines.limits import Limits
from service.pipelines.measured import measured_kernel
from service.pipelines.planes import Planes, convolve_planes, in_levels, planes_of
from service.pipelines.requests import PictureRequest, parse_request
from service.pipelines.stages import Stages

FILES = ("image", "kernel_image")
"""The parts that are pictures."""


def convolve_picture(
    parts: Mapping[str, memoryview], *, output: str, include: Sequence[str], limits: dict[str, Any]
) -> tuple[dict[str, Any], Buffer]:
    """Convolve the picture in the part ``image`` as the other parts say.

    ``output`` names a format that pictures are written in; ``limits`` are the fields of
    ``Limits``. The body is a picture, or an array (height, width[, channels]).
    """
    bounds, stages, target = Limits(**limits), Stages(), FORMATS[output]
    check_include(include, output)
    request = parse_request(PictureRequest, read_fields(parts, files=FILES))
    scaling = _scaling(request, target)
    _require_depth(request, scaling, target)
    if "image" not in parts:
        raise InvalidRequest.at("/image", "is required: a picture's file")
    chain = Chain(bounds, ignore_nan=request.nan is Missing.IGNORE)
    with stages.stage("decode"):
        steps = request.chain(measured_kernel(parts, bounds))
        picture = decode_picture(
            parts["image"], bounds.picture, request.frame, gaps=chain.ignore_nan
        )
        planes = planes_of(picture, request)
    depth = request.depth or _own_depth(picture, target)
    # Between two steps nothing is lost, and stretched levels show more than they had.
    levels_in = len(steps) == 1 and scaling is not Scaling.NONE and planes.color.dtype == np.uint8
    rounded = scaling is Scaling.CLIP and depth == 8
    for placed in steps:
        with stages.stage("plan"), placed.locating_faults():
            bank = chain.build(placed, 2)
            enough = level_precision(bank, placed.step, request.bias, rounded=rounded)
            precision = enough if levels_in else np.float64
        with stages.stage("convolve"), placed.locating_faults():
            planes = convolve_planes(planes, bank, placed.step, precision, chain)
    with stages.stage("convolve"):
        planes = in_levels(planes)
        chain.finish(planes.color, absolute=request.absolute, bias=request.bias)
    with stages.stage("encode"):
        levels = _levels(planes, scaling, depth, target, gaps=chain.ignore_nan)
        body: Buffer
        if target.encode_picture is not None:
            body = encode_picture(Picture(levels, picture.icc_profile), target)
        else:
            body = _encode_array(levels, target, chain, include)
    return job_facts(chain.plans, stages), body


def _encode_array(
    levels: NDArray[Any], target: Format, chain: Chain, include: Sequence[str]
) -> Buffer:
    array = levels if levels.shape[2] > 1 else levels[:, :, 0]
    if target.name != "json":
        return encode_npy(array)
    require_writable(array, target.name, chain.limits)
    document = array_document(array, chain.plans, chain.banks, include)
    return encode_json(document, gaps=chain.ignore_nan)


def _own_depth(picture: Picture, target: Format) -> Literal[8, 16]:
    return 16 if picture.maximum > 255 and 16 in target.depths else 8


def _scaling(request: PictureRequest, target: Format) -> Scaling:
    if request.scaling is None:
        return Scaling.CLIP if target.encode_picture is not None else Scaling.NONE
    if request.scaling is Scaling.NONE and not target.floats:
        able = labels(lambda each: Subject.PICTURE in each.writes and each.floats)
        raise InvalidRequest.at(
            "/scaling", f"{target.label} holds levels, not numbers as they are; {able} do"
        )
    return request.scaling


def _require_depth(request: PictureRequest, scaling: Scaling, target: Format) -> None:
    """``InvalidRequest`` where the depth asked for can't be had."""
    if request.depth is None:
        return
    if scaling is Scaling.NONE:
        raise InvalidRequest.at("/depth", "is of levels; scaling none leaves numbers as they are")
    if request.depth not in target.depths:
        able = labels(lambda each: Subject.PICTURE in each.writes and request.depth in each.depths)
        raise InvalidRequest.at("/depth", f"{target.label} holds fewer bits; {able} do")


def _levels(
    planes: Planes, scaling: Scaling, depth: Literal[8, 16], target: Format, *, gaps: bool
) -> NDArray[Any]:
    """The result as it is written, (height, width, channels), with the alpha beside it."""
    levels: NDArray[Any]
    result, alpha, maximum = planes.color, planes.alpha, planes.maximum
    if scaling is Scaling.NONE:
        levels = _as_floats(result, target, gaps=gaps)
        fitted = None if alpha is None else _as_floats(alpha, target, gaps=gaps)
    else:
        check_finite(result)
        levels = quantise(result, scaling, maximum, depth)
        fitted = None if alpha is None else _opacity_levels(alpha, maximum, depth)
    if fitted is None:
        return np.ascontiguousarray(levels)
    return np.concatenate([levels, fitted.astype(levels.dtype)], axis=2)


def _opacity_levels(
    alpha: NDArray[Any], maximum: float, depth: Literal[8, 16]
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    opacity = alpha.astype(np.float64)
    check_finite(opacity)
    return quantise(opacity, Scaling.CLIP, maximum, depth)


def _as_floats(result: NDArray[Any], target: Format, *, gaps: bool) -> NDArray[Any]:
    if target.encode_picture is None:
        return result
    with np.errstate(over="ignore"):
        narrowed: NDArray[Any] = result.astype(np.float32)
    check_finite(narrowed, gaps=gaps)
    return narrowed
