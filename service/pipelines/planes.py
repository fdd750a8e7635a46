"""The samples of a picture on their way: colour and alpha, step by step, nothing computed yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.convolution.dilation import dilated_shape
from service.convolution.operand import Operand
from service.convolution.samples import Precision, Samples
from service.errors import InvalidRequest
from service.formats.alpha import premultiply
from service.formats.picture import Picture
from service.formats.transfer import from_linear, to_linear
from service.kernels.kernel import KernelBank
from service.pipelines.chains import Chain
from service.pipelines.channels import fit_alpha, select_channels
from service.pipelines.field_types import Alpha
from service.pipelines.filtered import Decided, Filtered, Weighed, Window
from service.pipelines.requests import PictureRequest, Step
from service.pipelines.rows import Mapped, Rows, Stored, collected

# Up to here a bound of samples is surely not what makes their sums overflow.
_MODERATE: Final = 1e100


@dataclass(frozen=True)
class Planes:
    """``color`` has 1 or 3 channels, and alpha as one more where they are ``joint``.

    ``alpha`` is (height, width, 1) or None. ``maximum`` is white, and opaque. ``premultiplied``
    says that alpha is convolved along, ``linear`` that colours are linear light.
    """

    color: Rows
    alpha: NDArray[Any] | None
    maximum: float
    premultiplied: bool
    linear: bool
    joint: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels), alpha included."""
        height, width, channels = self.color.operand.shape
        return height, width, channels + (self.alpha is not None)

    @property
    def is_stored_in_8_bits(self) -> bool:
        """Whether the colours are the levels of a picture as they are, uint8."""
        return isinstance(self.color, Stored) and self.color.samples.dtype == np.uint8


def planes_of(picture: Picture, request: PictureRequest) -> Planes:
    """What is to be convolved of a picture: its channels, as levels or as light."""
    color = select_channels(picture, request.channels)
    alpha = None if request.alpha is Alpha.DROP else picture.alpha
    return Planes(
        _light_of(color, picture.maximum) if request.linear_light else color,
        alpha,
        picture.maximum,
        alpha is not None and request.alpha is Alpha.PREMULTIPLIED,
        request.linear_light,
    )


def in_levels(planes: Planes) -> Planes:
    """The same with its colours as levels."""
    if not planes.linear:
        return planes
    white, light = planes.maximum, planes.color.operand
    largest = float(from_linear(np.array([light.largest]), white)[0])
    back = in_colors(partial(from_linear, white=white), joint=planes.joint)
    color = Mapped(planes.color, back, Operand(light.shape, largest, whole=False))
    return replace(planes, color=color, linear=False)


def convolve_planes(
    planes: Planes, bank: KernelBank, step: Step, precision: Precision, chain: Chain
) -> Planes:
    """One step of a chain, its magnitude and bias included, planned: done as rows are asked for.

    float32 is for what will be rounded to 8-bit levels.
    """
    if planes.linear:
        light = float(_light(np.array([step.fill_value]), planes.maximum)[0])
        step = step.model_copy(update={"fill_value": light})
    color = planes.color
    if not color.operand.largest <= _MODERATE:
        # Only the samples themselves tell how large they are, or whether any is missing.
        color = collected(color)
    if planes.premultiplied:
        return _weighed(replace(planes, color=color), bank, step, chain)
    alpha = planes.alpha
    if alpha is not None:
        shape = dilated_shape(bank.kernels[0].values.shape, step.dilation)
        alpha = fit_alpha(alpha, shape, step, planes.maximum)
    # Only the samples tell whether any is missing.
    known = color.samples if isinstance(color, Stored) and chain.ignore_nan else color.operand
    prepared = chain.prepare(known, bank, step, precision)
    decided = Decided(prepared, partial(chain.prepare, color.operand, bank, step))
    chain.planned.append(decided)
    window = Window.of(prepared, step)
    filtered = Filtered(color, decided, window, step.fill_value, step.absolute, step.bias)
    return replace(planes, color=filtered, alpha=alpha)


def in_colors(
    function: Callable[[Samples], Samples], *, joint: bool
) -> Callable[[Samples], Samples]:
    """A function of samples as one of rows whose last channel is alpha where they are ``joint``.

    Alpha stays as it is. What the rows are given in may be changed.
    """

    def in_rows(rows: Samples) -> Samples:
        rows[:, :, :-1] = function(rows[:, :, :-1])
        return rows

    return in_rows if joint else function


def _weighed(planes: Planes, bank: KernelBank, step: Step, chain: Chain) -> Planes:
    """The same for premultiplied colours."""
    pure, bias = _without_bias(bank)
    color, alpha = _apart(planes)
    known: NDArray[Any] | Operand
    if chain.ignore_nan:
        # Only the samples tell whether any is missing.
        samples, weight = (collected(each).samples.astype(np.float64) for each in (color, alpha))
        known = premultiply(samples, weight, planes.maximum)
    else:
        most = color.operand.largest * alpha.operand.largest / planes.maximum
        known = Operand(color.operand.shape, most, whole=False)
    color_bank = chain.prepare(known, pure, step)
    chain.planned.append(color_bank)
    opaque = step.model_copy(update={"fill_value": planes.maximum})
    alpha_bank = chain.prepare(alpha.samples, pure, opaque)
    chain.planned.append(alpha_bank)
    weighed = Weighed(
        color,
        alpha,
        color_bank,
        alpha_bank,
        Window.of(color_bank, step),
        step.fill_value,
        planes.maximum,
        step.absolute,
        (bias, step.bias),
    )
    return replace(planes, color=weighed, alpha=None, joint=True)


def _apart(planes: Planes) -> tuple[Rows, Stored]:
    """Colours and alpha, each on its own."""
    if planes.alpha is not None:
        return planes.color, Stored(planes.alpha)
    samples = collected(planes.color).samples
    return Stored(samples[:, :, :-1]), Stored(samples[:, :, -1:])


def _light_of(levels: Rows, white: float) -> Rows:
    """The picture as linear light; infinite where a float64 can't hold it."""
    operand = levels.operand
    largest = float(_light(np.array([operand.largest]), white)[0])
    return Mapped(
        levels, partial(_light, white=white), replace(operand, largest=largest, whole=False)
    )


def _light(levels: NDArray[Any], white: float) -> Samples:
    """Linear light; infinite where a float64 can't hold it, for the convolution to refuse."""
    with np.errstate(over="ignore"):
        return to_linear(levels, white)


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
