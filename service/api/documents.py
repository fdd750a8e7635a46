"""The OpenAPI document: pieces that the routes declare, and the whole with its components."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from service.formats.table import Format
from service.kernels.catalogue import CATALOGUE, complete_by_name
from service.kernels.description import kernel_schema
from service.pipelines.answers import INCLUDABLE
from service.pipelines.fields import SPECIFICATION
from service.pipelines.requests import PictureRequest, SignalRequest

JSON_MEDIA_TYPE: Final = "application/json"

Schema = dict[str, Any]

_COMPONENTS: Final = "#/components/schemas/"
_REF_TEMPLATE: Final = _COMPONENTS + "{model}"


def reference(component: str) -> Schema:
    """A reference to a component's schema."""
    return {"$ref": _COMPONENTS + component}


def answers_in(offered: Sequence[Format], json: Schema) -> Schema:
    """The 200 response of an endpoint that answers in one of ``offered`` formats."""
    return {
        "description": "The result, in the format asked for.",
        "content": {
            each.media_type: {"schema": json} if each.media_type == JSON_MEDIA_TYPE else {}
            for each in offered
        },
        "headers": {
            "Server-Timing": {
                "description": "Milliseconds in the queue and in each stage.",
                "schema": {"type": "string"},
            },
            "Convolution-Plan": {
                "description": "How it was computed, in one line.",
                "schema": {"type": "string"},
            },
        },
    }


def format_parameter(offered: Sequence[Format]) -> Schema:
    """The query parameter ``format``."""
    names = [each.name for each in offered]
    return {
        "name": "format",
        "in": "query",
        "description": "The answer's format; wins over the header Accept.",
        "schema": {"type": "string", "enum": names},
    }


def asking_parameters(offered: Sequence[Format]) -> list[Schema]:
    """The query parameters ``format`` and ``include``."""
    include = {
        "name": "include",
        "in": "query",
        "description": "What a JSON answer holds besides the result; only with `format=json`.",
        "schema": {"type": "string", "enum": list(INCLUDABLE)},
    }
    return [format_parameter(offered), include]


def body_of(content: dict[str, Schema]) -> Schema:
    """A required request body."""
    return {"required": True, "content": content}


def form_of(request: type[BaseModel], file: str, description: str) -> Schema:
    """The form that holds ``file`` and the fields of ``request``, or one field ``spec``."""
    schema = _request_schema(request)
    fields = {name: value for name, value in schema["properties"].items() if name != file}
    fields["kernel"] = {
        "type": "string",
        "description": fields["kernel"]["description"],
        "anyOf": [
            {"enum": [name for name, entry in CATALOGUE.items() if complete_by_name(entry)]},
            {"contentMediaType": JSON_MEDIA_TYPE, "contentSchema": reference("Kernel")},
        ],
        "examples": ["laplacian", '{"name": "gaussian", "sigma": 3}', "[[0, 1], [2, 3]]"],
    }
    binary = {"type": "string", "format": "binary", "description": description}
    whole = {
        "type": "string",
        "contentMediaType": JSON_MEDIA_TYPE,
        "contentSchema": reference(request.__name__),
        "description": "All the fields as one JSON object, instead of a field each.",
        "examples": ['{"kernel": "laplacian"}'],
    }
    single = {"type": "object", "additionalProperties": False}
    # The two can't both hold, so that any of them is as good as exactly one of them.
    return {
        "schema": {
            "anyOf": [
                {
                    **single,
                    "title": "a field an option",
                    "required": [file, "kernel"],
                    "properties": {file: binary, **fields},
                },
                {
                    **single,
                    "title": "one field for all",
                    "required": [file, SPECIFICATION],
                    "properties": {file: binary, SPECIFICATION: whole},
                },
            ]
        },
        "encoding": {name: {"contentType": "text/plain"} for name in fields},
    }


