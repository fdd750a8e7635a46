"""Arrays and objects in one another, deeper than any request has them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from service.errors import InvalidRequest

# The taps of a kernel that is one of several in a step are eight levels deep. What looks at values
# by itself, such as their repr, runs at a thousand into Python's own limit.
_DEEPEST: Final = 256
_CONTAINERS: Final = frozenset((dict, list))


def require_shallow(value: object, pointer: str) -> None:
    """``InvalidRequest`` at ``pointer`` where a parsed JSON value is nested beyond reason."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _containers_in(outer)]
        if not level:
            return
    raise InvalidRequest.at(pointer, f"is nested more than {_DEEPEST} levels deep")


def _containers_in(value: object) -> list[object]:
    if not isinstance(value, list | dict):
        return []
    members: Collection[object] = value.values() if isinstance(value, dict) else value
    # At C speed past the usual million of numbers.
    if _CONTAINERS.isdisjoint(map(type, members)):
        return []
    return [each for each in members if type(each) in _CONTAINERS]
