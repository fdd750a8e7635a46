"""The size of the tiles of overlap-save, by an estimate of what each costs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product
from typing import Final, TypeAlias

# Sides of a tile are whole vectors, and lengths that fft.hpp transforms: 2^a 3^b 5^c.
_SIDES: Final = (
    *(16, 32, 48, 64, 80, 96, 128, 144, 160, 192, 240, 256, 288, 320, 384, 480, 512, 576, 640),
    *(768, 960, 1024, 1280, 1536, 2048, 3072, 4096),
)
LARGEST_SIDE: Final = _SIDES[-1]
# Nanoseconds for a float32, by AVX-512 at 4 GHz (least squares over tiles of 16x16 to 1024x1024
# in both precisions, 10% off on average); a float64 takes twice as long. For each sample of
# a tile: to load and store it, for each binary digit of the tile's sides, for each MiB that two
# tiles fill, and what a signal's takes besides.
_MOVE: Final = 0.08
_DIGIT: Final = 0.0475
_CACHE: Final = 0.0235
_TWIST: Final = 0.19
# For each number of the kernel's spectrum, for each binary digit; and for a call.
_SPECTRUM: Final = 0.031
_CALL: Final = 9000.0
# The columns that are transformed back at once, see overlap_save.hpp.
_PANEL: Final = 64
# Tiles that compute so many times more samples than others are no cheaper for being smaller.
_MOST_WASTE: Final = 1.5

Tile: TypeAlias = tuple[int, int]


@lru_cache(maxsize=1024)
def picture_tile(
    result: tuple[int, ...], kernel: tuple[int, ...], lanes: int, itemsize: int
) -> Tile:
    """The (rows, columns) of a tile for a result (height, width, channels).

    A ValueError where the kernel is larger than ``LARGEST_SIDE``.
    """
    sides = [side for side in _SIDES if side % lanes == 0]
    rows, columns = (_worthwhile(sides, n, k) for n, k in zip(result[:2], kernel, strict=True))
    return min(
        product(rows, columns),
        key=lambda tile: picture_nanoseconds(result, kernel, tile, itemsize),
    )


def picture_nanoseconds(
    result: tuple[int, ...], kernel: tuple[int, ...], tile: Tile, itemsize: int
) -> float:
    """What a result (height, width, channels) costs in such tiles, on one core."""
    (height, width, channels), (down, across) = result, kernel
    count_across = _count(width, tile[1], across)
    count = _count(height, tile[0], down) * count_across
    # Columns are transformed back only where they hold results.
    panels = math.ceil(width / count_across / _PANEL)
    restored = min(1.0, panels * _PANEL / tile[1])
    return _nanoseconds(count, tile, channels, itemsize, _MOVE, restored)


@lru_cache(maxsize=1024)
def signal_tile(result: int, kernel: int, lanes: int, itemsize: int) -> Tile:
    """The (rows, columns) whose product is the block for a result of so many samples.

    A ValueError where the kernel is larger than ``LARGEST_SIDE`` squared.
    """
    tiles = {math.prod(tile): tile for tile in _squarish(lanes)}
    blocks = _worthwhile(sorted(tiles), result, kernel)
    return min(
        (tiles[block] for block in blocks),
        key=lambda tile: signal_nanoseconds(result, kernel, tile, itemsize),
    )


def signal_nanoseconds(result: int, kernel: int, tile: Tile, itemsize: int) -> float:
    """What a result of so many samples costs in such blocks, on one core."""
    count = _count(result, math.prod(tile), kernel)
    return _nanoseconds(count, tile, 1, itemsize, _MOVE + _TWIST, 1.0)


def _squarish(lanes: int) -> Iterator[Tile]:
    sides = [side for side in _SIDES if side % lanes == 0]
    return (tile for tile in product(sides, sides) if tile[0] in (tile[1], tile[1] / 2))


def _worthwhile(sides: Iterable[int], result: int, kernel: int) -> list[int]:
    """Those of ascending lengths that compute fewer samples than any shorter one."""
    computed: dict[int, int] = {}
    for side in sides:
        if side < kernel:
            continue
        count = _count(result, side, kernel)
        if not computed or side * count < min(computed.values()):
            computed[side] = side * count
        if count == 1:
            break
    if not computed:
        raise ValueError("the kernel is larger than any tile")
    most = _MOST_WASTE * min(computed.values())
    return [side for side, samples in computed.items() if samples <= most]


def _count(result: int, side: int, kernel: int) -> int:
    """How many tiles of a side cover a result."""
    return -(-result // (side - kernel + 1))


def _nanoseconds(
    count: int, tile: Tile, channels: int, itemsize: int, move: float, restored: float
) -> float:
    """Of so many tiles; ``restored`` is the share of the columns that are transformed back."""
    size = math.prod(tile)
    down, across = map(math.log2, tile)
    mebibytes = 2 * size * channels * itemsize / 2**20
    each = move + _DIGIT * (across + down * (1 + restored) / 2) + _CACHE * mebibytes
    in_pairs = 2 * math.ceil(count / 2)
    floats = in_pairs * channels * size * each + size * (down + across) * _SPECTRUM
    return floats * itemsize / 4 + _CALL
