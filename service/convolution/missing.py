"""Convolution that leaves missing samples out: normalised convolution.

Each sample of the result is the sum over the numbers in reach, divided by the taps that met
them and multiplied by all taps (Knutsson and Westin, Normalized and Differential Convolution,
1993; astropy.convolution.convolve with nan_treatment="interpolate").
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from service.convolution.arrays import Array
from service.convolution.convolve import Options, Prepared, prepare
from service.convolution.planner import Plan, check_work
from service.convolution.samples import Precision, Samples
from service.errors import InvalidRequest, ResultNotFinite

# A weight that is this small beside the sum of magnitudes of the taps is not told from the
# rounding of a transform, or not well enough to be divided by.
_NEGLIGIBLE: dict[Precision, float] = {np.float64: 1e-9, np.float32: 1e-4}


@dataclass(frozen=True)
class PreparedIgnoring:
    """A normalised convolution that has been planned for one array, and not yet computed."""

    samples: Prepared
    weights: Prepared
    kernel_sum: float
    negligible: float

    @property
    def plans(self) -> list[Plan]:
        """Those of the two convolutions: of the samples, and of the weights."""
        return [self.samples.plan, self.weights.plan]

    def run(self, array: NDArray[np.generic]) -> Samples:
        """The result, NaN where no number is in reach; ``array`` is the one it was prepared for."""
        result = self.samples.run(_zeros_for_missing(array))
        weights = self.weights.run(_numbers(array))
        weights[np.abs(weights) <= self.negligible] = np.nan
        with np.errstate(over="ignore"):
            # Exactly 1 where nothing is missing in reach of whole taps.
            result *= self.kernel_sum / weights
        if np.isinf(result).any():
            raise ResultNotFinite(f"the result is larger than a {result.dtype} can hold")
        return result


def prepare_ignoring(
    array: NDArray[np.generic], kernel: Array, options: Options
) -> PreparedIgnoring:
    """Plan the convolution that ``convolve_ignoring`` computes; its arguments and its errors."""
    with np.errstate(over="ignore", invalid="ignore"):
        kernel_sum, magnitudes = float(kernel.sum()), float(np.abs(kernel).sum())
    if not np.isfinite(magnitudes):
        raise ResultNotFinite("the sum of the taps is larger than a float64 can hold")
    negligible = _NEGLIGIBLE[options.precision] * magnitudes
    if abs(kernel_sum) <= negligible:
        raise InvalidRequest.at(
            "/nan",
            "ignore divides by the taps that meet numbers and multiplies by the sum of all, "
            "which for this kernel is zero; it takes a kernel whose sum is not, as for smoothing",
        )
    # What stands beyond the border by a constant is a number.
    weighing = replace(options, fill_value=1.0)
    return PreparedIgnoring(
        prepare(_zeros_for_missing(array), kernel, options),
        prepare(_numbers(array), kernel, weighing),
        kernel_sum,
        negligible,
    )


def convolve_ignoring(
    array: NDArray[np.generic], kernel: Array, options: Options
) -> tuple[Samples, list[Plan]]:
    """The convolution of ``array``, whose NaNs count as missing, and how it was computed.

    Arguments and errors as ``convolve``, but that the array may hold NaN; each channel has its
    own. The border extends what is missing as it does the samples. The result is NaN where
    the numbers in reach have no weight, or one too small to be divided by: a billionth of the
    sum of the taps' magnitudes in float64. Without NaN it is the result of ``convolve``, within
    rounding, and exactly so for whole taps.

    Raises ``InvalidRequest`` at /nan for a kernel whose sum is zero.
    """
    prepared = prepare_ignoring(array, kernel, options)
    check_work(prepared.plans, options.max_multiply_adds)
    return prepared.run(array), prepared.plans


def _numbers(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    """1 on numbers and 0 on NaN."""
    numbers: NDArray[np.uint8] = (array == array).astype(np.uint8)
    return numbers


def _zeros_for_missing(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """The array with 0 for NaN; itself where it can't hold any."""
    if array.dtype.kind != "f":
        return array
    filled: NDArray[np.generic] = np.where(array == array, array, 0)
    return filled
