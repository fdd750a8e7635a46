"""Pictures without any symmetry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Draw = Callable[..., NDArray[Any]]


@pytest.fixture
def draw() -> Draw:
    """Random samples of a shape, the same at every run."""

    def samples(*shape: int, dtype: Any = np.uint8) -> NDArray[Any]:
        top = np.iinfo(dtype).max
        return np.random.default_rng([3, *shape]).integers(0, top, shape, dtype, endpoint=True)

    return samples
