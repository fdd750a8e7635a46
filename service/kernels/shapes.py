"""Flat shapes: averages over the pixels that a shape covers, as a lens or a neighbourhood does.

Most are ones and zeros, the structuring elements of morphology; the rims of ``disk`` and
``ring`` are weighed by the area that they cover of each pixel, unless that is turned off.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator

from service.convolution.arrays import Array
from service.kernels.coordinates import centred
from service.kernels.kernel import Normalize
from service.kernels.specification import MAX_SIZE, Extent, KernelSpecification, Size

Mask = NDArray[np.bool_]

_MAX_RADIUS = MAX_SIZE // 2 - 1

WholeRadius = Annotated[
    int,
    Field(
        ge=1,
        le=_MAX_RADIUS,
        description="Pixels from the middle to the side: the kernel is 2 * radius + 1 wide.",
    ),
]
Radius = Annotated[float, Field(ge=0.1, le=_MAX_RADIUS)]
Antialias = Annotated[
    bool,
    Field(
        description="Whether pixels of the rim count by the area of theirs that is covered; "
        "false counts the whole of those whose middle is."
    ),
]


def disk_areas(radius: float, reach: int) -> Array:
    """The area of each unit pixel that a disk round the middle one's centre covers.

    Float64 of shape (2 * reach + 1, 2 * reach + 1), from 0 to 1. Exact but for rounding: under
    the circle a pixel is covered to its top on the left of where the circle crosses its top,
    then up to the circle, to where the circle crosses its bottom.
    """
    # A quadrant, whose first row and column are the halves of those through the middle.
    edges = np.append(0.0, np.arange(reach + 1) + 0.5)
    left, right = edges[np.newaxis, :-1], edges[np.newaxis, 1:]
    bottom, top = edges[:-1, np.newaxis], edges[1:, np.newaxis]
    full = np.clip(_half_chord(radius, top), left, right)
    end = np.clip(_half_chord(radius, bottom), left, right)
    under_circle = _area_under(radius, end) - _area_under(radius, full)
    quadrant = (full - left) * (top - bottom) + under_circle - bottom * (end - full)
    # Each below the diagonal, where the circle is flat, and its mirror image.
    quadrant = np.tril(quadrant) + np.tril(quadrant, -1).T
    quadrant[0] *= 2
    quadrant[:, 0] *= 2
    unfold = np.abs(np.arange(-reach, reach + 1))
    return np.asarray(np.clip(quadrant[np.ix_(unfold, unfold)], 0, 1))


def _half_chord(radius: float, distance: Array) -> Array:
    """Half the chord at a distance from the centre; zero beyond the circle."""
    return np.asarray(np.sqrt(np.maximum((radius - distance) * (radius + distance), 0)))


def _area_under(radius: float, x: Array) -> Array:
    """The area between the x axis and the circle, from 0 to ``x`` or the circle's end."""
    height = _half_chord(radius, x)
    area: Array = (x * height + radius**2 * np.arctan2(x, height)) / 2
    return area


def covered_disk(radius: float, reach: int, antialias: bool) -> Array:
    """How much of each pixel a disk covers, or with no ``antialias`` of which the middle."""
    if antialias:
        return disk_areas(radius, reach)
    x, y = centred((2 * reach + 1, 2 * reach + 1))
    return np.asarray(x**2 + y**2 <= radius**2, dtype=np.float64)


def disk_reach(radius: float, antialias: bool) -> int:
    """Pixels from the middle to the last one that ``covered_disk`` counts."""
    return math.ceil(radius - 0.5) if antialias else math.floor(radius)


class ShapeSpecification(KernelSpecification):
    """Base of the flat shapes: averages."""

    family: ClassVar[str] = "shape"
    default_normalize: ClassVar[Normalize] = Normalize.SUM


class NeighbourhoodSpecification(ShapeSpecification):
    """Base of the shapes of ones within a square of a whole radius."""

    radius: WholeRadius = 1

    def extent(self) -> Extent:
        """(2 * radius + 1, 2 * radius + 1)."""
        side = 2 * self.radius + 1
        return Extent((side, side), "/radius")

    def compute(self) -> tuple[Array, ...]:
        """One where the shape is, zero elsewhere."""
        shape = self.extent().shape
        x, y = np.abs(np.broadcast_arrays(*centred(shape)))
        return (np.asarray(self.covers(x, y), dtype=np.float64),)

    @abstractmethod
    def covers(self, x: Array, y: Array) -> Mask:
        """Whether the shape covers the pixel that many columns and rows from the middle."""


