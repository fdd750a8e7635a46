"""Weights in HDF5, laid out as Keras saves them: one group a layer.

Older Keras calls the arrays ``LAYER/LAYER_W_1:0`` and ``LAYER/LAYER_b_1:0``, newer
``LAYER/LAYER/kernel:0`` and ``LAYER/LAYER/bias:0``; so they are looked for by their last name,
however deep. Groups of other layers (pooling, the fully connected top) are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, Final

import h5py
import numpy as np

from service.errors import WeightsUnavailable
from service.vgg16.architecture import LAYERS, Layer
from service.vgg16.layer_weights import Float32Array, require_declared

SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
FAULTS: Final = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError)
"""What h5py raises for a damaged file."""

# Keras stores plain arrays. Others are refused: HDF5 inflates a compressed chunk to whatever
# size it unpacks to, and virtual or external storage names other files.
_PLAIN_LAYOUTS: Final = (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT)


def stored_layers(file: BinaryIO) -> frozenset[str]:
    """The names of the layers that the file has a group for."""
    with h5py.File(file, "r") as root:
        # Iterating names the links of the root without following any.
        return frozenset(root) & LAYERS.keys()


def read_parts(file: BinaryIO, layer: Layer) -> Mapping[str, Float32Array]:
    """The kernel and the bias of ``layer``, by name.

    ``WeightsUnavailable`` unless there is one of each, declared as it should be and stored
    plainly; one of ``FAULTS`` for a damaged file.
    """
    with h5py.File(file, "r") as root:
        datasets = _datasets(root, layer)
        return {part: _values(datasets, layer, part) for part in ("kernel", "bias")}


def _datasets(root: h5py.File, layer: Layer) -> list[tuple[str, h5py.Dataset]]:
    link = root.get(layer.name, getlink=True)
    group = root[layer.name] if isinstance(link, h5py.HardLink) else None
    if not isinstance(group, h5py.Group):
        raise WeightsUnavailable(f"{layer.name} must be a group of the file itself, not a link")
    found: list[tuple[str, h5py.Dataset]] = []

    def collect(path: str, member: h5py.Group | h5py.Dataset) -> None:
        if isinstance(member, h5py.Dataset):
            found.append((path.rpartition("/")[2], member))

    group.visititems(collect)  # follows no link out of the group, and none twice
    return found


def _values(datasets: list[tuple[str, h5py.Dataset]], layer: Layer, part: str) -> Float32Array:
    names = {
        "kernel": (f"{layer.name}_W_1:0", "kernel:0"),
        "bias": (f"{layer.name}_b_1:0", "bias:0"),
    }[part]
    matching = [dataset for name, dataset in datasets if name in names]
    if len(matching) != 1:
        raise WeightsUnavailable(f"{layer.name} must have one {part}, named as Keras names it")
    (dataset,) = matching
    require_declared(layer, part, dataset.shape, dataset.dtype)
    creation = dataset.id.get_create_plist()
    if creation.get_layout() not in _PLAIN_LAYOUTS or creation.get_external_count():
        raise WeightsUnavailable(
            f"the {part} of {layer.name} must be stored in the file itself, in one piece and "
            "uncompressed, as Keras stores it"
        )
    if dataset.id.get_storage_size() != dataset.nbytes:
        raise WeightsUnavailable(f"the {part} of {layer.name} was declared but never written")
    return np.asarray(dataset[()])
