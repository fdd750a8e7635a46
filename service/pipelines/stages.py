"""How long each stage of a job took, for the header Server-Timing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import ServiceError


class Stages:
    """Milliseconds of wall time by stage, in the order in which the stages began."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block; a stage entered twice adds up. An error takes the times along."""
        start = time.perf_counter()
        try:
            yield
        except ServiceError as error:
            error.milliseconds = self.milliseconds
            raise
        finally:
            spent = (time.perf_counter() - start) * 1e3
            self.milliseconds[name] = round(self.milliseconds.get(name, 0.0) + spent, 3)
