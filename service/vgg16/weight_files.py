"""Files of weights, of whatever format: told by their signature, and faults told alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from service.errors import WeightsUnavailable
from service.vgg16 import h5_weights, npz_weights
from service.vgg16.architecture import Layer
from service.vgg16.layer_weights import Float32Array, LayerWeights, layer_weights


@dataclass(frozen=True)
class WeightFormat:
    """How one format is recognised and read.

    ``stored_layers`` and ``read_parts`` take a seekable file; ``faults`` are what they raise
    for a damaged one, beside ``WeightsUnavailable``.
    """

    signature: bytes
    stored_layers: Callable[[BinaryIO], frozenset[str]]
    read_parts: Callable[[BinaryIO, Layer], Mapping[str, Float32Array]]
    faults: tuple[type[Exception], ...]


WEIGHT_FORMATS: Mapping[str, WeightFormat] = {
    name: WeightFormat(reader.SIGNATURE, reader.stored_layers, reader.read_parts, reader.FAULTS)
    for name, reader in (("h5", h5_weights), ("npz", npz_weights))
}


def stored_layers(file: BinaryIO) -> frozenset[str]:
    """The names of the layers in ``file``; ``WeightsUnavailable`` if it holds none."""
    with _recognised(file) as found:
        layers = found.stored_layers(file)
    if not layers:
        raise WeightsUnavailable("the file of weights holds none of the layers of VGG16")
    return layers


def read_layer(file: BinaryIO, layer: Layer) -> LayerWeights:
    """The weights of ``layer`` from ``file``.

    ``WeightsUnavailable`` for a file that is damaged, of no known format, or that holds
    anything but a finite float32 kernel and bias of the layer's shapes.
    """
    with _recognised(file) as found:
        parts = found.read_parts(file, layer)
    return layer_weights(layer, parts)


@contextmanager
def _recognised(file: BinaryIO) -> Iterator[WeightFormat]:
    beginning = file.read(max(len(known.signature) for known in WEIGHT_FORMATS.values()))
    for known in WEIGHT_FORMATS.values():
        if beginning.startswith(known.signature):
            break
    else:
        raise WeightsUnavailable("the file of weights must be HDF5 as Keras writes it, or .npz")
    file.seek(0)
    try:
        yield known
    except known.faults as error:
        raise WeightsUnavailable("the file of weights is damaged or cut short") from error
