"""The weights that a process has: those that ship with the service, and those of a file.

Blocks 1 and 2 ship with it, so that they need no network and no file. What a file holds wins.
"""

from __future__ import annotations

import hashlib
import stat
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from service.errors import WeightsMissing, WeightsUnavailable
from service.vgg16.architecture import LAYERS, Layer
from service.vgg16.layer_weights import LayerWeights
from service.vgg16.weight_files import read_layer, stored_layers

WEIGHTS_VARIABLE: Final = "CONVOLUTION_VGG16_WEIGHTS"
"""The environment variable that names a file of weights."""

SHIPPED_LAYERS: Final = tuple(layer.name for layer in LAYERS.values() if layer.block <= 2)
"""The names of the layers whose weights ship with the service."""

_SHIPPED_SHA256: Final = "b3d22edf1f49837ced3d150647d4f612cb3788427daaf80cc48b23c2f81f1fd6"

_Identity = tuple[int, int, int, int]  # device, inode, time of change in ns, size in bytes


class Origin(StrEnum):
    """Where the weights of a layer come from."""

    SHIPPED = "shipped"
    FILE = "file"
    MISSING = "missing"


class Weights:
    """What is known of the weights; each layer is read when first asked for, and kept.

    ``path`` names a file that is there, or is None for the shipped layers alone. The file is
    open only while it is read. ``WeightsUnavailable`` for a file that can't be read.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._filed: frozenset[str] = frozenset()
        self._loaded: dict[str, LayerWeights] = {}
        if path is not None:
            with _opened(path) as file:
                self._filed = stored_layers(file)

    def origin(self, layer: Layer) -> Origin:
        """Where ``load`` would get ``layer`` from."""
        if layer.name in self._filed:
            return Origin.FILE
        return Origin.SHIPPED if layer.name in SHIPPED_LAYERS else Origin.MISSING

    def load(self, layer: Layer) -> LayerWeights:
        """The weights of ``layer``, read from its origin the first time.

        ``WeightsMissing`` where there are none, ``WeightsUnavailable`` where they are not what
        they must be.
        """
        if layer.name not in self._loaded:
            self._loaded[layer.name] = self.read(layer)
        return self._loaded[layer.name]

    def read(self, layer: Layer) -> LayerWeights:
        """As ``load``, but read afresh and not kept."""
        origin = self.origin(layer)
        if origin is Origin.MISSING:
            raise WeightsMissing(
                f"{layer.name} has no weights here: whoever runs the service can get them with "
                f"python -m service.vgg16 fetch, and name their file in {WEIGHTS_VARIABLE}; "
                f"without it there are {', '.join(SHIPPED_LAYERS)}"
            )
        with self._source(origin) as file:
            return read_layer(file, layer)

    def _source(self, origin: Origin) -> BinaryIO:
        if origin is Origin.FILE and self._path is not None:
            return _opened(self._path)
        return _shipped()


def open_weights(path: str | None) -> Weights:
    """The weights of this process, the same object until the file at ``path`` changes.

    ``path`` names an HDF5 file of Keras or an ``.npz``; where there is no such file (yet), or
    None is given, there are the shipped layers alone. ``WeightsUnavailable`` for one that can't
    be read.
    """
    return _weights(path, _identity(path))


def check_weights(path: str | None) -> bool:
    """Read every layer there is once, keeping nothing; whether what ``path`` names is there.

    True for None, which names nothing. ``WeightsUnavailable`` where the shipped file is not the
    one that was shipped, or where the other can't be read, or holds a layer of a wrong shape or
    type or with values that are not finite.
    """
    there = _identity(path) is not None
    for weights in map(Weights, [None, path] if there else [None]):
        for layer in LAYERS.values():
            if weights.origin(layer) is not Origin.MISSING:
                weights.read(layer)
    return there or path is None


# A file that is replaced has another identity, so that it is opened anew and the old forgotten.
@lru_cache(maxsize=1)
def _weights(path: str | None, identity: _Identity | None) -> Weights:
    return Weights(path if identity else None)


def _identity(path: str | None) -> _Identity | None:
    """What changes when the file at ``path`` is replaced; None where there is none."""
    if path is None:
        return None
    try:
        status = Path(path).stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable() from error
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
        raise _unreadable()
    return (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)


def _opened(path: str) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise _unreadable() from error


def _unreadable() -> WeightsUnavailable:
    return WeightsUnavailable(f"what {WEIGHTS_VARIABLE} names can't be read as a file")


def _shipped() -> BinaryIO:
    data = (resources.files("service.vgg16") / "data" / "blocks_1_2.npz").read_bytes()
    if hashlib.sha256(data).hexdigest() != _SHIPPED_SHA256:
        raise WeightsUnavailable("the weights that ship with the service have been changed")
    return BytesIO(data)
