"""Which precision is enough where levels of 8 bits go in and come out."""

from __future__ import annotations

import numpy as np

from service.convolution.rounding import sufficient_precision
from service.convolution.samples import Precision
from service.kernels.kernel import KernelBank
from service.pipelines.banks import is_whole
from service.pipelines.requests import Step

# Up to here a bias costs a float32 less than a thousandth of a level.
_LARGEST_BIAS = 2.0**12


def level_precision(bank: KernelBank, step: Step, bias: float, *, rounded: bool) -> Precision:
    """float32 where it moves hardly any level of the result, else float64.

    ``bias`` is what is added after the step, besides the biases that it has itself. Where the
    result is not ``rounded`` to 8 bits as it is, but stretched or kept deeper, only sums that
    are exact will do.
    """
    biases = [bias, step.bias, bank.bias, *(kernel.bias for kernel in bank.kernels)]
    if max(map(abs, biases)) > _LARGEST_BIAS or not all(
        float(each).is_integer() for each in biases
    ):
        return np.float64
    if not rounded and not is_whole(bank):
        return np.float64
    largest = max(255.0, abs(step.fill_value))
    with np.errstate(over="ignore"):
        enough = {
            sufficient_precision(largest, kernel.values, kernel.divisor) for kernel in bank.kernels
        }
    return np.float32 if enough == {np.float32} else np.float64
