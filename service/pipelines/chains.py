"""Convolutions one after the other on one array, within one limit on their work."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.convolution.convolve import Options
from service.convolution.dilation import dilated_shape
from service.convolution.planner import Plan
from service.convolution.rounding import undecided
from service.convolution.samples import Precision, Samples
from service.kernels.kernel import KernelBank
from service.kernels.specification import NormalizeRule
from service.pipelines.banks import check_finite, convolve_bank
from service.pipelines.limits import Limits
from service.pipelines.requests import ConvolutionOptions, PlacedStep


@dataclass
class Chain:
    """What has been done so far: the plans and the kernels, and the work that is left.

    ``ignore_nan`` takes NaN for samples that are missing.
    """

    limits: Limits
    ignore_nan: bool = False
    plans: list[Plan] = field(default_factory=list)
    banks: list[KernelBank] = field(default_factory=list)

    def convolve(
        self,
        array: NDArray[Any],
        bank: KernelBank,
        options: ConvolutionOptions,
        precision: Precision = np.float64,
    ) -> Samples:
        """The result of one bank; ``LimitExceeded`` where all work together is too much.

        Shapes as in ``convolution.convolve``. float32 is for what will be rounded to 8-bit
        levels, and given up where it can't decide them.
        """
        core = core_options(options, precision, self.limits.max_multiply_adds)
        run = partial(convolve_bank, array, bank, before=self.plans, ignore_nan=self.ignore_nan)
        result, plans = run(core)
        if precision is np.float32 and undecided(result, [each.values for each in bank.kernels]):
            result, plans = run(replace(core, precision=np.float64))
        self.plans += plans
        return result

    def build(self, placed: PlacedStep, dimensions: int) -> KernelBank:
        """The kernels of a step for arrays of ``dimensions``, remembered for the answer."""
        step = placed.step
        rule = None if step.normalize is None else NormalizeRule(step.normalize, "/normalize")
        bank = step.kernel.build_with(dimensions, rule, self.limits.kernel, placed.kernel_pointer)
        for kernel in bank.kernels:
            shape = dilated_shape(kernel.values.shape, step.dilation)
            self.limits.kernel.check(shape, "/dilation")
        self.banks.append(bank)
        return bank

    def finish(self, result: Samples, *, absolute: bool, bias: float) -> None:
        """Magnitude and bias, in place."""
        if absolute:
            np.abs(result, out=result)
        if bias:
            with np.errstate(over="ignore"):
                np.add(result, bias, out=result)
            check_finite(result, gaps=self.ignore_nan)


def along(bank: KernelBank, axis: int) -> KernelBank:
    """The 1-D kernels laid along one axis of a matrix: 0 is down the columns, 1 along the rows."""
    laid = (slice(None), np.newaxis) if axis == 0 else (np.newaxis, slice(None))
    return replace(
        bank, kernels=tuple(replace(each, values=each.values[laid]) for each in bank.kernels)
    )


def core_options(options: ConvolutionOptions, precision: Precision, work: float) -> Options:
    """The same for the core, with the multiply-adds that may be spent at most."""
    return Options(
        options.mode,
        options.boundary,
        options.fill_value,
        options.operation,
        options.method,
        precision,
        work,
        stride=options.stride,
        dilation=options.dilation,
    )
