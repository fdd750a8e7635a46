"""How much time a picture's file may take to become smaller."""

from __future__ import annotations

from enum import StrEnum


class Compression(StrEnum):
    """``fast`` is made for answers that are looked at once, ``small`` for files that are kept.

    The samples that come back are the same of either. What it means for each format stands in
    the table of formats.
    """

    FAST = "fast"
    SMALL = "small"
