"""The OpenAPI document is sound, whole, and says what the tables say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from fastapi.routing import iter_route_contexts
from schemathesis.specs.openapi.definitions import OPENAPI_31

from service.api.problems import PROBLEMS
from service.api.serving.asking import written
from service.app import create_app
from service.formats.table import Subject
from service.kernels.catalogue import CATALOGUE, complete_by_name
from service.kernels.description import describe
from service.pipelines.requests import PictureRequest, SignalRequest
from service.settings import Settings

APP = create_app(Settings(workers=1))
DOCUMENT = APP.openapi()
OPERATIONS = {
    f"{method} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
SUBJECTS = {
    "post /v1/images/convolve": Subject.PICTURE,
    "post /v1/signals/convolve": Subject.SIGNAL,
    "get /v1/kernels/{name}": Subject.KERNEL,
    "post /v1/kernels/preview": Subject.KERNEL,
}
SCHEMAS = DOCUMENT["components"]["schemas"]


def nodes(value: Any, pointer: str = "#") -> Iterator[tuple[str, Any]]:
    yield pointer, value
    if isinstance(value, dict | list):
        children = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in children:
            yield from nodes(each, f"{pointer}/{key}")


def resolved(reference: str) -> Any:
    value: Any = DOCUMENT
    for key in reference.removeprefix("#/").split("/"):
        value = value[key]
    return value


def accepts(component: str, value: Any) -> bool:
    schema = {"$ref": f"#/components/schemas/{component}", "components": DOCUMENT["components"]}
    return jsonschema_rs.is_valid(schema, value)


def test_the_document_is_openapi_3_1():
    assert DOCUMENT["openapi"].startswith("3.1.")
    jsonschema_rs.validate(OPENAPI_31, DOCUMENT)


def test_every_reference_leads_somewhere_and_every_component_is_referred_to():
    found = {
        node["$ref"] for _, node in nodes(DOCUMENT) if isinstance(node, dict) and "$ref" in node
    }
    for reference in found:
        assert isinstance(resolved(reference), dict)
    names = {reference.rpartition("/")[2] for reference in found}
    # The forms show their requests' fields one by one instead of referring to them.
    assert set(SCHEMAS) - names <= {"PictureRequest"}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_component_is_a_json_schema(name):
    assert jsonschema_rs.meta.is_valid(SCHEMAS[name])


def test_every_route_that_is_meant_for_callers_is_documented():
    for_people = re.compile("/|/docs(/.*)?|/playground/.*|/openapi.json")
    # Those of routers that were included are there, too.
    paths = {route.path for route in iter_route_contexts(APP.router.routes)}
    assert {path for path in paths if not for_people.fullmatch(path)} == set(DOCUMENT["paths"])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_has_an_id_a_summary_and_a_description(operation):
    for key in ("operationId", "summary", "description"):
        assert OPERATIONS[operation][key].strip()


def test_every_id_is_of_one_operation():
    ids = [each["operationId"] for each in OPERATIONS.values()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_declares_its_errors_as_problems(operation):
    responses = OPERATIONS[operation]["responses"]
    assert {"200", "422", "500"} <= set(responses)
    for status, response in responses.items():
        assert response["description"]
        if status == "304":
            assert "content" not in response
        if status in ("200", "304"):
            continue
        (content,) = response["content"].items()
        assert content == (
            "application/problem+json",
            {"schema": {"$ref": "#/components/schemas/Problem"}},
        )
        titles = [each.title for each in PROBLEMS.values() if each.status == int(status)]
        assert any(title in response["description"] for title in titles)


@pytest.mark.parametrize("operation", SUBJECTS)
def test_an_operation_that_makes_a_job_declares_what_can_become_of_it(operation):
    responses = OPERATIONS[operation]["responses"]
    assert {"406", "503", "504"} <= set(responses)
    assert "Retry-After" in responses["503"]["headers"]
    assert ("413" in responses) == ("requestBody" in OPERATIONS[operation])
    assert ("415" in responses) == ("requestBody" in OPERATIONS[operation])


@pytest.mark.parametrize(("operation", "subject"), SUBJECTS.items())
def test_an_operation_answers_in_the_formats_of_the_table(operation, subject):
    formats = written(subject)
    content = OPERATIONS[operation]["responses"]["200"]["content"]
    assert set(content) == {each.media_type for each in formats}
    (parameter,) = [p for p in OPERATIONS[operation]["parameters"] if p["name"] == "format"]
    assert set(parameter["schema"]["enum"]) == {each.name for each in formats}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_parameter_in_a_path_is_declared_and_has_an_example(operation):
    parameters = OPERATIONS[operation].get("parameters", ())
    declared = {p["name"]: p for p in parameters if p["in"] == "path"}
    assert set(declared) == set(re.findall(r"{(\w+)}", operation))
    for parameter in declared.values():
        assert parameter["required"]
        example, schema = parameter["example"], parameter["schema"]
        assert example in schema["enum"] if "enum" in schema else isinstance(example, int)


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if "{" not in each])
def test_no_parameter_is_declared_twice(operation):
    assert_unique_parameters(operation)


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if "{" in each])
def test_no_parameter_in_a_path_is_declared_twice(operation):
    assert_unique_parameters(operation)


def assert_unique_parameters(operation):
    places = [(p["in"], p["name"]) for p in OPERATIONS[operation].get("parameters", ())]
    assert len(places) == len(set(places))


def test_a_kernel_is_any_entry_of_the_catalogue():
    named = [name for name, entry in CATALOGUE.items() if complete_by_name(entry)]
    by_name, by_object, *_ = SCHEMAS["Kernel"]["anyOf"]
    assert by_name["enum"] == named
    assert set(by_object["discriminator"]["mapping"]) == set(CATALOGUE)


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_schema_takes_what_the_catalogue_takes_and_nothing_else(name):
    complete = complete_by_name(CATALOGUE[name])
    assert accepts("Kernel", name) is complete
    assert accepts("Kernel", {"name": name}) is complete
    assert not accepts("Kernel", {"name": name, "colour": "red"})
    for parameter in describe(CATALOGUE[name])["parameters"]["properties"]:
        schema = SCHEMAS["Kernel"]["anyOf"][1]["discriminator"]["mapping"][name]
        assert parameter in resolved(schema)["properties"]


@pytest.mark.parametrize(
    ("kernel", "taken"),
    [
        ([1, 2.5], True),
        ([[1, 2], [3, 4]], True),
        ([], False),
        (["1"], False),
        ([[[1]]], False),
        (["box", [[1, 2]]], True),
        (3, False),
        ("nothing", False),
    ],
)
def test_a_kernel_is_also_an_array_of_one_or_two_dimensions(kernel, taken):
    assert accepts("Kernel", kernel) is taken


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ({"kernel": "box"}, True),
        ({"kernel": [1, 2], "mode": "full", "boundary": "wrap", "normalize": None}, True),
        ({}, False),
        ({"kernel": "box", "mode": "some"}, False),
        ({"kernel": "box", "modus": "full"}, False),
        ({"kernel": "box", "fill_value": "0"}, False),
        ({"kernel": "box", "stride": 2, "dilation": [1, 3], "nan": "ignore"}, True),
        ({"kernel": "box", "stride": 0}, False),
        ({"kernel": "box", "stride": [1, 2, 3]}, False),
        ({"kernel": ["box", {"name": "gaussian", "sigma": 2}], "combine": "max"}, True),
        ({"steps": ["box", {"kernel": "hann", "mode": "full", "absolute": True}]}, True),
        ({"steps": []}, False),
        ({"steps": [{"mode": "full"}]}, False),
    ],
)
def test_requests_are_described_as_they_are_parsed(fields, taken):
    assert accepts("PictureRequest", fields) is taken
    assert accepts("SignalRequest", fields | {"signal": [1, 2]}) is taken
    assert not accepts("SignalRequest", fields)


@pytest.mark.parametrize(
    ("operation", "file", "request_model"),
    [
        ("post /v1/images/convolve", "image", PictureRequest),
        ("post /v1/signals/convolve", "signal", SignalRequest),
    ],
)
def test_a_form_has_a_field_for_each_option_or_one_for_all(operation, file, request_model):
    content = OPERATIONS[operation]["requestBody"]["content"]["multipart/form-data"]
    form = content["schema"]
    fields = set(request_model.model_fields) - {file}
    sources = {"kernel", "steps", "kernel_image"} & set(form["properties"])
    assert set(form["properties"]) == {*fields, *sources, file, "spec"}
    assert form["properties"][file]["format"] == "binary"
    # Without its properties: how many of them must and may stand beside one another.
    together = {key: each for key, each in form.items() if key != "properties"} | {
        "properties": dict.fromkeys(form["properties"], True)
    }

    def accepted(*names):
        return jsonschema_rs.is_valid(together, dict.fromkeys(names, ""))

    for source in sources:
        assert accepted(file, source)
        assert accepted(file, source, "mode")
        assert not accepted(source)
        assert not accepted(file, source, "spec")
        assert not any(accepted(file, source, other) for other in sources - {source})
    assert accepted(file, "spec")
    assert not accepted(file)
    assert not accepted("spec")
    assert not accepted(file, "spec", "mode")
    assert not accepted(file, "kernel", "more")


@pytest.mark.parametrize("model", [SignalRequest, PictureRequest])
def test_every_option_is_described_with_its_default(model):
    variants = [SCHEMAS[f"{model.__name__}Of{source}"] for source in ("Kernel", "Steps")]
    described = variants[0]["properties"] | variants[1]["properties"]
    assert set(described) == set(model.model_fields)
    for name, schema in described.items():
        assert schema["description"].strip(), name
        field = model.model_fields[name]
        assert field.is_required() or schema["default"] == field.default


def test_the_facts_of_a_kernel_whose_sum_overflows_are_described():
    facts = {"values": [1e308, 1e308], "shape": [2], "sum": None, "rank": 1, "separable": True}
    assert accepts("KernelFacts", facts)
