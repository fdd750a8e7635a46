"""The compiled engines of every instruction set that this processor can run."""

import pytest

from service.convolution.native import INSTRUCTION_SETS, load


@pytest.fixture(params=INSTRUCTION_SETS)
def native(request):
    engines = load(request.param)
    if engines is None:
        pytest.skip(f"no engines for {request.param} were built, or the processor lacks it")
    return engines
