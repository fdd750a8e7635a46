"""From a caller's JSON to a specification of the catalogue, with every fault's own pointer."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from service.errors import InvalidRequest, UnknownKernel
from service.kernels.catalogue import CATALOGUE
from service.kernels.faults import invalid_request
from service.kernels.specification import KernelSpecification

# Comparing names takes the square of their length, and no kernel's is longer.
_LONGEST_NAME = 64


def parse_kernel(value: object, pointer: str = "/kernel") -> KernelSpecification:
    """The specification that ``value``, parsed JSON, asks for.

    A string is a name; an object has a ``name`` and parameters; an array is short for the
    values of ``custom``. Raises ``UnknownKernel`` with the nearest names, and
    ``InvalidRequest`` with a fault for each wrong parameter, below ``pointer``.
    """
    if isinstance(value, str):
        return _validate(_entry(value, pointer), {"name": value}, pointer, f"{pointer}/values")
    if isinstance(value, list):
        document = {"name": "custom", "values": value}
        return _validate(CATALOGUE["custom"], document, pointer, pointer)
    if not isinstance(value, dict):
        raise InvalidRequest.at(
            pointer, "must be a kernel's name, an object with a name, or an array of numbers"
        )
    if "name" not in value:
        raise InvalidRequest.at(f"{pointer}/name", "is required; custom is the one with values")
    name = value["name"]
    if not isinstance(name, str):
        raise InvalidRequest.at(f"{pointer}/name", "must be a kernel's name")
    return _validate(_entry(name, f"{pointer}/name"), value, pointer, f"{pointer}/values")


def _entry(name: str, pointer: str) -> type[KernelSpecification]:
    if name in CATALOGUE:
        return CATALOGUE[name]
    near = get_close_matches(name[:_LONGEST_NAME].lower(), CATALOGUE)
    hint = f"; did you mean {' or '.join(near)}?" if near else "."
    raise UnknownKernel.at(
        pointer, f"There is no kernel of that name{hint} GET /v1/kernels lists them all."
    )


def _validate(
    entry: type[KernelSpecification], document: dict[Any, Any], pointer: str, values: str
) -> KernelSpecification:
    try:
        return entry.model_validate(document, context={"values": values})
    except ValidationError as error:
        raise invalid_request(error, pointer) from None