def document_of(app: FastAPI, title: str, version: str, description: str) -> Callable[[], Schema]:
    """A function that makes the app's OpenAPI document, once."""
    made: list[Schema] = []

    def openapi() -> Schema:
        if not made:
            made.append(_whole(app, title, version, description))
        return made[0]

    return openapi


def _whole(app: FastAPI, title: str, version: str, description: str) -> Schema:
    document = get_openapi(
        title=title,
        version=version,
        description=description,
        routes=app.routes,
        license_info={"name": "MIT", "identifier": "MIT"},
        servers=[{"url": "/"}],
    )
    kernel = kernel_schema(_REF_TEMPLATE)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(kernel.pop("$defs"))
    schemas["Kernel"] = kernel
    for request in (SignalRequest, PictureRequest):
        schemas[request.__name__] = _request_schema(request)
    schemas.update(_ANSWERS)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return document


def _request_schema(request: type[BaseModel]) -> Schema:
    schema = request.model_json_schema(ref_template=_REF_TEMPLATE)
    definitions = schema.pop("$defs", {})
    schema["properties"]["kernel"] |= reference("Kernel")
    inlined: Schema = _inline(schema, definitions)
    return inlined


def _inline(value: Any, definitions: Schema) -> Any:
    """The schema with the references to its own small enumerations replaced by themselves."""
    if isinstance(value, list):
        return [_inline(each, definitions) for each in value]
    if not isinstance(value, dict):
        return value
    name = str(value.get("$ref", "")).removeprefix(_COMPONENTS)
    if name in definitions:
        beside = {key: each for key, each in value.items() if key != "$ref"}
        return {**definitions[name], **beside}
    return {key: _inline(each, definitions) for key, each in value.items()}


_KERNEL_FACTS: Final[Schema] = {
    "type": "object",
    "required": ["values", "shape", "sum", "rank", "separable"],
    "properties": {
        "name": {"type": "string"},
        "values": {"type": "array", "description": "The taps, flat or in rows."},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "sum": {"type": ["number", "null"], "description": "null where it overflows."},
        "rank": {"type": "integer"},
        "separable": {"type": "boolean"},
    },
}
_BANK_FACTS: Final[Schema] = {
    "type": "object",
    "required": ["combine", "kernels"],
    "properties": {
        "name": {"type": "string"},
        "combine": {"type": ["string", "null"], "description": "How the results become one."},
        "kernels": {"type": "array", "items": _KERNEL_FACTS},
    },
}
_PLAN: Final[Schema] = {
    "type": "object",
    "properties": {
        "method": {"type": "string"},
        "engine": {"type": "string"},
        "passes": {"type": "integer"},
        "separable": {"type": "boolean"},
        "tile": {"type": ["array", "null"], "items": {"type": "integer"}},
        "precision": {"type": "string"},
        "multiply_adds": {"type": "integer"},
        "reason": {"type": "string"},
    },
}
_ANSWERS: Final[Schema] = {
    "KernelFacts": {"anyOf": [_KERNEL_FACTS, _BANK_FACTS]},
    "ConvolvedArray": {
        "type": "object",
        "required": ["result", "shape", "plan"],
        "properties": {
            "result": {"type": "array", "description": "Numbers, or nested arrays of them."},
            "shape": {"type": "array", "items": {"type": "integer"}},
            "plan": {
                "description": "How it was computed; one for each kernel where there are several.",
                "anyOf": [_PLAN, {"type": "array", "items": _PLAN}],
            },
            "kernel": _BANK_FACTS,
        },
    },
    "Problem": {
        "type": "object",
        "description": "Problem details, RFC 9457.",
        "required": ["type", "title", "status", "detail", "instance", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
            "request_id": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "detail"],
                    "properties": {
                        "pointer": {"type": "string", "description": "JSON Pointer, RFC 6901."},
                        "detail": {"type": "string"},
                    },
                },
            },
        },
    },
}
