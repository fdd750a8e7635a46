"""The arrays that are computed with."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# The precision of a computation: float32 where an 8-bit picture comes out, else float64.
Precision: TypeAlias = type[np.float32] | type[np.float64]

# Samples in one of the two precisions: (n,), (height, width) or (height, width, channels).
Samples: TypeAlias = NDArray[np.floating[Any]]
