"""From the parts of a form, or a JSON body, to the fields of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from service.errors import FieldFault, InvalidRequest, is_name, name_segment
from service.pipelines.json_depth import require_shallow
from service.pipelines.json_keys import require_distinct_keys

# The part that may hold the whole specification as one JSON object, instead of single fields.
SPECIFICATION = "spec"

# What Python's form encoders make of its booleans; no option has such a word for a value.
_PYTHON_WORDS = {"True": True, "False": False}


def read_object(data: memoryview, pointer: str = "") -> dict[str, Any]:
    """The JSON object that ``data`` holds; ``InvalidRequest`` where it holds none.

    Numbers are finite by JSON's own grammar: NaN, Infinity and 1e400 are refused here, and so
    are objects that have a key twice.
    """
    value = read_json(data, pointer)
    if not isinstance(value, dict):
        raise InvalidRequest.at(pointer, "must be a JSON object")
    return value


def read_json(data: str | memoryview, pointer: str = "") -> Any:
    """The value of a JSON text; ``InvalidRequest`` at ``pointer`` or below where it is none."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidRequest.at(pointer, f"is not valid JSON: see {place}") from error
    require_shallow(value, pointer)
    require_distinct_keys(data, pointer)
    return value


def read_fields(parts: Mapping[str, memoryview], files: tuple[str, ...]) -> dict[str, Any]:
    """The request's fields from the parts of a form, all but the ``files``.

    Either one part ``spec`` with a JSON object, or a part a field. The text of a field is
    read as JSON where it is JSON, and as a bare word where not: ``kernel=laplacian``,
    ``fill_value=0.5``, ``kernel=[[0,1],[2,3]]``.
    """
    fields = {name: data for name, data in parts.items() if name not in files}
    if SPECIFICATION not in fields:
        return {name: read_value(data, name_segment(name)) for name, data in fields.items()}
    if len(fields) > 1:
        others = sorted(filter(is_name, set(fields) - {SPECIFICATION}))
        detail = "holds the whole specification, so that no other field can stand beside it"
        beside = [FieldFault(f"/{name}", f"stands beside {SPECIFICATION}") for name in others]
        raise InvalidRequest(
            f"{SPECIFICATION} {detail}", [FieldFault(f"/{SPECIFICATION}", detail), *beside]
        )
    return read_object(fields[SPECIFICATION], f"/{SPECIFICATION}")


def read_value(data: bytes | memoryview, pointer: str) -> Any:
    """The value of one form field: JSON, or else the text itself."""
    try:
        text = str(data, "utf-8").strip()
    except UnicodeDecodeError as error:
        raise InvalidRequest.at(pointer, "must be UTF-8 text") from error
    if text in _PYTHON_WORDS:
        return _PYTHON_WORDS[text]
    if text.startswith(("[", "{", '"')):
        return read_json(text, pointer)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
