"""Some layers of VGG16, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import prod
from typing import Final

from service.vgg16.architecture import Layer
from service.vgg16.im2col import Im2col
from service.vgg16.layer_weights import LayerWeights
from service.vgg16.streaming import Convolution, Rows, Shape, block_rows, convolved, pooled
from service.vgg16.team import Team
from service.vgg16.winograd import OUTPUT_SIDE, POINTS, Winograd

BLOCK_BYTES: Final = 4 * 2**20
"""About what a stage takes and gives at a time: a part of the cache that all cores share."""

# With fewer input channels, Winograd's transforms cost more than they save (measured).
_WINOGRAD_CHANNELS = 16

Load = Callable[[Layer], LayerWeights]
"""Gives the weights of a layer, of all its filters or some."""


def network(
    blocks: Iterable[Rows],
    shape: Shape,
    layers: Sequence[Layer],
    load: Load,
    team: Team,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[Rows]:
    """The output of the last of ``layers``, each followed by ReLU, in blocks of rows.

    ``shape`` is that of the input, (height, width, channels). Between two layers of different
    blocks of the network the size is halved by max-pooling.
    """
    halvings = layers[0].block
    for layer in layers:
        if layer.block > halvings:
            blocks, halvings = pooled(blocks), layer.block
            shape = (shape[0] // 2, shape[1] // 2, shape[2])
        weights = load(layer)
        filters = len(weights.bias)
        rows = block_rows(shape[1], max(layer.channels, filters), block_bytes)
        blocks = convolved(blocks, shape, _convolution(weights, team), filters, rows, team)
        shape = (*shape[:2], filters)
    yield from blocks


def work(height: int, width: int, layer: Layer) -> int:
    """The multiply-adds of the matrix products in ``layer``, for an input of that size."""
    if not _takes_winograd(layer.channels):
        return height * width * prod(layer.shape)
    tiles = -(-height // OUTPUT_SIDE) * -(-width // OUTPUT_SIDE)
    return tiles * POINTS * layer.channels * layer.filters


def _convolution(weights: LayerWeights, team: Team) -> Convolution:
    if _takes_winograd(weights.kernel.shape[2]):
        return Winograd(weights.kernel, weights.bias, team)
    return Im2col(weights.kernel, weights.bias)


def _takes_winograd(channels: int) -> bool:
    return channels >= _WINOGRAD_CHANNELS
