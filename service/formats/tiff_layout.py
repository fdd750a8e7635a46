"""What the directory of a TIFF picture says about its samples and where they are.

Source: TIFF Revision 6.0 (Adobe, 1992); BigTIFF (Aware Systems); the numbers are their own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from service.formats.limits import MAX_FRAMES
from service.formats.picture import Buffer
from service.formats.resolution import (
    METRES_PER_CENTIMETRE,
    METRES_PER_INCH,
    Resolution,
    told_resolution,
)

# Of the types of values: whole numbers, bytes, and pairs of numerator and denominator.
_TYPES = {1: "B", 3: "H", 4: "I", 5: "II", 7: "s", 13: "I", 16: "Q", 18: "Q"}
# A number becomes an object of many times its size: strips and tiles, of a plane a channel, are
# fewer, and so are the samples of a pixel that the other tags speak of.
_MOST_PLACES, _MOST_NUMBERS = 2**20, 2**16
# The tags that are asked for here; others may be as long as they like.
_WHERE = frozenset((273, 278, 279, 322, 323, 324, 325))
_WHAT = frozenset((256, 257, 258, 259, 262, 266, 274, 277, 284, 317, 332, 338, 339, 34675))
_DENSITY = frozenset((282, 283, 296))
_INCH = 2
_UNITS = {_INCH: METRES_PER_INCH, 3: METRES_PER_CENTIMETRE}


@dataclass(frozen=True)
class _Dialect:
    """How wide numbers are, in the letters of ``struct``."""

    header_bytes: int
    count: str
    offset: str


_CLASSIC = _Dialect(8, "H", "I")
_BIG = _Dialect(16, "Q", "Q")


@dataclass(frozen=True)
class Directory:
    """The tags of one picture of a file that are of use here: whole numbers, or bytes."""

    tags: dict[int, bytes | tuple[int, ...]]
    byte_order: str

    def number(self, tag: int, default: int | None = None) -> int:
        """The value of a tag of one number; a ``ValueError`` without it or its default."""
        values = self.numbers(tag, () if default is None else (default,))
        if len(values) != 1:
            raise ValueError(f"tag {tag} is not one number")
        return values[0]

    def numbers(self, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """The values of a tag of whole numbers."""
        values = self.tags.get(tag, default)
        return tuple(values)

    @property
    def width(self) -> int:
        """Columns as stored."""
        return self.number(256)

    @property
    def height(self) -> int:
        """Rows as stored."""
        return self.number(257)

    @property
    def channels(self) -> int:
        """Samples a pixel."""
        return self.number(277, 1)

    @property
    def bits(self) -> int:
        """Of each sample; 0 where the channels differ."""
        return _common(self.numbers(258, (1,)))

    @property
    def sample_format(self) -> int:
        """Of each sample, one of the constants of this module; 0 where the channels differ."""
        return _common(self.numbers(339, (UNSIGNED,)))

    @property
    def compression(self) -> int:
        """The number of the codec."""
        return self.number(259, 1)

    @property
    def photometric(self) -> int:
        """What the samples mean; one of the constants of this module, or another."""
        return self.number(262)

    @property
    def extra_samples(self) -> tuple[int, ...]:
        """What the channels beyond those of the colour mean."""
        return self.numbers(338)

    @property
    def orientation(self) -> int:
        """Which way up."""
        return self.number(274, 1)

    @property
    def resolution(self) -> Resolution | None:
        """How large it is to be printed; None where no unit of length is told."""
        metres = _UNITS.get(_common(self.numbers(296, (_INCH,))))
        across, down = self.numbers(282), self.numbers(283)
        if metres is None or len(across) != 2 or len(down) != 2 or 0 in (across[1], down[1]):
            return None
        return told_resolution(across[0] / across[1], down[0] / down[1], metres)

    @property
    def icc_profile(self) -> bytes | None:
        """The embedded profile."""
        profile = self.tags.get(34675)
        return profile if isinstance(profile, bytes) else None


UNSIGNED: Final = 1
SIGNED: Final = 2
FLOAT: Final = 3
UNDEFINED: Final = 4

WHITE_IS_ZERO: Final = 0
BLACK_IS_ZERO: Final = 1
RGB: Final = 2
SEPARATED: Final = 5
CIELAB: Final = 8
ICCLAB: Final = 9


def directory_offsets(data: Buffer) -> Iterator[int]:
    """Where the directories of a file are, up to ``MAX_FRAMES``, each once.

    A ``struct.error`` where one lies outside of the file.
    """
    order, dialect = _byte_order(data), _dialect(data)
    pointer = struct.Struct(order + dialect.offset)
    count_format = struct.Struct(order + dialect.count)
    entry_bytes = 4 + 2 * pointer.size
    (offset,) = pointer.unpack_from(data, dialect.header_bytes - pointer.size)
    seen: set[int] = set()
    while offset and offset not in seen and len(seen) < MAX_FRAMES:
        seen.add(offset)
        yield offset
        (count,) = count_format.unpack_from(data, offset)
        (offset,) = pointer.unpack_from(data, offset + count_format.size + count * entry_bytes)


def read_directory(data: Buffer, offset: int) -> Directory:
    """The directory at the offset; a ``struct.error`` where it lies outside of the file."""
    order, dialect = _byte_order(data), _dialect(data)
    count_format = struct.Struct(order + dialect.count)
    entry = struct.Struct(f"{order}HH{dialect.offset}{struct.calcsize('<' + dialect.offset)}s")
    (count,) = count_format.unpack_from(data, offset)
    tags: dict[int, bytes | tuple[int, ...]] = {}
    for index in range(count):
        start = offset + count_format.size + index * entry.size
        tag, kind, number, field = entry.unpack_from(data, start)
        if kind not in _TYPES or tag in tags:
            continue
        if tag in _WHERE | _WHAT:
            tags[tag] = _values(data, order, dialect, (tag, kind, number, field))
        elif tag in _DENSITY:
            with suppress(struct.error, ValueError):  # the samples are sound without it
                tags[tag] = _values(data, order, dialect, (tag, kind, number, field))
    return Directory(tags, order)


def _values(
    data: Buffer, order: str, dialect: _Dialect, entry: tuple[int, int, int, bytes]
) -> bytes | tuple[int, ...]:
    """What an entry of a directory holds: its tag, type, count, and the field of its values."""
    tag, kind, number, field = entry
    letters = _TYPES[kind]
    if letters != "s" and number > (_MOST_PLACES if tag in _WHERE else _MOST_NUMBERS):
        raise ValueError(f"tag {tag} holds more numbers than there are uses for")
    values = struct.Struct(f"{order}{number * len(letters)}{letters[0]}")
    if values.size <= len(field):
        found = values.unpack_from(field)
    else:
        found = values.unpack_from(data, *struct.unpack(order + dialect.offset, field))
    return bytes(found[0]) if letters == "s" else found


def with_first_directory(data: Buffer, offset: int) -> bytes:
    """The file with its header pointing to the directory at the offset."""
    dialect = _dialect(data)
    pointer = struct.pack(_byte_order(data) + dialect.offset, offset)
    start = dialect.header_bytes - len(pointer)
    return b"".join((data[:start], pointer, data[dialect.header_bytes :]))


def _dialect(data: Buffer) -> _Dialect:
    return _BIG if bytes(data[2:4]) in (b"+\0", b"\0+") else _CLASSIC


def _byte_order(data: Buffer) -> str:
    return "<" if bytes(data[:2]) == b"II" else ">"


def _common(values: tuple[int, ...]) -> int:
    return values[0] if len(set(values)) == 1 else 0
