"""What the catalogue tells the world: JSON Schemas, the facts of an entry and of a bank."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic.json_schema import models_json_schema

from service.convolution.arrays import Array
from service.convolution.rank import numerical_rank
from service.kernels.catalogue import (
    CATALOGUE,
    Entry,
    complete_by_name,
    entry_dimensions,
    entry_name,
)
from service.kernels.combination import MOST_KERNELS, CombinationKernel
from service.kernels.custom import NESTED_NUMBERS
from service.kernels.kernel import KernelBank

# The name, in schemas, of what a combination holds.
_SINGLE = "SingleKernel"
_COMBINATION = "combination"


def describe(entry: Entry) -> dict[str, Any]:
    """The facts of a catalogue entry as JSON-able data; ``parameters`` is a JSON Schema."""
    schema = entry.model_json_schema()
    properties = {key: value for key, value in schema["properties"].items() if key != "name"}
    required = [key for key in schema["required"] if key != "name"]
    parameters = {"type": "object", "properties": properties, "additionalProperties": False}
    return {
        "name": entry_name(entry),
        "family": entry.family,
        "dimensions": entry_dimensions(entry),
        "summary": schema["description"].partition("\n\n")[0],
        "normalize": entry.default_normalize.value,
        "source": entry.source,
        "parameters": parameters
        | ({"required": required} if required else {})
        | ({"$defs": schema["$defs"]} if "$defs" in schema else {}),
    }


def kernel_schema(ref_template: str = "#/$defs/{model}") -> dict[str, Any]:
    """The JSON Schema of a kernel in a request: a name, an object, numbers, or several.

    The models stand under ``$defs``; ``ref_template`` says how they are referred to.
    """
    references, definitions = models_json_schema(
        [(entry, "validation") for entry in CATALOGUE.values()], ref_template=ref_template
    )
    mapping = {name: references[entry, "validation"]["$ref"] for name, entry in CATALOGUE.items()}
    single = {name: place for name, place in mapping.items() if name != _COMBINATION}
    members = {
        "type": "array",
        "items": {"$ref": ref_template.format(model=_SINGLE)},
        "minItems": 1,
        "maxItems": MOST_KERNELS,
    }
    models = definitions["$defs"]
    combination = models[CombinationKernel.__name__]["properties"]["kernels"]
    combination |= members
    models[_SINGLE] = {"description": "A kernel that is no combination.", **_choices(single)}
    choices = _choices(mapping)
    # Without a name or an object among them, numbers in rows are taps.
    choices["anyOf"].append(members | {"contains": {"type": ["string", "object"]}})
    return {
        "description": "A kernel of the catalogue by name, the same with its parameters, "
        "the taps themselves, or several of these, whose results are combined.",
        **choices,
        "$defs": models,
    }


def _choices(mapping: dict[str, str]) -> dict[str, Any]:
    """The schema of a name, an object of one of the models in ``mapping``, or numbers."""
    names = [name for name in mapping if complete_by_name(CATALOGUE[name])]
    return {
        "anyOf": [
            {"type": "string", "enum": names},
            {
                "oneOf": [{"$ref": reference} for reference in mapping.values()],
                "discriminator": {"propertyName": "name", "mapping": mapping},
            },
            *NESTED_NUMBERS["anyOf"],
        ],
    }


def kernel_facts(bank: KernelBank) -> dict[str, Any]:
    """The kernels of a bank as JSON-able data: taps, shape, sum and rank of each.

    A sum that a float64 can't hold is None.
    """
    return {
        "combine": bank.combine,
        "kernels": [
            {"values": kernel.taps.tolist(), **measures(kernel.taps)} for kernel in bank.kernels
        ],
    }


def measures(taps: Array) -> dict[str, Any]:
    """Shape, sum, rank and separability of a kernel; a sum that a float64 can't hold is None."""
    peak = float(np.abs(taps).max())
    # Scaled, because singular values of extreme taps could overflow.
    rank = numerical_rank(taps / peak) if peak > 0 else 0
    with np.errstate(over="ignore"):
        total = float(taps.sum())
    return {
        "shape": list(taps.shape),
        "sum": total if np.isfinite(total) else None,
        "rank": rank,
        "separable": rank <= 1,
    }
