"""Convolutions one after the other on one array, within one limit on their work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from service.convolution.dilation import dilated_shape
from service.convolution.operand import Operand
from service.convolution.options import Options
from service.convolution.planner import Plan
from service.convolution.samples import Precision, Samples
from service.kernels.kernel import KernelBank
from service.kernels.specification import NormalizeRule
from service.pipelines.banks import PreparedBank, check_finite, finished, prepare_bank
from service.pipelines.limits import Limits
from service.pipelines.remembered import built_bank
from service.pipelines.requests import ConvolutionOptions, PlacedStep


class Planned(Protocol):
    """A convolution that has been planned, or done as planned."""

    @property
    def plans(self) -> Sequence[Plan]:
        """The plan of each kernel's."""
        ...


@dataclass
class Chain:
    """What has been planned so far: the convolutions and the kernels, and the work that is left.

    ``ignore_nan`` takes NaN for samples that are missing.
    """

    limits: Limits
    ignore_nan: bool = False
    planned: list[Planned] = field(default_factory=list)
    banks: list[KernelBank] = field(default_factory=list)

    @property
    def plans(self) -> list[Plan]:
        """The plans of all convolutions, in their order."""
        return [plan for each in self.planned for plan in each.plans]

    def prepare(
        self,
        array: NDArray[Any] | Operand,
        bank: KernelBank,
        options: ConvolutionOptions,
        precision: Precision = np.float64,
    ) -> PreparedBank:
        """One bank, planned for one array; ``LimitExceeded`` where all work together is too much.

        Shapes as in ``convolution.convolve``. float32 is for what will be rounded to 8-bit levels.
        """
        core = core_options(options, precision, self.limits.max_multiply_adds)
        return prepare_bank(array, bank, core, before=self.plans, ignore_nan=self.ignore_nan)

    def convolve(
        self, array: NDArray[Any], bank: KernelBank, options: ConvolutionOptions
    ) -> Samples:
        """The result of one bank in float64; the errors of ``prepare``."""
        prepared = self.prepare(array, bank, options)
        self.planned.append(prepared)
        return prepared.run(array)

    def build(self, placed: PlacedStep, dimensions: int) -> KernelBank:
        """The kernels of a step for arrays of ``dimensions``, remembered for the answer."""
        step = placed.step
        rule = None if step.normalize is None else NormalizeRule(step.normalize, "/normalize")
        bank = built_bank(step.kernel, dimensions, rule, self.limits.kernel, placed.kernel_pointer)
        for kernel in bank.kernels:
            shape = dilated_shape(kernel.values.shape, step.dilation)
            self.limits.kernel.check(shape, "/dilation")
        self.banks.append(bank)
        return bank

    def finish(self, result: Samples, *, absolute: bool, bias: float) -> None:
        """Magnitude and bias, in place."""
        finished(result, absolute=absolute, bias=bias)
        if bias:
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
