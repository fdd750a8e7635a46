"""Files that are nearly sound: cut, flipped, with lengths that lie, with pieces moved about."""

from __future__ import annotations

import random
from collections.abc import Iterator

# What a length, a count or an offset is likely not to be guarded against.
_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF)


def cut_everywhere(data: bytes) -> Iterator[bytes]:
    """The file cut off after each of its bytes but the last."""
    for length in range(len(data)):
        yield data[:length]


def every_bit_flipped(data: bytes, reach: int) -> Iterator[bytes]:
    """Each bit of the first ``reach`` bytes, flipped alone."""
    for position in range(min(reach, len(data))):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            yield bytes(flipped)


def every_number_extreme(data: bytes, reach: int) -> Iterator[bytes]:
    """At each of the first ``reach`` places numbers of 1, 2 and 4 bytes at their extremes."""
    for position in range(min(reach, len(data))):
        for width in (1, 2, 4):
            for extreme in _EXTREMES:
                for number in {bytes((extreme,)) + bytes(width - 1), bytes((extreme,)) * width}:
                    for ordered in {number, number[::-1]}:
                        yield data[:position] + ordered + data[position + width :]


def spliced(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Pieces of the file repeated, dropped, exchanged or overwritten by others, at random."""
    chance = random.Random(seed)
    for _ in range(count):
        file = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            start, end = sorted(chance.choices(range(len(file) + 1), k=2))
            to = chance.randint(0, len(file))
            piece = bytes(file[start:end])
            match chance.randrange(5):
                case 0:
                    file[to:to] = piece * chance.choice((1, 1, 2, 50))
                case 1:
                    del file[start : min(end, start + 40)]
                case 2:
                    file[to : to + len(piece)] = piece
                case 3:
                    file[start:end] = bytes(chance.randrange(256) for _ in piece[:20])
                case 4 if file:
                    file[min(to, len(file) - 1)] = chance.choice(
                        (*_EXTREMES, chance.randrange(256))
                    )
        yield bytes(file)
