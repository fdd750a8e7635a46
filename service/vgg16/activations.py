"""What the layers of VGG16 see in a picture: its feature maps, after ReLU.

As Keras computes them: preprocessing, 3x3 correlation with a border of zeros, 2x2 max-pooling
between the blocks; at the picture's own size.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.vgg16.architecture import COLORS, Layer, layers_up_to
from service.vgg16.network import BLOCK_BYTES, Load, network, work
from service.vgg16.streaming import Rows, block_rows
from service.vgg16.team import Team

MEANS: Final = (103.939, 116.779, 123.68)
"""Of blue, green and red over the pictures of ImageNet, on the scale of 0 to 255."""

Picture = NDArray[np.float32] | NDArray[np.uint8]
"""(height, width, 3) RGB on the scale of 0 to 255, of any strides."""


def preprocess(rgb: Picture) -> Rows:
    """A picture as the network was trained on it: BGR, without the means.

    ``keras.applications.vgg16.preprocess_input``.
    """
    return np.subtract(rgb[:, :, ::-1], np.array(MEANS, np.float32), dtype=np.float32)


def activation_shape(height: int, width: int, layer: Layer) -> tuple[int, int]:
    """Height and width of the layer's feature maps; 0 where the picture is too small."""
    halvings = layer.block - 1
    return height >> halvings, width >> halvings


def multiply_adds(height: int, width: int, layer: Layer) -> int:
    """How many of them a picture takes up to this layer, as they are computed here."""
    return sum(work(*activation_shape(height, width, each), each) for each in layers_up_to(layer))


def activations(
    rgb: Picture,
    layer: Layer,
    load: Load,
    *,
    threads: int = 1,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[Rows]:
    """The layer's output for a picture, in blocks of rows from top to bottom.

    Each block is (rows, width, filters), float32, contiguous and the caller's own; there is
    none where the picture is too small. ``load`` gives the weights of each layer, and raises
    with the first block; where it gives those of some filters of the last layer alone, only
    these are computed. Several ``threads`` share the work; they pay where BLAS itself takes
    one. ``block_bytes`` is about what one stage holds at a time.
    """
    height, width = rgb.shape[:2]
    if 0 in activation_shape(height, width, layer):
        return
    rows = block_rows(width, len(COLORS), block_bytes)
    picture = (preprocess(rgb[top : top + rows]) for top in range(0, height, rows))
    with Team(threads) as team:
        shape = (height, width, len(COLORS))
        yield from network(picture, shape, layers_up_to(layer), load, team, block_bytes)
