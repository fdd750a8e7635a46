"""How many threads the work in hand may take, and its tasks run on that many.

Whoever knows what else runs says it once, with ``use_threads``; whoever can share its work out
asks ``threads``, or hands its tasks to ``run_parallel``. Nobody has to pass a number down.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from typing import TypeVar

Result = TypeVar("Result")

_THREADS: ContextVar[int] = ContextVar("threads", default=1)


def threads() -> int:
    """The threads that the work in hand may take, the one that asks among them; 1 unless told."""
    return _THREADS.get()


@contextmanager
def use_threads(count: int) -> Iterator[None]:
    """Within the block ``threads`` is ``count``, in this thread; a ValueError below 1."""
    if count < 1:
        raise ValueError("the work in hand takes one thread at least")
    token = _THREADS.set(count)
    try:
        yield
    finally:
        _THREADS.reset(token)


def run_parallel(tasks: Sequence[Callable[[], Result]]) -> list[Result]:
    """What the tasks give, in their order, run on up to ``threads`` threads.

    Each thread takes the next task when it has done one, so a few more tasks than threads even
    out. Within a task ``threads`` is 1: what it runs in turn is not split again. All else that was
    said to hold in the work at hand (``ContextVar``) holds in its tasks as well. Starting a thread
    takes some 0.05 ms, so that tasks should take longer; and they gain as far as they let
    go of the GIL, as numpy, scipy.fft, OpenCV and isal do.

    Raises what a task raised, once all that had begun have ended; no further ones are begun.
    """
    helpers = min(threads(), len(tasks)) - 1
    if helpers < 1:
        return [task() for task in tasks]
    numbers = iter(range(len(tasks)))  # shared: taking the next one is atomic
    results: dict[int, Result] = {}

    def share() -> None:
        with use_threads(1):
            try:
                for number in numbers:
                    results[number] = tasks[number]()
            except BaseException:
                deque(numbers, maxlen=0)  # leaves none to the others
                raise

    shares: list[Future[None]] = []
    with ThreadPoolExecutor(helpers) as others:
        with suppress(RuntimeError):  # the system gives no more threads: those there are do all
            for _ in range(helpers):
                shares.append(others.submit(copy_context().run, share))  # noqa: PERF401 - kept
        share()
    for each in shares:
        each.result()
    return [results[number] for number in range(len(tasks))]
