"""What the catalogue says of itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.kernels.catalogue import CATALOGUE, Entry
from service.kernels.description import describe, kernel_facts, kernel_schema
from service.kernels.parsing import parse_kernel

ENTRIES = pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)


@ENTRIES
def test_an_entry_is_described_in_a_sentence_with_its_family_and_source(entry: Entry) -> None:
    facts = describe(entry)
    assert set(facts) == {
        "name",
        "family",
        "dimensions",
        "summary",
        "normalize",
        "source",
        "parameters",
    }
    assert CATALOGUE[facts["name"]] is entry
    assert facts["summary"][0].isupper() or facts["summary"].startswith("exp")
    assert facts["summary"].endswith(".")
    assert facts["source"]
    assert json.loads(json.dumps(facts)) == facts


def bounded(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    if kind in ("integer", "number") and "enum" not in schema:
        low = {"minimum", "exclusiveMinimum"} & schema.keys()
        high = {"maximum", "exclusiveMaximum"} & schema.keys()
        return bool(low and high)
    if kind == "string":
        return "enum" in schema
    if kind == "array":
        return "minItems" in schema
    return all(bounded(choice) for choice in schema.get("anyOf", []))


@ENTRIES
def test_every_parameter_has_a_description_a_default_and_bounds(entry: Entry) -> None:
    parameters = describe(entry)["parameters"]
    assert "name" not in parameters["properties"]
    assert parameters["additionalProperties"] is False
    for name, schema in parameters["properties"].items():
        assert len(schema["description"]) > 10, name
        assert ("default" in schema) != (name in parameters.get("required", [])), name
        assert bounded(schema), name


def test_the_bounds_in_the_schema_are_the_ones_that_hold() -> None:
    properties = describe(CATALOGUE["kaiser"])["parameters"]["properties"]
    assert (properties["beta"]["minimum"], properties["beta"]["maximum"]) == (0, 700)
    assert properties["beta"]["default"] == 14
    assert describe(CATALOGUE["custom"])["parameters"]["required"] == ["values"]
    assert describe(CATALOGUE["custom"])["dimensions"] == [1, 2]


def test_the_schema_of_a_kernel_is_a_name_an_object_or_an_array() -> None:
    schema = kernel_schema("#/components/schemas/{model}")
    name, document, line, matrix, several = schema["anyOf"]
    assert set(name["enum"]) == set(CATALOGUE) - {"custom", "combination"}
    assert set(document["discriminator"]["mapping"]) == set(CATALOGUE)
    for kernel, reference in document["discriminator"]["mapping"].items():
        model = schema["$defs"][reference.removeprefix("#/components/schemas/")]
        assert model["properties"]["name"]["const"] == kernel
        assert "name" in model["required"]
        assert model["additionalProperties"] is False
    assert line["items"] == {"type": "number"}
    assert matrix["items"] == line
    single = schema["$defs"][several["items"]["$ref"].removeprefix("#/components/schemas/")]
    held = schema["$defs"]["CombinationKernel"]["properties"]["kernels"]
    assert held["items"] == several["items"]
    assert single["anyOf"][0] == name
    assert set(single["anyOf"][1]["discriminator"]["mapping"]) == set(CATALOGUE) - {"combination"}
    assert single["anyOf"][2:] == [line, matrix]


def test_the_facts_of_a_bank_hold_the_taps_and_the_rank_of_each_kernel() -> None:
    facts = kernel_facts(parse_kernel("sobel").build(2))
    assert facts["combine"] == "magnitude"
    assert facts["kernels"][0] == {
        "values": [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
        "shape": [3, 3],
        "sum": 0,
        "rank": 1,
        "separable": True,
    }
    (laplacian,) = kernel_facts(parse_kernel("laplacian").build(2))["kernels"]
    assert (laplacian["rank"], laplacian["separable"]) == (2, False)
    (zero,) = kernel_facts(parse_kernel([[0, 0]]).build(2))["kernels"]
    assert (zero["rank"], zero["separable"]) == (0, True)


def test_the_facts_hold_the_taps_after_division() -> None:
    (box,) = kernel_facts(parse_kernel({"name": "box", "size": 4}).build(1))["kernels"]
    assert box["values"] == [0.25] * 4
    assert box["shape"] == [4]
    assert box["sum"] == 1


def test_taps_at_the_end_of_float64_have_their_rank_and_no_sum() -> None:
    bank = parse_kernel([[1.7e308, 1.7e308], [1.7e308, -1.7e308]]).build(2)
    (facts,) = kernel_facts(bank)["kernels"]
    assert facts["rank"] == 2
    (facts,) = kernel_facts(parse_kernel([1.7e308, 1.7e308]).build(1))["kernels"]
    assert facts["sum"] is None
