"""Objects that have a key twice: parsers take the last and say nothing (RFC 8259, section 4).

They are found in the text, beside the parser. What is asked for is told by few keys among,
maybe, millions of numbers, and those are passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import orjson

from service.errors import InvalidRequest, name_segment

# Sixteen steps of as many kernels with every parameter are told in fewer.
_MOST_KEYS = 10_000

# A string, and what makes it a key.
_STRING = rb'("(?:[^"\\]++|\\.)*+")(\s*+:)?'
_STRINGS = re.compile(_STRING, re.DOTALL)
# Arrays without strings, arrays and objects in them are passed over at once.
_TOKENS = re.compile(_STRING + rb'|\[[^]["{}]*+\]|[]["{},]', re.DOTALL)


@dataclass
class _Open:
    """An object or array that has begun: its keys so far, and the place that is read."""

    keys: set[str] = field(default_factory=set)
    index: int = 0
    segment: str = "/0"


def require_distinct_keys(text: str | bytes | memoryview, pointer: str) -> None:
    """``InvalidRequest`` for the first key, below ``pointer``, that its object has twice.

    And at ``pointer``, where there are more keys than any request has.

    ``text`` is valid JSON.
    """
    document = text.encode() if isinstance(text, str) else text
    keys = [found[1] for found in _STRINGS.finditer(document) if found[2]]
    if len(keys) > _MOST_KEYS:
        raise InvalidRequest.at(pointer, f"has {len(keys)} keys; at most {_MOST_KEYS} are read")
    # Other objects may have the same keys, and one key may be written in several ways.
    if len(set(keys)) < len(keys) or any(b"\\" in key for key in keys):
        _search(document, pointer)


def _search(document: bytes | memoryview, pointer: str) -> None:
    """Read the text from key to key, with the path that leads to each."""
    path: list[_Open] = []
    for found in _TOKENS.finditer(document):
        token = found[0]
        if token in (b"{", b"["):
            path.append(_Open())
        elif token in (b"}", b"]"):
            path.pop()
        elif token == b"," and path:
            path[-1].index += 1
            path[-1].segment = f"/{path[-1].index}"
        elif found[2]:
            key = orjson.loads(found[1])
            path[-1].segment = name_segment(key)
            if key in path[-1].keys:
                place = pointer + "".join(each.segment for each in path)
                raise InvalidRequest.at(place, "stands more than once in the same object")
            path[-1].keys.add(key)