class DiskKernel(ShapeSpecification):
    """Average over a disk, with a smooth rim: what a lens out of focus does."""

    source: ClassVar[str] = (
        "area of each pixel within the circle, as MATLAB's fspecial('disk'); without antialias "
        "skimage.morphology.disk"
    )

    name: Literal["disk"]
    radius: Radius = Field(default=5.0, description="Radius in pixels, whole or not.")
    antialias: Antialias = True

    def extent(self) -> Extent:
        """As many pixels as the disk touches."""
        side = 2 * disk_reach(self.radius, self.antialias) + 1
        return Extent((side, side), "/radius")

    def compute(self) -> tuple[Array, ...]:
        """How much of each pixel the disk covers."""
        reach = disk_reach(self.radius, self.antialias)
        return (covered_disk(self.radius, reach, self.antialias),)


class RingKernel(ShapeSpecification):
    """Average over a ring between two circles: what a mirror lens out of focus does."""

    source: ClassVar[str] = "disk without the inner disk; without antialias ImageMagick's Ring"

    name: Literal["ring"]
    inner: float = Field(
        default=2.5, ge=0, le=_MAX_RADIUS, description="Radius of the hole in pixels."
    )
    outer: Radius = Field(default=3.5, description="Radius of the rim; more than that of the hole.")
    antialias: Antialias = True

    @field_validator("outer")
    @classmethod
    def _beyond_inner(cls, outer: float, info: ValidationInfo) -> float:
        if outer <= info.data.get("inner", 0):
            raise ValueError("must be more than inner")
        return outer

    def extent(self) -> Extent:
        """As many pixels as the outer disk touches."""
        side = 2 * disk_reach(self.outer, self.antialias) + 1
        return Extent((side, side), "/outer")

    def compute(self) -> tuple[Array, ...]:
        """How much of each pixel lies in the outer disk and not in the inner."""
        reach = disk_reach(self.outer, self.antialias)
        outer, inner = (covered_disk(r, reach, self.antialias) for r in (self.outer, self.inner))
        return (outer - inner,)


class DiamondKernel(NeighbourhoodSpecification):
    """Average over a diamond: all pixels within so many steps across sides."""

    source: ClassVar[str] = "skimage.morphology.diamond; ImageMagick's Diamond"

    name: Literal["diamond"]

    def covers(self, x: Array, y: Array) -> Mask:
        """City-block distance up to the radius."""
        return np.asarray(x + y <= self.radius)


class SquareKernel(NeighbourhoodSpecification):
    """Average over a square: all pixels within so many steps of a king."""

    source: ClassVar[str] = "skimage.morphology.footprint_rectangle; ImageMagick's Square"

    name: Literal["square"]

    def covers(self, x: Array, y: Array) -> Mask:
        """Everything within the kernel."""
        return np.asarray(np.maximum(x, y) <= self.radius)


class OctagonKernel(NeighbourhoodSpecification):
    """Average over an octagon: a square with its corners cut."""

    source: ClassVar[str] = "ImageMagick's Octagon; skimage.morphology.octagon of these sides"

    name: Literal["octagon"]
    radius: WholeRadius = 2

    def covers(self, x: Array, y: Array) -> Mask:
        """The square and the diamond of one and a half times the radius, rounded down."""
        return np.asarray(x + y <= self.radius + self.radius // 2)


class PlusKernel(NeighbourhoodSpecification):
    """Average over a plus: the row and the column through the middle."""

    source: ClassVar[str] = "ImageMagick's Plus; OpenCV's MORPH_CROSS"

    name: Literal["plus"]

    def covers(self, x: Array, y: Array) -> Mask:
        """Where either distance is zero."""
        return np.asarray((x == 0) | (y == 0))


class CrossKernel(NeighbourhoodSpecification):
    """Average over a cross that lies: the two diagonals through the middle."""

    source: ClassVar[str] = "ImageMagick's Cross"

    name: Literal["cross"]

    def covers(self, x: Array, y: Array) -> Mask:
        """Where both distances are equal."""
        return np.asarray(x == y)


class RectangleKernel(ShapeSpecification):
    """Average over a rectangle of any width and height."""

    source: ClassVar[str] = "skimage.morphology.footprint_rectangle; ImageMagick's Rectangle"

    name: Literal["rectangle"]
    width: Size = Field(default=5, description="Number of columns.")
    height: Size = Field(default=3, description="Number of rows.")

    def extent(self) -> Extent:
        """(height, width)."""
        return Extent(
            (self.height, self.width), "/width" if self.width > self.height else "/height"
        )

    def compute(self) -> tuple[Array, ...]:
        """Ones."""
        return (np.ones((self.height, self.width)),)


SHAPES: tuple[type[ShapeSpecification], ...] = (
    DiskKernel,
    RingKernel,
    DiamondKernel,
    SquareKernel,
    OctagonKernel,
    PlusKernel,
    CrossKernel,
    RectangleKernel,
)
