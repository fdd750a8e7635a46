"""The OpenAPI document: pieces that the routes declare, and the whole with its components."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from service.api.access.gate import is_open
from service.api.description.answer_schemas import ANSWERS
from service.api.problems import declared
from service.errors import TooManyRequests, Unauthorized
from service.formats.table import Format
from service.kernels.catalogue import CATALOGUE, complete_by_name
from service.kernels.description import kernel_schema
from service.pipelines.activations import ActivationRequest
from service.pipelines.answers import INCLUDABLE
from service.pipelines.fields import SPECIFICATION
from service.pipelines.plans import PlanRequest
from service.pipelines.requests import PictureRequest, SignalRequest, Step

JSON_MEDIA_TYPE: Final = "application/json"

Schema = dict[str, Any]

CONVOLUTION_HEADERS: Final = {"Convolution-Plan": "How it was computed, in one line."}

# The ways in which a form brings its kernel.
_KERNEL_SOURCES: Final = ("kernel", "steps", "kernel_image")

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


def form_of(request: type[BaseModel], files: Mapping[str, str], example: str) -> Schema:
    """The form that holds files and the fields of ``request``, or one field ``spec``.

    ``files`` describes each by its name; the first is required. ``example`` is one for that
    field.
    """
    schema = _request_schema(request)
    fields = {name: value for name, value in schema["properties"].items() if name not in files}
    if "kernel" in fields:
        fields["kernel"] = _kernel_field(fields["kernel"]["description"])
        fields["steps"] = _as_text(fields["steps"], ['["gaussian", {"kernel": "sobel"}]'])
    binaries = {
        name: {"type": "string", "format": "binary", "description": description}
        for name, description in files.items()
    }
    whole = {
        "type": "string",
        "contentMediaType": JSON_MEDIA_TYPE,
        "contentSchema": reference(request.__name__),
        "description": "All the fields as one JSON object, instead of a field each.",
        "examples": [example],
    }
    file = next(iter(files))
    sources = [name for name in _KERNEL_SOURCES if name in {**binaries, **fields}]
    form = {
        "type": "object",
        "title": "form",
        "additionalProperties": False,
        "required": [file],
        "properties": {**binaries, **fields, SPECIFICATION: whole},
        # Either the one field and nothing else, or a kernel in one way. Told so that who makes
        # a client of it still sees one plain object.
        "if": {"required": [SPECIFICATION]},
        "then": {"maxProperties": 2},
        "else": {"oneOf": [{"required": [source]} for source in sources] or [{}]},
    }
    return {
        "schema": form,
        "encoding": {name: {"contentType": "text/plain"} for name in fields},
    }


def _as_text(field: Schema, examples: list[str]) -> Schema:
    """A field of a form whose text is JSON."""
    schema = {key: each for key, each in field.items() if key != "description"}
    return {
        "type": "string",
        "description": field["description"],
        "contentMediaType": JSON_MEDIA_TYPE,
        "contentSchema": schema,
        "examples": examples,
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
    for request in (SignalRequest, PictureRequest, PlanRequest, Step, ActivationRequest):
        schemas |= _request_components(request)
    if clash := schemas.keys() & ANSWERS.keys():
        raise ValueError(f"two schemas of one name: {sorted(clash)}")
    schemas |= ANSWERS
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _secure(document)
    return document


def _secure(document: Schema) -> None:
    """Tell of the keys, which a service may want or not, and of what becomes of wrong ones."""
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key."},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    refusals = declared(Unauthorized, TooManyRequests)
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if not is_open(path):
                operation["security"] = [{}, {"bearer": []}, {"key": []}]
                operation["responses"] |= {
                    str(status): answer
                    for status, answer in refusals.items()
                    if str(status) not in operation["responses"]
                }


def _request_components(request: type[BaseModel]) -> Schema:
    """The request as a component; where it is of a kernel or of steps, as one of two."""
    whole, name = _request_schema(request), request.__name__
    sources = [each for each in ("kernel", "steps") if each in whole["properties"]]
    if len(sources) < 2:
        return {name: whole}
    variants = {f"{name}Of{source.capitalize()}": source for source in sources}
    components = {
        title: {
            **whole,
            "title": title,
            "required": [*whole.get("required", []), source],
            "properties": {
                key: each
                for key, each in whole["properties"].items()
                if key not in {*sources} - {source}
            },
        }
        for title, source in variants.items()
    }
    return {**components, name: {"title": name, "anyOf": [*map(reference, components)]}}


def _request_schema(request: type[BaseModel]) -> Schema:
    schema = request.model_json_schema(ref_template=_REF_TEMPLATE)
    definitions = schema.pop("$defs", {})
    if "kernel" in schema["properties"]:
        schema["properties"]["kernel"] |= reference("Kernel")
    if "steps" in schema["properties"]:
        schema["properties"]["steps"] = _steps_field(schema["properties"]["steps"])
    inlined: Schema = _inline(schema, definitions)
    return inlined


def _steps_field(field: Schema) -> Schema:
    """The field of the steps, each an object with a kernel or a kernel alone."""
    step = {"anyOf": [reference("Step"), reference("Kernel")]}
    return {**field, "items": step}


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
