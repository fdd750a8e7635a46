"""The stages of a network, from blocks of rows to blocks of rows.

A stage takes its input block by block, from top to bottom, and holds a few rows of it: the
memory is bounded whatever the height of a picture, and nothing is computed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from service.vgg16.team import Team

Rows = NDArray[np.float32]
"""Some rows of a picture or of a layer's output: (rows, width, channels)."""

Shape = tuple[int, int, int]
"""(height, width, channels) of a whole picture or of all that a layer gives."""

Convolution = Callable[[Rows, Rows], None]
"""Takes a window, (h + 2, w + 2, channels), and writes what it gives, (h, w, filters)."""

ROW_STEP = 4
"""Rows of a block, and rows and columns of a strip, are multiples of it, but for the last."""

# Squares of 4x4 pixels: enough for a call to be worth its while, few enough for the cache.
_STRIP_SQUARES = 128

Strip = tuple[slice, slice]


def block_rows(width: int, channels: int, block_bytes: int) -> int:
    """How many rows of float32 a block has, for about ``block_bytes``."""
    row_bytes = width * channels * np.dtype(np.float32).itemsize
    return max(1, block_bytes // (row_bytes * ROW_STEP)) * ROW_STEP


def convolved(
    blocks: Iterable[Rows],
    shape: Shape,
    convolution: Convolution,
    filters: int,
    rows: int,
    team: Team,
) -> Iterator[Rows]:
    """A layer's output, after ReLU, for an input of ``shape``, (height, width, channels).

    Each block has ``rows`` rows, the last one perhaps fewer.
    """
    for window in windows(blocks, shape, rows):
        height, width = len(window) - 2, shape[1]
        output = np.empty((height, width, filters), np.float32)

        def convolve(strip: Strip, window: Rows = window, output: Rows = output) -> None:
            down, across = strip
            around = window[down.start : down.stop + 2, across.start : across.stop + 2]
            convolution(around, output[strip])
            rectify(output[strip])

        team.each(convolve, strips(height, width, team.threads))
        yield output


def rectify(values: Rows) -> None:
    """ReLU, in place: max(x, 0)."""
    lines = values.reshape(len(values), -1, copy=False)
    # numpy takes three times as long with the scalar 0.
    np.maximum(lines, np.zeros(lines.shape[1], np.float32), out=lines)


def windows(blocks: Iterable[Rows], shape: Shape, rows: int) -> Iterator[Rows]:
    """What ``rows`` rows of output are computed from: they, and one more on each side.

    ``shape`` is that of all blocks together. Zeros stand where the picture ends. The same
    array is filled again and again: a window holds until the next one is asked for.
    """
    height, width, channels = shape
    window = np.zeros((min(rows, height) + 2, width + 2, channels), np.float32)
    filled = 1
    for block in blocks:
        rest = block
        while len(rest):
            taken = rest[: len(window) - filled]
            window[filled : filled + len(taken), 1:-1] = taken
            filled, rest = filled + len(taken), rest[len(taken) :]
            if filled == len(window):
                yield window
                window[:2] = window[-2:]
                filled = 2
    window[filled] = 0
    yield window[: filled + 1]


def strips(height: int, width: int, threads: int) -> list[Strip]:
    """A block in parts that fit the cache, as many for each thread where it can be.

    As slices of rows and columns; the last ones may reach beyond the end.
    """
    steps_down, steps_across = -(-height // ROW_STEP), -(-width // ROW_STEP)
    squares = steps_down * steps_across
    rounds = -(-squares // (threads * _STRIP_SQUARES))
    most = -(-squares // (threads * rounds))
    across = -(-steps_across // most)
    columns = ROW_STEP * -(-steps_across // across)
    rows = ROW_STEP * max(1, most * ROW_STEP // columns)
    return [
        (slice(top, top + rows), slice(left, left + columns))
        for top, left in product(range(0, height, rows), range(0, width, columns))
    ]


def pooled(blocks: Iterable[Rows]) -> Iterator[Rows]:
    """The maximum of each 2x2 pixels; an odd row or column at the end is left out.

    All blocks but the last have an even number of rows.
    """
    for block in blocks:
        height, width = (side // 2 * 2 for side in block.shape[:2])
        if height and width:
            lines = np.maximum(block[0:height:2, :width], block[1:height:2, :width])
            yield np.maximum(lines[:, 0::2], lines[:, 1::2])
