"""From a caller's JSON to a specification of the catalogue, with every fault's own pointer."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from service.errors import InvalidRequest, UnknownKernel
from service.kernels.catalogue import CATALOGUE
from service.kernels.combination import MOST_KERNELS, CombinationKernel, KernelList
from service.kernels.custom import CustomKernel
from service.kernels.faults import invalid_request
from service.kernels.kernel import Combine
from service.kernels.specification import KernelSpecification

# Comparing names takes the square of their length, and no kernel's is longer.
_LONGEST_NAME = 64


def parse_kernel(
    value: object, pointer: str = "/kernel", combine: Combine | None = None
) -> KernelSpecification:
    """The specification that ``value``, parsed JSON, asks for.

    A string is a name; an object has a ``name`` and parameters; an array of numbers, or of
    rows of them, is short for the values of ``custom``, and any other array for the kernels of
    ``combination``. ``combine`` is how a combination that doesn't say itself combines; None
    leaves it to its default. Raises ``UnknownKernel`` with the nearest names, and
    ``InvalidRequest`` with a fault for each wrong parameter, below ``pointer``.
    """
    beside = {} if combine is None else {"combine": combine}
    if isinstance(value, list) and _holds_kernels(value):
        document = {"name": "combination", "kernels": _parse_members(value, pointer), **beside}
        return _validate(KernelList, document, pointer)
    if isinstance(value, dict) and value.get("name") == "combination":
        return _parse_combination(beside | value, pointer)
    return _parse_single(value, pointer)


def _holds_kernels(value: list[Any]) -> bool:
    """Whether an array is one of kernels: by a name or an object in it, and no bare number."""
    kinds = set(map(type, value))
    return kinds <= {str, dict, list} and kinds != {list} and bool(kinds)


def _parse_combination(document: dict[Any, Any], pointer: str) -> KernelSpecification:
    members = document.get("kernels")
    if isinstance(members, list):
        document = {**document, "kernels": _parse_members(members, f"{pointer}/kernels")}
    return _validate(CombinationKernel, document, pointer)


def _parse_members(members: list[Any], pointer: str) -> list[KernelSpecification]:
    """The kernels of a combination, none of which is one itself."""
    if len(members) > MOST_KERNELS:
        raise InvalidRequest.at(pointer, f"must be at most {MOST_KERNELS} kernels")
    for index, member in enumerate(members):
        if isinstance(member, dict) and member.get("name") == "combination":
            detail = "must be a single kernel: combinations hold no combinations"
            raise InvalidRequest.at(f"{pointer}/{index}", detail)
    return [_parse_single(member, f"{pointer}/{index}") for index, member in enumerate(members)]


def _parse_single(value: object, pointer: str) -> KernelSpecification:
    if isinstance(value, list):
        document = {"name": "custom", "values": value}
        return _validate(CustomKernel, document, pointer, values_at=pointer)
    if isinstance(value, str):
        return _validate(_entry(value, pointer), {"name": value}, pointer)
    if not isinstance(value, dict):
        raise InvalidRequest.at(
            pointer, "must be a kernel's name, an object with a name, or an array of numbers"
        )
    if "name" not in value:
        raise InvalidRequest.at(f"{pointer}/name", "is required; custom is the one with values")
    name = value["name"]
    if not isinstance(name, str):
        raise InvalidRequest.at(f"{pointer}/name", "must be a kernel's name")
    return _validate(_entry(name, f"{pointer}/name"), value, pointer)


def _entry(name: str, pointer: str) -> type[KernelSpecification]:
    if name in CATALOGUE:
        return CATALOGUE[name]
    near = get_close_matches(name[:_LONGEST_NAME].lower(), CATALOGUE)
    hint = f"; did you mean {' or '.join(near)}?" if near else "."
    raise UnknownKernel.at(
        pointer, f"There is no kernel of that name{hint} GET /v1/kernels lists them all."
    )


def _validate(
    entry: type[KernelSpecification],
    document: dict[Any, Any],
    pointer: str,
    values_at: str | None = None,
) -> KernelSpecification:
    """The specification of ``document``; the taps of a custom one stand at ``values_at``."""
    context = {"values": f"{pointer}/values" if values_at is None else values_at}
    try:
        return entry.model_validate(document, context=context)
    except ValidationError as error:
        raise invalid_request(error, pointer) from None
