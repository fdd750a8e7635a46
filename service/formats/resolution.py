"""How large a picture is to be printed, as files tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, SupportsFloat

METRES_PER_INCH: Final = 0.0254
METRES_PER_CENTIMETRE: Final = 0.01

# No picture has fewer or more, and no format has room for many more.
_FEWEST_PER_METRE, _MOST_PER_METRE = 1.0, 1e8


@dataclass(frozen=True)
class Resolution:
    """Pixels per metre, across and down; both from 1 to 1e8."""

    across: float
    down: float

    @property
    def per_inch(self) -> tuple[float, float]:
        """Pixels per inch, across and down."""
        return self.across * METRES_PER_INCH, self.down * METRES_PER_INCH

    @property
    def turned(self) -> Resolution:
        """That of the picture lying on its side."""
        return Resolution(across=self.down, down=self.across)


def told_resolution(across: SupportsFloat, down: SupportsFloat, metres: float) -> Resolution | None:
    """What a file tells in pixels per so many metres; None for what can't be meant."""
    try:
        found = Resolution(float(across) / metres, float(down) / metres)
    except (TypeError, ValueError, ArithmeticError):
        return None
    sides = found.across, found.down
    return found if all(_FEWEST_PER_METRE <= each <= _MOST_PER_METRE for each in sides) else None
