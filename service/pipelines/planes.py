"""The samples of a picture while they are convolved: colour and alpha, apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.convolution.dilation import dilated_shape
from service.convolution.samples import Precision, Samples
from service.errors import InvalidRequest
from service.formats.alpha import premultiply, unpremultiply
from service.formats.picture import Picture
from service.formats.transfer import from_linear, to_linear
from service.kernels.kernel import KernelBank
from service.pipelines.chains import Chain
from service.pipelines.channels import fit_alpha, select_channels
from service.pipelines.requests import Alpha, PictureRequest, Step


@dataclass(frozen=True)
class Planes:
    """``color`` is (height, width, 1 or 3), ``alpha`` (height, width, 1) or None.

    ``maximum`` is white, and opaque. ``premultiplied`` says that alpha is convolved along,
    ``linear`` that colours are linear light.
    """

    color: NDArray[Any]
    alpha: NDArray[Any] | None
    maximum: float
    premultiplied: bool
    linear: bool


def planes_of(picture: Picture, request: PictureRequest) -> Planes:
    """What is to be convolved of a picture: its channels, as levels or as light."""
    color = select_channels(picture, request.channels)
    return Planes(
        _light(color, picture.maximum) if request.linear_light else color,
        None if request.alpha is Alpha.DROP else picture.alpha,
        picture.maximum,
        request.alpha is Alpha.PREMULTIPLIED,
        request.linear_light,
    )


def _light(levels: NDArray[Any], white: float) -> Samples:
    """Linear light; infinite where a float64 can't hold it, for the convolution to refuse."""
    with np.errstate(over="ignore"):
        return to_linear(levels, white)


def in_levels(planes: Planes) -> Planes:
    """The same with its colours as levels."""
    if not planes.linear:
        return planes
    return replace(planes, color=from_linear(planes.color, planes.maximum), linear=False)


def convolve_planes(
    planes: Planes, bank: KernelBank, step: Step, precision: Precision, chain: Chain
) -> Planes:
    """One step of a chain, its magnitude and bias included."""
    if planes.linear:
        light = float(_light(np.array([step.fill_value]), planes.maximum)[0])
        step = step.model_copy(update={"fill_value": light})
    alpha = planes.alpha
    if alpha is not None and planes.premultiplied:
        color, alpha = _weighed(planes, alpha, bank, step, chain)
    else:
        color = chain.convolve(planes.color, bank, step, precision)
        if alpha is not None:
            shape = dilated_shape(bank.kernels[0].values.shape, step.dilation)
            alpha = fit_alpha(alpha, shape, step, planes.maximum)
    chain.finish(color, absolute=step.absolute, bias=step.bias)
    return replace(planes, color=color, alpha=alpha)


def _weighed(
    planes: Planes, alpha: NDArray[Any], bank: KernelBank, step: Step, chain: Chain
) -> tuple[Samples, Samples]:
    """Colours weighed by their opacity, convolved, and divided by the opacity that results.

    Porter and Duff, 1984, section 2: what is interpolated are premultiplied colours. Beyond a
    constant border it is opaque. A bias is no light, and added to the colours at the end.
    """
    opacity: Samples = alpha.astype(np.float64)
    pure, bias = _without_bias(bank)
    color = premultiply(planes.color.astype(np.float64), opacity, planes.maximum)
    weighed = chain.convolve(color, pure, step)
    opaque = step.model_copy(update={"fill_value": planes.maximum})
    opacity = chain.convolve(opacity, pure, opaque)
    np.clip(opacity, 0, planes.maximum, out=opacity)
    result = unpremultiply(weighed, opacity, planes.maximum)
    chain.finish(result, absolute=False, bias=bias)
    return result, opacity


def _without_bias(bank: KernelBank) -> tuple[KernelBank, float]:
    """The bank without what it adds to its result, and that; its kernels may add nothing."""
    if bank.combine is not None:
        if any(kernel.bias for kernel in bank.kernels):
            detail = (
                "premultiplied takes a bias for all kernels together, and none for a single one"
            )
            raise InvalidRequest.at("/alpha", detail)
        return replace(bank, bias=0.0), bank.bias
    (kernel,) = bank.kernels
    return replace(bank, kernels=(replace(kernel, bias=0.0),)), kernel.bias
