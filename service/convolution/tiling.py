"""Of what size the tiles are that overlap-save transforms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from service.convolution.costs import costs
from service.convolution.samples import Precision

# Of a tile, what may at most be overlap, and what must at least be for it to be looked at:
# beyond, a larger or a smaller one is better whatever they cost.
_LARGEST_OVERLAP, _SMALLEST_OVERLAP = 0.75, 1 / 50


@dataclass(frozen=True)
class Tiling:
    """Tiles of that size and number, for one channel, and the time on one core.

    ``nanoseconds`` is that of all tiles, ``kernel_nanoseconds`` that of the kernel's spectrum.
    """

    tile: tuple[int, ...]
    count: int
    nanoseconds: float
    kernel_nanoseconds: float

    @property
    def samples(self) -> int:
        """Those of all tiles."""
        return self.count * math.prod(self.tile)


def cheapest_tiling(output: Sequence[int], taps: Sequence[int], precision: Precision) -> Tiling:
    """That for so many samples wanted along each of one or two axes, and so many taps.

    A tile of ``t`` samples gives ``t - k + 1`` of the result.
    """
    each = costs().of(precision)
    rates = each.signal_tiles if len(output) == 1 else each.picture_tiles
    axes = [list(_sides(n, k, rates)) for n, k in zip(output, taps, strict=True)]
    return min(
        (_tiling(sides) for sides in product(*axes)),
        key=lambda one: one.nanoseconds + one.kernel_nanoseconds,
    )


def _sides(n: int, k: int, rates: Mapping[int, float]) -> Iterator[tuple[int, int, float]]:
    """Each side that is worth a look, the tiles along the axis, and a sample's nanoseconds."""
    found = False
    for side, rate in rates.items():
        whole = side >= n + k - 1
        if whole or k - 1 <= _LARGEST_OVERLAP * side:
            if whole or k - 1 >= _SMALLEST_OVERLAP * side or not found:
                found = True
                yield side, math.ceil(n / (side - k + 1)), rate
            if whole:
                return
    if not found:
        side = 2 ** math.ceil(math.log2(2 * k))
        yield side, math.ceil(n / (side - k + 1)), max(rates.values())


def _tiling(sides: Sequence[tuple[int, int, float]]) -> Tiling:
    """Of sides, numbers and rates along each axis: an oblong tile's rate lies between them."""
    tile = tuple(side for side, _, _ in sides)
    count = math.prod(number for _, number, _ in sides)
    rate = math.prod(rate for _, _, rate in sides) ** (1 / len(sides))
    each = math.prod(tile) * rate
    return Tiling(tile, count, count * each, each / 2)
