"""Second derivatives, and what comes of adding derivatives to the picture itself."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from service.convolution.arrays import Array
from service.kernels.edges import PREWITT_SMOOTHING, gradient_kernels
from service.kernels.specification import SquareSpecification

Neighbours = Literal[4, 8]


def laplacian_kernel(neighbours: Neighbours) -> Array:
    """The 3x3 negative Laplacian: each of 4 or 8 neighbours taken from the centre once."""
    kernel = np.full((3, 3), -1.0)
    if neighbours == 4:
        kernel[::2, ::2] = 0
    kernel[1, 1] = neighbours
    return kernel


def identity_kernel() -> Array:
    """The 3x3 kernel with one in the middle of zeros."""
    kernel = np.zeros((3, 3))
    kernel[1, 1] = 1
    return kernel


class LaplacianKernel(SquareSpecification):
    """Difference from the neighbours: bright spots positive, even regions zero."""

    family: ClassVar[str] = "edge"
    source: ClassVar[str] = "skimage.filters.laplace, in its sign"

    name: Literal["laplacian"]
    neighbours: Neighbours = Field(
        default=8, description="How many neighbours count: 4, or 8 with the diagonal ones."
    )

    def compute(self) -> tuple[Array, ...]:
        """The Laplacian with a positive centre."""
        return (laplacian_kernel(self.neighbours),)


class SharpenKernel(SquareSpecification):
    """The picture plus its difference from the neighbours: crisper edges."""

    family: ClassVar[str] = "effect"
    source: ClassVar[str] = "identity + amount * laplacian"

    name: Literal["sharpen"]
    neighbours: Neighbours = Field(
        default=4, description="How many neighbours count: 4, or 8 with the diagonal ones."
    )
    amount: float = Field(
        default=1.0, ge=0, le=1000, description="How much of the difference is added."
    )

    def compute(self) -> tuple[Array, ...]:
        """The identity plus ``amount`` times the Laplacian; its taps sum to one."""
        return (identity_kernel() + self.amount * laplacian_kernel(self.neighbours),)


class EmbossKernel(SquareSpecification):
    """The picture as a relief: brighter where brightness grows to the bottom right."""

    family: ClassVar[str] = "effect"
    source: ClassVar[str] = "identity + prewitt x + prewitt y"

    name: Literal["emboss"]

    def compute(self) -> tuple[Array, ...]:
        """The identity plus the gradient towards the bottom right; its taps sum to one."""
        gradient = gradient_kernels(PREWITT_SMOOTHING)
        return (identity_kernel() + gradient["x"] + gradient["y"],)
