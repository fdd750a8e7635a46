"""Numbers as delimited text: CSV, with commas, semicolons or tabs."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.convolution.arrays import Array, require_finite
from service.errors import InvalidRequest, LimitExceeded
from service.formats.json_arrays import encode_json
from service.formats.picture import Buffer

_DELIMITERS = (";", "\t", ",")
_BLANK_LINES = re.compile(r"^[ \t]+$", re.MULTILINE)
_FIRST_ROW = re.compile(r"^[ \t]*([^\s#][^#\n]*)", re.MULTILINE)


def decode_csv(data: Buffer, pointer: str, max_samples: int) -> Array:
    """The float64 array of delimited UTF-8 text: 2-D, or 1-D where it is one row or column.

    The delimiter is the first of semicolon, tab and comma that stands in the first row. Blank
    lines, and what follows a ``#``, are skipped. ``InvalidRequest`` at ``pointer`` for text
    that is no table of finite numbers or NaN, with the line; ``LimitExceeded`` over
    ``max_samples``.
    """
    try:
        text = str(data, "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest.at(pointer, "the text must be encoded in UTF-8") from error
    text = _BLANK_LINES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    first = _FIRST_ROW.search(text)
    if first is None:
        raise InvalidRequest.at(pointer, "the text holds no numbers")
    delimiter = next((each for each in _DELIMITERS if each in first[1]), ",")
    try:
        table = np.loadtxt(StringIO(text), np.float64, delimiter=delimiter, ndmin=2)
    except ValueError as error:
        raise InvalidRequest.at(pointer, _fault(text, delimiter)) from error
    if table.size > max_samples:
        raise LimitExceeded.at(pointer, f"{table.size} samples are over the limit of {max_samples}")
    return require_finite(table.ravel() if 1 in table.shape else table, pointer, gaps=True)


def encode_csv(array: NDArray[Any]) -> bytes:
    """The array as text that reads back exactly: 1-D a number a line, 2-D a row a line.

    A missing number is nan. ``InvalidRequest`` at ``/format`` for more dimensions,
    ``ResultNotFinite`` for infinities.
    """
    if array.ndim not in (1, 2):
        raise InvalidRequest.at("/format", "CSV holds one or two dimensions; npy and json hold any")
    text = encode_json(array, gaps=True).replace(b"null", b"nan")
    if array.ndim == 1:
        return text.strip(b"[]").replace(b",", b"\n") + b"\n"
    return text.strip(b"[]").replace(b"],[", b"\n") + b"\n"


def _fault(text: str, delimiter: str) -> str:
    """What is wrong with text that could not be read: the slow look, after the fast reading."""
    width = None
    for number, line in enumerate(text.split("\n"), start=1):
        row = line.partition("#")[0].strip(" ")
        if not row:
            continue
        cells = row.split(delimiter)
        width = width or len(cells)
        if len(cells) != width:
            return f"line {number} has {len(cells)} numbers, the first row {width}"
        if not all(map(_is_number, cells)):
            return f"line {number} holds something that is not a number"
    return "the text must be a table of numbers"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell
