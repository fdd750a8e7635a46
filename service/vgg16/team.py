"""The same work for each of many parts, on one thread or several."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

Part = TypeVar("Part")


class Team:
    """So many threads, to be entered as a context and ended with it.

    With one, the work is done on the caller's own.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def each(self, function: Callable[[Part], None], parts: Iterable[Part]) -> None:
        """Call ``function`` for each part; return when all are done, raise what one raised."""
        run = map if self._pool is None else self._pool.map
        for _ in run(function, parts):
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
