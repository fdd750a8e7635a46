"""What comes of adding derivatives to the picture itself: crisper edges, relief, outlines."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from service.convolution.arrays import Array
from service.kernels.exact import as_ratio
from service.kernels.layout import oriented, ring_kernel
from service.kernels.second_derivatives import (
    Alpha,
    Neighbours,
    Sigma,
    gaussian_square,
    laplacian_kernel,
    reach,
)
from service.kernels.specification import (
    Extent,
    KernelSpecification,
    OddSize,
    SquareSpecification,
)

# Sobel's taps round the ring for brightness that grows to the right, clockwise from the top left.
_RELIEF_TO_THE_RIGHT = (1.0, 0.0, -1.0, -2.0, -1.0, 0.0, 1.0, 2.0)


def impulse(size: int = 3) -> Array:
    """One in the middle of zeros, (size, size), for an odd size."""
    square = np.zeros((size, size))
    square[size // 2, size // 2] = 1
    return square


def with_detail(detail: Array, amount: float) -> Array:
    """The impulse plus ``amount`` times ``detail``, of one odd size; exact for whole detail."""
    numerator, denominator = as_ratio(amount)
    return (denominator * impulse(len(detail)) + numerator * detail) / denominator


class SharpenKernel(SquareSpecification):
    """The picture plus its difference from the neighbours: crisper edges."""

    family: ClassVar[str] = "effect"
    source: ClassVar[str] = "identity + amount * laplacian; with alpha, fspecial('unsharp', alpha)"

    name: Literal["sharpen"]
    neighbours: Neighbours = Field(
        default=4, description="How many neighbours count: 4, or 8 with the diagonal ones."
    )
    amount: float = Field(
        default=1.0, ge=0, le=1000, description="How much of the difference is added."
    )
    alpha: Alpha = Field(default=None, ge=0, le=1)

    def compute(self) -> tuple[Array, ...]:
        """The identity plus ``amount`` times the Laplacian; its taps sum to one."""
        return (with_detail(laplacian_kernel(self.neighbours, self.alpha), self.amount),)


class UnsharpKernel(KernelSpecification):
    """The picture plus its difference from a blurred one: the unsharp mask of photographers."""

    family: ClassVar[str] = "effect"
    source: ClassVar[str] = (
        "identity + amount * (identity - gaussian); skimage.filters.unsharp_mask"
    )

    name: Literal["unsharp"]
    size: OddSize | None = Field(
        default=None,
        description="Taps a side, an odd number; null reaches four standard deviations to "
        "either side, 2 * int(4 * sigma + 0.5) + 1.",
    )
    sigma: Sigma = Field(default=1.0, description="Standard deviation of the blur in samples.")
    amount: float = Field(
        default=1.0, ge=0, le=1000, description="How much of the difference is added."
    )

    def extent(self) -> Extent:
        """(size, size), or what ``sigma`` calls for."""
        if self.size is not None:
            return Extent((self.size, self.size), "/size")
        return Extent((reach(self.sigma),) * 2, "/sigma")

    def compute(self) -> tuple[Array, ...]:
        """The identity plus ``amount`` times what the Gaussian takes away; its taps sum to one."""
        size, _ = self.extent().shape
        return (with_detail(impulse(size) - gaussian_square(size, self.sigma), self.amount),)


class EdgeEnhanceKernel(SquareSpecification):
    """The picture plus a share of its difference from all eight neighbours."""

    family: ClassVar[str] = "effect"
    source: ClassVar[str] = "PIL.ImageFilter.EDGE_ENHANCE; a strength of 1 is EDGE_ENHANCE_MORE"

    name: Literal["edge_enhance"]
    strength: float = Field(
        default=0.5, ge=0, le=1000, description="How much of the difference is added."
    )

    def compute(self) -> tuple[Array, ...]:
        """The identity plus ``strength`` times the Laplacian; its taps sum to one."""
        return (with_detail(laplacian_kernel(8), self.strength),)


class OutlineKernel(SquareSpecification):
    """Outlines bright on black: what differs from its eight neighbours."""

    family: ClassVar[str] = "effect"
    source: ClassVar[str] = "PIL.ImageFilter.FIND_EDGES; with a bias of 255, CONTOUR"

    name: Literal["outline"]

    def compute(self) -> tuple[Array, ...]:
        """Eight in the middle of minus ones."""
        return (laplacian_kernel(8),)


class EmbossKernel(SquareSpecification):
    """The picture as a relief: brighter where brightness grows along an angle."""

    family: ClassVar[str] = "effect"
    source: ClassVar[str] = "identity + depth * sobel, turned in steps of 45 degrees"

    name: Literal["emboss"]
    angle: int = Field(
        default=315,
        ge=0,
        le=360,
        multiple_of=45,
        description="Where brightness grows for a brighter result, in degrees anticlockwise from "
        "the right, multiples of 45; 315 is the bottom right.",
    )
    depth: float = Field(
        default=1.0, ge=0, le=1000, description="How much of the gradient is added."
    )

    def compute(self) -> tuple[Array, ...]:
        """The identity plus ``depth`` times the gradient; its taps sum to one."""
        relief = oriented(ring_kernel(_RELIEF_TO_THE_RIGHT, 0), self.angle, None)
        return (with_detail(relief, self.depth),)


EFFECTS: tuple[type[KernelSpecification], ...] = (
    SharpenKernel,
    UnsharpKernel,
    EdgeEnhanceKernel,
    OutlineKernel,
    EmbossKernel,
)
