"""Arrays as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import orjson

from service.errors import ResultNotFinite


def encode_json(document: object, *, gaps: bool = False) -> bytes:
    """The document as JSON: mappings, lists, tuples, numbers, texts and arrays of numbers.

    Floats are written with the fewest digits that read back exactly. ``ResultNotFinite``
    where one is NaN or infinite, which JSON cannot tell; where arrays may have ``gaps``, NaN
    in them becomes null.
    """
    return orjson.dumps(_checked(document, gaps), option=orjson.OPT_SERIALIZE_NUMPY)


def _checked(value: object, gaps: bool) -> object:
    """The value, its numbers found to be finite and its arrays laid out as orjson takes them."""
    if isinstance(value, np.ndarray):
        sound = ~np.isinf(value) if gaps else np.isfinite(value)
        _require(bool(sound.all()))
        return np.ascontiguousarray(value, value.dtype.newbyteorder("="))
    if isinstance(value, float | np.floating):
        _require(math.isfinite(value))
    if isinstance(value, Mapping):
        return {key: _checked(each, gaps) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_checked(each, gaps) for each in value]
    return value


def _require(finite: bool) -> None:
    if not finite:
        raise ResultNotFinite("the result holds numbers that are not finite")
