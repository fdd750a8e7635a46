"""The same work for each of many parts, on one thread or several."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

Part = TypeVar("Part")


class Team:
    """So many threads, the caller's among them; a context, at whose end the others end."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._others = ThreadPoolExecutor(threads - 1) if threads > 1 else None

    def each(self, function: Callable[[Part], None], parts: Iterable[Part]) -> None:
        """Call ``function`` for each part; return when all are done, raise what one raised."""
        left = deque(parts)
        helpers = min(self.threads, len(left)) - 1
        if self._others is None or helpers < 1:
            _do(function, left)
            return
        # One call a thread, not one a part: waking a thread takes as long as a small part.
        others = [self._others.submit(_do, function, left) for _ in range(helpers)]
        try:
            _do(function, left)
        finally:
            for other in others:
                other.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._others is not None:
            self._others.shutdown()


def _do(function: Callable[[Part], None], left: deque[Part]) -> None:
    """Take parts from ``left`` and work on them, until none is left."""
    while True:
        try:
            part = left.popleft()  # atomic
        except IndexError:
            return
        function(part)
