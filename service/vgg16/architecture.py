"""The convolution layers of VGG16: configuration D of Simonyan and Zisserman, 2014, table 1.

Every kernel is 3x3 and correlated, not flipped, with stride 1 and a border of zeros that keeps
the size; ReLU follows it. Between two blocks a 2x2 max-pooling with stride 2 halves the size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

KERNEL_SIDE = 3
"""Rows and columns of every kernel."""

COLORS = ("blue", "green", "red")
"""What the input channels of the first layer are: Keras feeds this network BGR."""

# Filters of each layer, block by block.
_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


@dataclass(frozen=True)
class Layer:
    """One convolution layer, under the name that Keras gives it.

    ``channels`` is the number of its input channels, ``filters`` that of its output; ``block``
    counts from 1. A picture is halved ``block - 1`` times before it gets here.
    """

    name: str
    block: int
    channels: int
    filters: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of its kernel array: (height, width, channels, filters)."""
        return (KERNEL_SIDE, KERNEL_SIDE, self.channels, self.filters)


def _layers() -> list[Layer]:
    layers: list[Layer] = []
    channels = len(COLORS)
    for block, widths in enumerate(_BLOCKS, start=1):
        for position, filters in enumerate(widths, start=1):
            layers.append(Layer(f"block{block}_conv{position}", block, channels, filters))
            channels = filters
    return layers


LAYERS: Mapping[str, Layer] = {layer.name: layer for layer in _layers()}
"""The 13 layers by name, from the picture upwards."""


def layers_up_to(layer: Layer) -> list[Layer]:
    """All the layers that a picture passes to reach the output of ``layer``, it included."""
    layers = list(LAYERS.values())
    return layers[: layers.index(layer) + 1]
