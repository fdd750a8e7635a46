"""Weights as ``.npz``: a zip archive of ``LAYER.kernel.npy`` and ``LAYER.bias.npy``.

Source: NEP 1, "A Simple File Format for NumPy Arrays", and ``numpy.lib.format``. ``numpy.load``
would allocate what a header claims; here the header is compared first, and nothing unpickled.
"""

from __future__ import annotations

import lzma
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from typing import IO, BinaryIO, Final

import numpy as np
from numpy.lib import format as npy_format

from service.errors import WeightsUnavailable
from service.vgg16.architecture import LAYERS, Layer
from service.vgg16.layer_weights import STORED_DTYPE, Float32Array, part_shapes, require_declared

SIGNATURE: Final = b"PK\x03\x04"
FAULTS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    RuntimeError,  # encrypted, or compressed in a way that zipfile does not know
    # A header is a Python literal, and these are the ways in which one can be none.
    ValueError,
    TypeError,
    KeyError,
    SyntaxError,
    tokenize.TokenError,
    Warning,
)
"""What zipfile and numpy raise for a damaged file."""

# What numpy writes for any plain array; later versions allow headers of gigabytes.
_VERSION: Final = (1, 0)
# numpy writes 118 characters; so short a literal can't exhaust the parser's stack.
_LONGEST_HEADER: Final = 256


def stored_layers(file: BinaryIO) -> frozenset[str]:
    """The names of the layers that the file has a kernel or a bias of."""
    with zipfile.ZipFile(file) as archive:
        members = frozenset(archive.namelist())
    return frozenset(
        layer.name
        for layer in LAYERS.values()
        if any(_member(layer, part) in members for part in part_shapes(layer))
    )


def read_parts(file: BinaryIO, layer: Layer) -> Mapping[str, Float32Array]:
    """The kernel and the bias of ``layer``, by name.

    ``WeightsUnavailable`` unless both are there and declared as they should be; one of
    ``FAULTS`` for a damaged file.
    """
    with zipfile.ZipFile(file) as archive:
        return {part: _read_part(archive, layer, part) for part in part_shapes(layer)}


def _member(layer: Layer, part: str) -> str:
    return f"{layer.name}.{part}.npy"


def _read_part(archive: zipfile.ZipFile, layer: Layer, part: str) -> Float32Array:
    name = _member(layer, part)
    if name not in archive.namelist():
        raise WeightsUnavailable(f"{layer.name} must have a kernel and a bias; it has no {part}")
    with archive.open(name) as member:
        shape, fortran_order = _declared(member, layer, part)
        size = STORED_DTYPE.itemsize * int(np.prod(shape))
        values = member.read(size)
        # Only at its end does zipfile compare the member's checksum.
        if len(values) != size or member.read(1):
            raise WeightsUnavailable(f"the {part} of {layer.name} is not as long as it must be")
    array = np.frombuffer(values, STORED_DTYPE)
    return array.reshape(shape, order="F" if fortran_order else "C")


def _declared(member: IO[bytes], layer: Layer, part: str) -> tuple[tuple[int, ...], bool]:
    if npy_format.read_magic(member) != _VERSION:
        raise WeightsUnavailable(f"the {part} of {layer.name} must be stored in version 1.0 of npy")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shape, fortran_order, dtype = npy_format.read_array_header_1_0(
            member, max_header_size=_LONGEST_HEADER
        )
    require_declared(layer, part, shape, dtype)
    return shape, fortran_order
