"""Every engine by itself, and the kernels it can compute."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from service.convolution import planner
from service.convolution.compiled import AUTO, select_native, use_native
from service.convolution.convolve import Options, convolve
from service.convolution.engines import Engine
from service.convolution.options import Method
from service.convolution.workload import KernelAnalysis
from tests.convolution.entries import ENTRIES, Entry

KernelFor = Callable[..., NDArray[np.float64]]


@pytest.fixture(autouse=True)
def native_as_set() -> Iterator[None]:
    """The compiled engines that CONVOLUTION_NATIVE names: ``off`` tests all without them."""
    with use_native(select_native(os.environ.get("CONVOLUTION_NATIVE", AUTO))):
        yield


@pytest.fixture(params=ENTRIES, ids=str)
def engine(request: pytest.FixtureRequest, native_as_set: None) -> Iterator[Engine]:
    """An engine of the table, in a world that has the compiled engines that it is of."""
    entry: Entry = request.param
    with use_native(entry.native):
        yield entry.engine


@pytest.fixture
def convolve_with_engine(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """``convolve`` in a world that has this engine alone."""
    monkeypatch.setattr(planner, "ENGINES", (engine,))

    def alone(array: NDArray[Any], kernel: NDArray[np.float64], **options: Any) -> NDArray[Any]:
        if not engine.can(KernelAnalysis.of(kernel)):
            pytest.skip("the engine does not take kernels of this shape")
        result, plan = convolve(array, kernel, Options(**options))
        assert plan.engine is engine
        return result

    return alone


@pytest.fixture
def kernel_for(engine: Engine) -> KernelFor:
    """A kernel of the engine's dimensions without any symmetry; of rank 1 where it must be."""

    def draw(shape: tuple[int, ...], *, integers: int = 0) -> NDArray[np.float64]:
        random = np.random.default_rng([7, *shape])

        def numbers(*size: int) -> NDArray[np.float64]:
            if integers:
                return random.integers(-integers, integers + 1, size).astype(np.float64)
            return random.uniform(0.2, 1.0, size) * random.choice([-1.0, 1.0], size)

        if engine.method is Method.SEPARABLE:
            return np.outer(numbers(shape[0]), numbers(shape[1]))
        return numbers(*shape)

    return draw


@pytest.fixture
def array_for(engine: Engine) -> Callable[..., NDArray[np.float64]]:
    """A signal, or a picture of that many channels, for the engine."""

    def draw(shape: tuple[int, ...], channels: int = 1) -> NDArray[np.float64]:
        random = np.random.default_rng([11, *shape, channels])
        return random.normal(size=shape if engine.dimensions == 1 else (*shape, channels))

    return draw
