"""NumPy's ``.npy`` files, read without ever trusting them.

Source: NEP 1, "A Simple File Format for NumPy Arrays", and ``numpy.lib.format``.
"""

from __future__ import annotations

import math
import tokenize
import warnings
from io import BytesIO
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from service.convolution.arrays import Array, require_finite
from service.errors import InvalidRequest, LimitExceeded
from service.formats.picture import Buffer

_READERS = {
    (1, 0): npy_format.read_array_header_1_0,
    (2, 0): npy_format.read_array_header_2_0,
    # 3.0 differs in the encoding of field names alone, and fields are refused.
    (3, 0): npy_format.read_array_header_2_0,
}
# The header is a Python literal: parsing one that is deeply nested exhausts the parser's
# stack, which it tells as RecursionError or MemoryError.
_HEADER_FAULTS = (
    ValueError,
    TypeError,
    KeyError,
    SyntaxError,
    tokenize.TokenError,
    RecursionError,
    MemoryError,
    OverflowError,
    Warning,
)
_NUMBER_KINDS = frozenset("iuf")
_LONGEST_HEADER = 10_000

Header = tuple[tuple[int, ...], bool, np.dtype[Any]]  # shape, Fortran order, type of elements


def decode_npy(data: Buffer, pointer: str, max_samples: int) -> Array:
    """The 1-D or 2-D array of a ``.npy`` file, as C-contiguous float64.

    Integers and floats of any size and byte order, in C or Fortran order. ``InvalidRequest``
    at ``pointer`` for anything else, for a length that is not the shape's and for infinities
    (NaN may stand for a missing sample); ``LimitExceeded`` over ``max_samples``. Nothing is
    unpickled, and nothing allocated before the header has been found to be true.
    """
    file = BytesIO(data)
    shape, fortran_order, dtype = _header(file, pointer)
    if dtype.kind not in _NUMBER_KINDS:
        raise InvalidRequest.at(pointer, "the array must be of integers or of floats")
    if len(shape) not in (1, 2) or min(shape) < 1:
        raise InvalidRequest.at(pointer, "the array must have one or two dimensions, none empty")
    count = math.prod(shape)
    if count > max_samples:
        raise LimitExceeded.at(pointer, f"{count} samples are over the limit of {max_samples}")
    start = file.tell()
    if len(data) - start != count * dtype.itemsize:
        raise InvalidRequest.at(pointer, "the length of the file is not what its header says")
    stored = np.frombuffer(data, dtype, offset=start)
    array = stored.reshape(shape, order="F" if fortran_order else "C")
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes infinite: refused
        numbers = np.array(array, np.float64, order="C")
    return require_finite(numbers, pointer, gaps=True)


def encode_npy(array: NDArray[Any]) -> bytes:
    """The array of numbers, whatever its shape, type and layout, as a ``.npy`` file in C order.

    The numbers of an array that is in C order are copied once, to their place in the file.
    """
    numbers = np.ascontiguousarray(array)
    return b"".join((_written_header(numbers.shape, numbers.dtype), numbers.data))


def empty_npy(shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[memoryview, NDArray[Any]]:
    """A ``.npy`` file in C order, and the array in it, whose numbers are yet to be written."""
    header = _written_header(shape, dtype)
    file = np.empty(len(header) + math.prod(shape) * dtype.itemsize, np.uint8)
    file[: len(header)] = np.frombuffer(header, np.uint8)
    return file.data, file[len(header) :].view(dtype).reshape(shape)


def _written_header(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bytes:
    """All that comes before the numbers."""
    facts = {
        "descr": npy_format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    header = BytesIO()
    npy_format.write_array_header_1_0(header, facts)
    return header.getvalue()


def _header(file: BytesIO, pointer: str) -> Header:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read = _READERS[npy_format.read_magic(file)]
            shape, fortran_order, dtype = read(file, max_header_size=_LONGEST_HEADER)
    except _HEADER_FAULTS as error:
        raise InvalidRequest.at(pointer, "not an .npy file with a valid header") from error
    return tuple(map(int, shape)), fortran_order, dtype
