"""The OpenAPI document: pieces that the routes declare, and the whole with its components."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from service.api.answer_schemas import ANSWERS
from service.formats.table import Format
from service.kernels.catalogue import CATALOGUE, complete_by_name
from service.kernels.description import kernel_schema
from service.pipelines.activations import ActivationRequest
from service.pipelines.answers import INCLUDABLE
from service.pipelines.fields import SPECIFICATION
from service.pipelines.requests import PictureRequest, SignalRequest

JSON_MEDIA_TYPE: Final = "application/json"

Schema = dict[str, Any]

CONVOLUTION_HEADERS: Final = {"Convolution-Plan": "How it was computed, in one line."}

_COMPONENTS: Final = "#/components/schemas/"
_REF_TEMPLATE: Final = _COMPONENTS + "{model}"


def reference(component: str) -> Schema:
    """A reference to a component's schema."""
    return {"$ref": _COMPONENTS + component}


def answers_in(
    offered: Sequence[Format], json: Schema, headers: Mapping[str, str] = CONVOLUTION_HEADERS
) -> Schema:
    """The 200 response of an endpoint that answers in one of ``offered`` formats.

    ``headers`` are described by their names, beside the timing that every job tells.
    """
    described = {"Server-Timing": "Milliseconds in the queue and in each stage.", **headers}
    return {
        "description": "The result, in the format asked for.",
        "content": {
            each.media_type: {"schema": json} if each.media_type == JSON_MEDIA_TYPE else {}
            for each in offered
        },
        "headers": {
            name: {"description": description, "schema": {"type": "string"}}
            for name, description in described.items()
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


def query_parameters(request: type[BaseModel]) -> list[Schema]:
    """A query parameter for each field of ``request``."""
    schema = request.model_json_schema(ref_template=_REF_TEMPLATE)
    fields = _inline(schema["properties"], schema.get("$defs", {}))
    return [
        {"name": name, "in": "query", "description": field.pop("description"), "schema": field}
        for name, field in fields.items()
    ]


def body_of(content: dict[str, Schema]) -> Schema:
    """A required request body."""
    return {"required": True, "content": content}


def form_of(request: type[BaseModel], file: str, description: str, example: str) -> Schema:
    """The form that holds ``file`` and the fields of ``request``, or one field ``spec``.

    ``example`` is one for that field.
    """
    schema = _request_schema(request)
    fields = {name: value for name, value in schema["properties"].items() if name != file}
    if "kernel" in fields:
        fields["kernel"] = _kernel_field(fields["kernel"]["description"])
    binary = {"type": "string", "format": "binary", "description": description}
    whole = {
        "type": "string",
        "contentMediaType": JSON_MEDIA_TYPE,
        "contentSchema": reference(request.__name__),
        "description": "All the fields as one JSON object, instead of a field each.",
        "examples": [example],
    }
    single = {"type": "object", "additionalProperties": False}
    # The two can't both hold, so that any of them is as good as exactly one of them.
    return {
        "schema": {
            "anyOf": [
                {
                    **single,
                    "title": "a field an option",
                    "required": [
                        file,
                        *(each for each in schema.get("required", ()) if each != file),
                    ],
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


def _kernel_field(description: str) -> Schema:
    return {
        "type": "string",
        "description": description,
        "anyOf": [
            {"enum": [name for name, entry in CATALOGUE.items() if complete_by_name(entry)]},
            {"contentMediaType": JSON_MEDIA_TYPE, "contentSchema": reference("Kernel")},
        ],
        "examples": ["laplacian", '{"name": "gaussian", "sigma": 3}', "[[0, 1], [2, 3]]"],
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
    for request in (SignalRequest, PictureRequest, ActivationRequest):
        schemas[request.__name__] = _request_schema(request)
    schemas.update(ANSWERS)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return document


def _request_schema(request: type[BaseModel]) -> Schema:
    schema = request.model_json_schema(ref_template=_REF_TEMPLATE)
    definitions = schema.pop("$defs", {})
    if "kernel" in schema["properties"]:
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
