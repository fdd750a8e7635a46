"""What pydantic finds wrong, in sentences of our own that repeat nothing of the input."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from service.errors import FieldFault, InvalidRequest, name_segment

# Past this, a number says less than its being too large.
_LONG_NUMBER = 1e15
# The summary tells so many faults; the list has them all.
_MOST_TOLD = 5

# Sentences for pydantic's types of fault, filled from its context.
_SENTENCES: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "is no parameter here",
    "int_type": "must be an integer",
    "int_from_float": "must be an integer",
    "int_parsing_size": "is too large",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be an array",
    "finite_number": "must be a finite number",
    "greater_than": "must be more than {gt:,}{measured}",
    "greater_than_equal": "must be at least {ge:,}{measured}",
    "less_than": "must be less than {lt:,}{measured}",
    "less_than_equal": "must be at most {le:,}{measured}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
    "value_error": "{error}",
}


def invalid_request(error: ValidationError, pointer: str) -> InvalidRequest:
    """The ``InvalidRequest`` with a fault for each of ``error``, below ``pointer``."""
    details = error.errors(include_url=False)
    faults = [_fault(detail, pointer) for detail in details]
    return InvalidRequest("; ".join(map(_sentence, faults[:_MOST_TOLD])), faults)


def _sentence(fault: FieldFault) -> str:
    name = fault.pointer.rpartition("/")[2]
    return f"{name} {fault.detail}" if name else f"something in the request {fault.detail}"


def _fault(detail: ErrorDetails, pointer: str) -> FieldFault:
    sentence = _SENTENCES.get(detail["type"], "has a value that is not allowed here")
    path = "".join(_segment(part) for part in detail["loc"])
    context = {"measured": _measured(detail["input"]), **detail.get("ctx", {})}
    return FieldFault(pointer + path, sentence.format_map(context))


def _measured(value: object) -> str:
    """The offending number for the end of a sentence; nothing for what is no short number."""
    short = isinstance(value, int | float) and abs(value) < _LONG_NUMBER
    return f", not {value:,}" if short else ""


def _segment(part: int | str) -> str:
    return f"/{part}" if isinstance(part, int) else name_segment(part)
