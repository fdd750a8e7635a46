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
from service.kernels.custom import NESTED_NUMBERS
from service.kernels.kernel import KernelBank


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
        "summary": schema["description"],
        "normalize": entry.default_normalize.value,
        "source": entry.source,
        "parameters": parameters
        | ({"required": required} if required else {})
        | ({"$defs": schema["$defs"]} if "$defs" in schema else {}),
    }


def kernel_schema(ref_template: str = "#/$defs/{model}") -> dict[str, Any]:
    """The JSON Schema of a kernel in a request: a name, an object, or an array of numbers.

    The models stand under ``$defs``; ``ref_template`` says how they are referred to.
    """
    references, definitions = models_json_schema(
        [(entry, "validation") for entry in CATALOGUE.values()], ref_template=ref_template
    )
    mapping = {name: references[entry, "validation"]["$ref"] for name, entry in CATALOGUE.items()}
    names = [name for name, entry in CATALOGUE.items() if complete_by_name(entry)]
    return {
        "description": "A kernel of the catalogue by name, the same with its parameters, "
        "or the taps themselves.",
        "anyOf": [
            {"type": "string", "enum": names},
            {
                "oneOf": [{"$ref": reference} for reference in mapping.values()],
                "discriminator": {"propertyName": "name", "mapping": mapping},
            },
            *NESTED_NUMBERS["anyOf"],
        ],
        "$defs": definitions["$defs"],
    }


def kernel_facts(bank: KernelBank) -> dict[str, Any]:
    """The kernels of a bank as JSON-able data: taps, shape, sum and rank of each.

    A sum that a float64 can't hold is None.
    """
    return {
        "combine": bank.combine,
        "kernels": [_facts(kernel.taps) for kernel in bank.kernels],
    }


def _facts(taps: Array) -> dict[str, Any]:
    peak = float(np.abs(taps).max())
    # Scaled, because singular values of extreme taps could overflow.
    rank = numerical_rank(taps / peak) if peak > 0 else 0
    with np.errstate(over="ignore"):
        total = float(taps.sum())
    return {
        "values": taps.tolist(),
        "shape": list(taps.shape),
        "sum": total if np.isfinite(total) else None,
        "rank": rank,
        "separable": rank <= 1,
    }
