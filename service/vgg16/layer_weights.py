"""The kernel and the bias of one layer, and what a file must say of them to be read at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.errors import WeightsUnavailable
from service.vgg16.architecture import Layer

Float32Array = NDArray[np.float32]

STORED_DTYPE: Final = np.dtype("<f4")
"""The one type of numbers that files of weights may hold: little-endian float32."""


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """What a layer learned; both arrays are C-contiguous and read-only.

    ``kernel`` is (3, 3, channels, filters), ``bias`` (filters,).
    """

    kernel: Float32Array
    bias: Float32Array


def part_shapes(layer: Layer) -> Mapping[str, tuple[int, ...]]:
    """The shapes of the two arrays, by their names in ``LayerWeights``."""
    return {"kernel": layer.shape, "bias": (layer.filters,)}


def require_declared(
    layer: Layer, part: str, shape: tuple[int, ...] | None, dtype: np.dtype[Any]
) -> None:
    """Raise ``WeightsUnavailable`` unless a file declares ``part`` of ``layer`` as it should.

    To be asked before any value is read, so that what is then read is known to be small.
    """
    expected = part_shapes(layer)[part]
    if shape != expected or dtype != STORED_DTYPE:
        raise WeightsUnavailable(
            f"the {part} of {layer.name} must be little-endian float32 of shape {expected}"
        )


def layer_weights(layer: Layer, parts: Mapping[str, Float32Array]) -> LayerWeights:
    """The arrays of a file as ``LayerWeights``; ``WeightsUnavailable`` if any is not finite."""
    for part, array in parts.items():
        if not np.isfinite(array).all():
            raise WeightsUnavailable(f"the {part} of {layer.name} holds values that are not finite")
    return LayerWeights(**{part: _frozen(array) for part, array in parts.items()})


def _frozen(array: Float32Array) -> Float32Array:
    frozen = np.ascontiguousarray(array)
    frozen.flags.writeable = False
    return frozen
