"""API keys as an operator gives them: each by its id and the hash of the key.

A key is a long random text, of which only the SHA-256 is known here; a slow hash would protect
short passwords, and cost each request tens of milliseconds. ``python -m service.api.access ID``
makes a key and prints it with the entry for ``CONVOLUTION_API_KEYS``; of one that there is
already, ``printf %s KEY | sha256sum`` tells the hash.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

_ENTRY: Final = re.compile(r"(?P<id>[A-Za-z0-9._-]{1,64}):(?P<sha256>[0-9a-f]{64})")


@dataclass(frozen=True)
class ApiKey:
    """A key by its name, which may stand in a log, and its hash."""

    id: str
    sha256: bytes


def parse_keys(text: str) -> tuple[ApiKey, ...]:
    """The keys of ``id:sha256`` entries, the hash in hexadecimal, with commas between them.

    An id may have several entries, so that a new key can be handed out before the old one is
    withdrawn. Raises ValueError where an entry is none.
    """
    keys = []
    for entry in filter(None, (each.strip() for each in text.split(","))):
        found = _ENTRY.fullmatch(entry)
        if found is None:
            raise ValueError("a key is given as its id, a colon, and its SHA-256 in 64 hex digits")
        keys.append(ApiKey(found["id"], bytes.fromhex(found["sha256"])))
    return tuple(keys)


def entry_of(identity: str, key: str) -> str:
    """The entry of a key that has this id; ValueError where that is no sound one."""
    entry = f"{identity}:{digest_of(key).hex()}"
    if _ENTRY.fullmatch(entry) is None:
        raise ValueError("an id has up to 64 letters, digits, dots, - and _")
    return entry


def digest_of(key: str) -> bytes:
    """The SHA-256 of a key as a header shows it."""
    return hashlib.sha256(key.encode("latin-1")).digest()
