"""The parameter that says by which window a filter's endless response is cut off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, get_args

from pydantic import (
    PlainSerializer,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
)

from service.kernels.faults import invalid_request
from service.kernels.windows import WINDOWS, Window

_BY_NAME: Final[Mapping[str, type[Window]]] = {
    get_args(window.model_fields["name"].annotation)[0]: window for window in WINDOWS
}
# Fits every window, where the filter's own size is at fault.
_ANY_SIZE: Final = 50


def _own_parameters(window: Window) -> dict[str, Any]:
    shared = Window.model_fields.keys()
    return {key: getattr(window, key) for key in type(window).model_fields if key not in shared}


def _validated(value: object, info: ValidationInfo) -> Window:
    document = {"name": value} if isinstance(value, str) else value
    entry = _BY_NAME.get(str(document.get("name"))) if isinstance(document, dict) else None
    if not isinstance(document, dict) or entry is None:
        raise ValueError("must be a window's name, or an object with a window's name")
    own = entry.model_fields.keys() - Window.model_fields.keys()
    if not document.keys() <= {"name"} | own:
        allowed = ", ".join(sorted(own)) or "nothing but its name"
        raise ValueError(f"may say of this window: {allowed}; its size is the filter's")
    try:
        return entry.model_validate(document | {"size": info.data.get("size", _ANY_SIZE)})
    except ValidationError as error:
        detail = invalid_request(error, "").detail
        raise ValueError(f"can't be used as a window of this filter: {detail}") from None


def _serialised(window: Window) -> dict[str, Any]:
    return {"name": window.name, **_own_parameters(window)}


_NAME: Final = {"type": "string", "enum": list(_BY_NAME)}

# Validated to a symmetric ``Window`` of the size of the filter, a field that stands before it.
FilterWindow = Annotated[
    Any,
    PlainValidator(_validated),
    PlainSerializer(_serialised, return_type=dict[str, Any]),
    WithJsonSchema(
        {
            "description": "The window by which the filter is cut off: the name of one of the "
            "catalogue, or an object with the name and the window's own parameters.",
            "anyOf": [
                _NAME,
                {"type": "object", "properties": {"name": _NAME}, "required": ["name"]},
            ],
        }
    ),
]
