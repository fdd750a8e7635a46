"""The job behind ``POST /v1/images/convolve``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from service.convolution.convolve import Options, sufficient_precision
from service.convolution.samples import Precision, Samples
from service.errors import InvalidRequest
from service.formats.decoding import decode_picture
from service.formats.encoding import encode_picture
from service.formats.json_arrays import encode_json
from service.formats.npy import encode_npy
from service.formats.picture import Buffer, Picture
from service.formats.quantise import Scaling, quantise
from service.formats.table import FORMATS, Format, Subject, labels
from service.kernels.kernel import KernelBank
from service.pipelines.answers import array_document, check_include, job_facts, require_writable
from service.pipelines.banks import check_finite, convolve_bank
from service.pipelines.channels import fit_alpha, select_channels
from service.pipelines.fields import read_fields
from service.pipelines.limits import Limits
from service.pipelines.requests import PictureRequest, parse_request
from service.pipelines.stages import Stages

# Up to here a bias costs a float32 less than a thousandth of a level.
_LARGEST_BIAS = 2.0**12


def convolve_picture(
    parts: Mapping[str, memoryview], *, output: str, include: Sequence[str], limits: dict[str, Any]
) -> tuple[dict[str, Any], Buffer]:
    """Convolve the picture in the part ``image`` as the other parts say.

    ``output`` names a format that pictures are written in; ``limits`` are the fields of
    ``Limits``. The body is a picture, or an array (height, width[, channels]).
    """
    bounds, stages, target = Limits(**limits), Stages(), FORMATS[output]
    check_include(include, output)
    request = parse_request(PictureRequest, read_fields(parts, files=("image",)))
    scaling = _scaling(request, target)
    if "image" not in parts:
        raise InvalidRequest.at("/image", "is required: a picture's file")
    with stages.stage("decode"):
        picture = decode_picture(parts["image"], bounds.picture)
        samples = select_channels(picture, request.channels)
    with stages.stage("plan"):
        bank = request.kernel.build(2, request.normalize, bounds.kernel)
        options = _options(request, _precision(samples, bank, request, scaling), bounds)
    with stages.stage("convolve"):
        result, plans = convolve_bank(samples, bank, options)
        _finish(result, request)
        shape = bank.kernels[0].values.shape
        alpha = fit_alpha(picture, shape, result.shape, request.mode, request.boundary)
    with stages.stage("encode"):
        levels = _levels(result, alpha, picture, scaling, target)
        if target.encode_picture is not None:
            body = encode_picture(Picture(levels, picture.icc_profile), target)
        else:
            array = levels if levels.shape[2] > 1 else levels[:, :, 0]
            require_writable(array, target.name, bounds)
            document = array_document(array, plans, bank, include)
            body = encode_json(document) if output == "json" else encode_npy(array)
    return job_facts(plans, stages), body


def _scaling(request: PictureRequest, target: Format) -> Scaling:
    if request.scaling is None:
        return Scaling.CLIP if target.encode_picture is not None else Scaling.NONE
    if request.scaling is Scaling.NONE and not target.floats:
        able = labels(lambda each: Subject.PICTURE in each.writes and each.floats)
        raise InvalidRequest.at(
            "/scaling", f"{target.label} holds levels, not numbers as they are; {able} do"
        )
    return request.scaling


def _precision(
    samples: NDArray[Any], bank: KernelBank, request: PictureRequest, scaling: Scaling
) -> Precision:
    """float32 where that is enough for an 8-bit result of 8-bit samples, else float64."""
    if samples.dtype != np.uint8 or scaling is Scaling.NONE or abs(request.bias) > _LARGEST_BIAS:
        return np.float64
    largest = max(255.0, abs(request.fill_value))
    enough = {
        sufficient_precision(largest, kernel.values, kernel.divisor) for kernel in bank.kernels
    }
    return np.float32 if enough == {np.float32} else np.float64


def _options(request: PictureRequest, precision: Precision, limits: Limits) -> Options:
    return Options(
        request.mode,
        request.boundary,
        request.fill_value,
        request.operation,
        request.method,
        precision,
        limits.max_multiply_adds,
    )


def _finish(result: Samples, request: PictureRequest) -> None:
    """Magnitude and bias, in place."""
    if request.absolute:
        np.abs(result, out=result)
    if request.bias:
        with np.errstate(over="ignore"):
            np.add(result, request.bias, out=result)
        check_finite(result)


def _levels(
    result: Samples,
    alpha: NDArray[Any] | None,
    picture: Picture,
    scaling: Scaling,
    target: Format,
) -> NDArray[Any]:
    """The result as it is written, (height, width, channels), with the alpha beside it."""
    levels: NDArray[Any]
    if scaling is Scaling.NONE:
        levels = _as_floats(result, target)
        fitted = alpha
    else:
        depth: Literal[8, 16] = 16 if picture.maximum > 255 and 16 in target.depths else 8
        levels = quantise(result, scaling, picture.maximum, depth)
        fitted = (
            None
            if alpha is None
            else quantise(alpha.astype(np.float64), Scaling.CLIP, picture.maximum, depth)
        )
    if fitted is None:
        return np.ascontiguousarray(levels)
    return np.concatenate([levels, fitted.astype(levels.dtype)], axis=2)


def _as_floats(result: Samples, target: Format) -> Samples:
    if target.encode_picture is None:
        return result
    with np.errstate(over="ignore"):
        narrowed = result.astype(np.float32)
    check_finite(narrowed)
    return narrowed
