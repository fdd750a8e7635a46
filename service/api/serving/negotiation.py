"""Which format an answer gets: ``format=`` if given, else the header Accept (RFC 9110, 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from service.errors import NotAcceptable
from service.formats.table import Format

_WEIGHT: Final = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


@dataclass(frozen=True)
class _Range:
    """One media range of an Accept header with its weight."""

    kind: str
    subtype: str
    quality: float

    def specificity(self, media_type: str) -> int:
        """2 for the type itself, 1 for ``type/*``, 0 for ``*/*``, -1 where it doesn't match."""
        kind, _, subtype = media_type.partition("/")
        if (self.kind, self.subtype) == (kind, subtype):
            return 2
        if (self.kind, self.subtype) == (kind, "*"):
            return 1
        return 0 if (self.kind, self.subtype) == ("*", "*") else -1


def choose_format(accept: str | None, wanted: str | None, offered: Sequence[Format]) -> Format:
    """The format to answer in, out of ``offered`` (in the service's order of preference).

    ``wanted`` is a format's name and wins; ``accept`` is the header's value. Of equally
    welcome formats the first offered is taken. ``NotAcceptable`` lists what there is.
    """
    if wanted is not None:
        for candidate in offered:
            if candidate.name == wanted:
                return candidate
        names = ", ".join(candidate.name for candidate in offered)
        raise NotAcceptable.at("/format", f"this endpoint answers in one of: {names}")
    if accept is None or not accept.strip():
        return offered[0]
    ranges = [_parse(part) for part in accept.split(",") if part.strip()]
    weighed = [(_quality(candidate, ranges), candidate) for candidate in offered]
    best = max(quality for quality, _ in weighed)
    if best <= 0:
        types = ", ".join(candidate.media_type for candidate in offered)
        raise NotAcceptable(f"this endpoint answers in one of: {types}")
    return next(candidate for quality, candidate in weighed if quality == best)


def _quality(candidate: Format, ranges: Sequence[_Range]) -> float:
    """The weight of the most specific range that matches any of the format's media types."""
    found = [
        (specificity, each.quality)
        for media_type in candidate.media_types
        for each in ranges
        if (specificity := each.specificity(media_type)) >= 0
    ]
    return max(found)[1] if found else 0.0


def _parse(part: str) -> _Range:
    media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
    kind, _, subtype = media_range.partition("/")
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            quality = _weight(value.strip())
    return _Range(kind, subtype, quality)


def _weight(text: str) -> float:
    """A qvalue; one that is none (RFC 9110, 12.4.2) counts as 0: better refused than guessed."""
    return float(text) if _WEIGHT.fullmatch(text) else 0.0
