"""``python -m service.api.access ID``: make a key and print it with its entry."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Sequence

from service.api.access.keys import entry_of


def main(arguments: Sequence[str]) -> int:
    """Make a key and print it with its entry; 2 where no sound id is given."""
    key = secrets.token_urlsafe(32)
    try:
        (identity,) = arguments
        entry = entry_of(identity, key)
    except ValueError:
        sys.stderr.write(
            "usage: python -m service.api.access ID\n"
            "The id names the key in the log: up to 64 letters, digits, dots, - and _.\n"
        )
        return 2
    sys.stdout.write(
        f"key, for the caller:           {key}\nentry of CONVOLUTION_API_KEYS: {entry}\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
