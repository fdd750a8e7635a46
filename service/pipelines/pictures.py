"""The job behind ``POST /v1/images/convolve``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from service.convolution.samples import Precision
from service.errors import InvalidRequest
from service.formats.compression import Compression
from service.formats.decoding import decode_picture
from service.formats.encoding import encode_picture
from service.formats.json_arrays import encode_json
from service.formats.npy import empty_npy
from service.formats.picture import Buffer, Picture
from service.formats.quantise import Scaling
from service.formats.table import FORMATS, Format, Subject, labels
from service.pipelines.answers import array_document, check_include, job_facts, require_writable
from service.pipelines.chains import Chain
from service.pipelines.field_types import Missing
from service.pipelines.level_precision import level_precision
from service.pipelines.limits import Limits
from service.pipelines.measured import measured_kernel
from service.pipelines.planes import Planes, convolve_planes, in_levels, planes_of
from service.pipelines.remembered import picture_request
from service.pipelines.requests import PictureRequest, PlacedStep
from service.pipelines.stages import Stages
from service.pipelines.written import Finish, write


def convolve_picture(
    parts: Mapping[str, memoryview], *, output: str, include: Sequence[str], limits: dict[str, Any]
) -> tuple[dict[str, Any], Buffer]:
    """Convolve the picture in the part ``image`` as the other parts say.

    ``output`` names a format that pictures are written in; ``limits`` are the fields of
    ``Limits``. The body is a picture, or an array (height, width[, channels]).
    """
    bounds, stages, target = Limits(**limits), Stages(), FORMATS[output]
    check_include(include, output)
    request = picture_request(parts)
    scaling = _scaling(request, target)
    _require_depth(request, scaling, target)
    _require_compression(request, target)
    if "image" not in parts:
        raise InvalidRequest.at("/image", "is required: a picture's file")
    chain = Chain(bounds, ignore_nan=request.nan is Missing.IGNORE)
    with stages.stage("decode"):
        steps = request.chain(measured_kernel(parts, bounds))
        picture = decode_picture(
            parts["image"], bounds.picture, request.frame, gaps=chain.ignore_nan
        )
    finish = _finish(request, scaling, picture, target)
    planes = _planned(planes_of(picture, request), steps, finish, chain, stages)
    with stages.stage("convolve"):
        file, result = _room(planes.shape, finish.dtype, target)
        write(planes, finish, result)
    # What came is no longer held while what comes of it is encoded.
    del planes
    picture = replace(picture, samples=result)
    with stages.stage("encode"):
        if target.encode_picture is not None:
            file = encode_picture(picture, target, request.compression)
        elif file is None:
            file = _encode_json(result, chain, include)
    return job_facts(chain.plans, stages), file


def _require_compression(request: PictureRequest, target: Format) -> None:
    """``InvalidRequest`` where a file is to be small that can't be compressed."""
    if request.compression is not Compression.FAST and target.encode_picture is None:
        able = labels(lambda each: each.encode_picture is not None)
        raise InvalidRequest.at("/compression", f"{target.label} is not compressed; {able} are")


def _finish(request: PictureRequest, scaling: Scaling, picture: Picture, target: Format) -> Finish:
    """What becomes of the numbers that come of a picture."""
    own_depth: Literal[8, 16] = 16 if picture.maximum > 255 and 16 in target.depths else 8
    return Finish(
        request.absolute,
        request.bias,
        scaling,
        request.depth or own_depth,
        np.float64 if target.encode_picture is None else np.float32,
        gaps=request.nan is Missing.IGNORE,
    )


def _planned(
    planes: Planes, steps: Sequence[PlacedStep], finish: Finish, chain: Chain, stages: Stages
) -> Planes:
    """What comes of a picture after all steps, to be computed as it is written."""
    # Between two steps nothing is lost, and stretched levels show more than they had.
    levels = len(steps) == 1 and finish.scaling is not Scaling.NONE and planes.is_stored_in_8_bits
    rounded = finish.scaling is Scaling.CLIP and finish.depth == 8
    for placed in steps:
        with stages.stage("plan"), placed.locating_faults():
            bank = chain.build(placed, 2)
            enough = level_precision(bank, placed.step, finish.bias, rounded=rounded)
        with stages.stage("convolve"), placed.locating_faults():
            precision: Precision = enough if levels else np.float64
            planes = convolve_planes(planes, bank, placed.step, precision, chain)
    return in_levels(planes)


def _room(
    shape: tuple[int, int, int], dtype: np.dtype[Any], target: Format
) -> tuple[Buffer | None, NDArray[Any]]:
    """An array for the result, and the file that it lies in where that is of plain numbers."""
    if target.name != "npy":
        return None, np.empty(shape, dtype)
    # A gray picture has two dimensions, as an array.
    file, array = empty_npy(shape if shape[2] > 1 else shape[:2], dtype)
    return file, array.reshape(shape)


def _encode_json(result: NDArray[Any], chain: Chain, include: Sequence[str]) -> Buffer:
    array = result if result.shape[2] > 1 else result[:, :, 0]
    require_writable(array, "json", chain.limits)
    document = array_document(array, chain.plans, chain.banks, include)
    return encode_json(document, gaps=chain.ignore_nan)


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
