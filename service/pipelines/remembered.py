"""What one request has in common with the next: its specification, and the kernels of that.

Whoever sends many pictures mostly sends them with the same words, and to make a kernel of these
takes as long as to convolve a small picture with it. All is remembered by what it is made of, as
long as that is short.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import prod
from typing import Final, TypeAlias

from service.kernels.kernel import KernelBank, KernelLimits
from service.kernels.specification import KernelSpecification, NormalizeRule
from service.pipelines.fields import read_fields
from service.pipelines.requests import PictureRequest, parse_request

PICTURE_FILES: Final = ("image", "kernel_image")
"""The parts of a picture's form that are pictures, and so no words."""

REMEMBERED: Final = 32
"""Of how many requests, the latest, something is remembered."""

MOST_TAPS: Final = 4096
"""A kernel with more is not remembered: it takes memory, and the work on it is longer."""

_LONGEST_TEXT: Final = 8192

_Texts: TypeAlias = tuple[tuple[str, bytes], ...]


class _Itself:
    """A specification as a key, equal to itself alone: those of taps can't be compared."""

    def __init__(self, specification: KernelSpecification) -> None:
        self.specification = specification

    def __hash__(self) -> int:
        return id(self.specification)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.specification is self.specification


def picture_request(parts: Mapping[str, memoryview]) -> PictureRequest:
    """The request that the fields of a form make; the errors of ``read_fields`` and parsing."""
    texts = tuple((name, bytes(data)) for name, data in parts.items() if name not in PICTURE_FILES)
    short = sum(len(text) for _, text in texts) <= _LONGEST_TEXT
    return _remembered_request(texts) if short else _request(texts)


def built_bank(
    kernel: KernelSpecification,
    dimensions: int,
    rule: NormalizeRule | None,
    limits: KernelLimits,
    pointer: str,
) -> KernelBank:
    """``kernel.build_with`` the rest; the same bank for the same specification, if it is small."""
    if prod(kernel.extent().shape) > MOST_TAPS:
        return kernel.build_with(dimensions, rule, limits, pointer)
    return _remembered_bank(_Itself(kernel), dimensions, rule, limits, pointer)


def _request(texts: _Texts) -> PictureRequest:
    fields = {name: memoryview(text) for name, text in texts}
    return parse_request(PictureRequest, read_fields(fields, files=()))


_remembered_request = lru_cache(REMEMBERED)(_request)


@lru_cache(REMEMBERED)
def _remembered_bank(
    kernel: _Itself,
    dimensions: int,
    rule: NormalizeRule | None,
    limits: KernelLimits,
    pointer: str,
) -> KernelBank:
    return kernel.specification.build_with(dimensions, rule, limits, pointer)
