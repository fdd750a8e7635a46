"""One budget for all the bodies that are held in memory at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from service.errors import QueueFull

# A body up to this size is let in even where large ones have taken everything: how many of
# them there can be, the number of connections bounds.
SMALL_BODY_BYTES: Final = 64 << 10


class BodyBudget:
    """Counts the bytes of bodies, those that come and those that go, against one limit."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self.held_bytes = 0

    def check(self, more_bytes: int) -> None:
        """``QueueFull`` where so many bytes more would pass the limit."""
        if self.held_bytes + more_bytes > self._limit_bytes:
            raise QueueFull("the bodies of other requests take all the memory there is for them")

    @contextmanager
    def share(self) -> Iterator[BudgetShare]:
        """What one request holds, until it is done."""
        share = BudgetShare(self)
        try:
            yield share
        finally:
            self.held_bytes -= share.held_bytes


class BudgetShare:
    """What one request holds of the budget."""

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self.held_bytes = 0

    def check(self, more_bytes: int) -> None:
        """``QueueFull`` where this request may not hold so many bytes more."""
        if self.held_bytes + more_bytes > SMALL_BODY_BYTES:
            self._budget.check(more_bytes)

    def take(self, more_bytes: int) -> None:
        """Hold so many bytes more; ``QueueFull`` where it may not."""
        self.check(more_bytes)
        self.hold(more_bytes)

    def hold(self, more_bytes: int) -> None:
        """Hold so many bytes more, which are there already: an answer is not thrown away."""
        self.held_bytes += more_bytes
        self._budget.held_bytes += more_bytes
