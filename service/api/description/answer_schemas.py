"""The OpenAPI schemas of the answers, as components of the document."""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]


def _component(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_MEASURES: Final[Schema] = {
    "type": "object",
    "required": ["shape", "sum", "rank", "separable"],
    "properties": {
        "shape": {"type": "array", "items": {"type": "integer"}},
        "sum": {"type": ["number", "null"], "description": "null where it overflows."},
        "rank": {"type": "integer"},
        "separable": {"type": "boolean"},
    },
}
_MAYBE_SHAPE: Final[Schema] = {"type": ["array", "null"], "items": {"type": "integer"}}
_KERNEL_FACTS: Final[Schema] = {
    "type": "object",
    "required": ["values", *_MEASURES["required"]],
    "properties": {
        "name": {"type": "string"},
        "values": {"type": "array", "items": {}, "description": "The taps, flat or in rows."},
        **_MEASURES["properties"],
    },
}
_BANK_FACTS: Final[Schema] = {
    "type": "object",
    "required": ["combine", "kernels"],
    "properties": {
        "name": {"type": "string"},
        "combine": {"type": ["string", "null"], "description": "How the results become one."},
        "kernels": {"type": "array", "items": _component("KernelTaps")},
    },
}
_PLAN: Final[Schema] = {
    "type": "object",
    "properties": {
        "method": {"type": "string"},
        "engine": {"type": "string"},
        "passes": {"type": "integer"},
        "phases": {"type": "integer", "description": "Of a stride: each is convolved alone."},
        "separable": {"type": "boolean"},
        "tile": {"type": ["array", "null"], "items": {"type": "integer"}},
        "precision": {"type": "string"},
        "multiply_adds": {"type": "integer"},
        "milliseconds": {"type": "number", "description": "Estimated; in plans alone."},
        "reason": {"type": "string"},
    },
}
_NUMBERS: Final[Schema] = {"type": "array", "items": {}, "description": "Nested arrays of numbers."}
_SHAPE: Final[Schema] = {"type": "array", "items": {"type": "integer"}}
_AXES: Final[Schema] = {
    "type": "array",
    "description": "What the axes of the arrays are, outermost first.",
    "items": {"type": "string"},
}
_LAYER: Final[Schema] = {
    "type": "object",
    "required": ["name", "block", "shape", "channels", "filters", "weights"],
    "properties": {
        "name": {"type": "string"},
        "block": {"type": "integer"},
        "shape": _SHAPE,
        "channels": {"type": "integer"},
        "filters": {"type": "integer"},
        "weights": {"enum": ["shipped", "file", "missing"]},
    },
}
_FAULT: Final[Schema] = {
    "type": "object",
    "required": ["pointer", "detail"],
    "properties": {
        "pointer": {"type": "string", "description": "JSON Pointer, RFC 6901."},
        "detail": {"type": "string"},
    },
}
_TERMS: Final[Schema] = {"license": {"type": "string"}, "attribution": {"type": "string"}}
ANSWERS: Final[Schema] = {
    "KernelMeasures": _MEASURES,
    "KernelTaps": _KERNEL_FACTS,
    "KernelBankTaps": _BANK_FACTS,
    "Plan": _PLAN,
    "Layer": _LAYER,
    "Fault": _FAULT,
    "KernelFacts": {"anyOf": [_component("KernelTaps"), _component("KernelBankTaps")]},
    "ConvolvedArray": {
        "type": "object",
        "required": ["result", "shape", "plan"],
        "properties": {
            "result": {
                "type": "array",
                "items": {},
                "description": "Numbers, or nested arrays of them.",
            },
            "shape": {"type": "array", "items": {"type": "integer"}},
            "plan": {
                "description": "How it was computed; one for each kernel where there are several.",
                "anyOf": [_component("Plan"), {"type": "array", "items": _component("Plan")}],
            },
            "kernel": {
                "description": "Of each step, where there are several.",
                "anyOf": [
                    _component("KernelBankTaps"),
                    {"type": "array", "items": _component("KernelBankTaps")},
                ],
            },
        },
    },
    "PlannedConvolution": {
        "type": "object",
        "required": ["admitted", "refusals", "shape", "multiply_adds", "kernels", "plan"],
        "properties": {
            "admitted": {"type": "boolean", "description": "Whether it would be computed."},
            "refusals": {
                "type": "array",
                "description": "Why not: the limit and what was measured.",
                "items": {"type": "string"},
            },
            "shape": {
                "description": "Of the result; null where it is not planned.",
                **_MAYBE_SHAPE,
            },
            "multiply_adds": {"type": "integer", "description": "Of all the steps."},
            "milliseconds": {"type": "number", "description": "Estimated, for all the steps."},
            "kernels": {"type": "array", "items": _component("KernelMeasures")},
            "plan": {
                "type": "array",
                "description": "One for each kernel.",
                "items": _component("Plan"),
            },
        },
    },
    "Layers": {
        "type": "object",
        "required": ["layers", "layout", "license", "attribution"],
        "properties": {
            "network": {"type": "string"},
            "source": {"type": "string"},
            "attribution": {"type": "string"},
            "license": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "url": {"type": "string"}},
            },
            "layout": _AXES,
            "layers": {"type": "array", "items": _component("Layer")},
        },
    },
    "Filters": {
        "type": "object",
        "required": ["layer", "layout", "shape", "first", "weights", "biases"],
        "properties": {
            "layer": {"type": "string"},
            "layout": _AXES,
            "shape": _SHAPE,
            "first": {"type": "integer"},
            "channel": {"type": "integer"},
            "colors": {"type": "array", "items": {"type": "string"}},
            "weights": _NUMBERS,
            "biases": _NUMBERS,
            **_TERMS,
        },
    },
    "Activations": {
        "type": "object",
        "required": ["layer", "layout", "shape", "first", "activations"],
        "properties": {
            "layer": {"type": "string"},
            "layout": _AXES,
            "shape": _SHAPE,
            "first": {"type": "integer"},
            "activations": _NUMBERS,
            **_TERMS,
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
                "items": _component("Fault"),
            },
        },
    },
}
