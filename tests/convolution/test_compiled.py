"""Which compiled engines are used: what is named, or the best that there are, or none."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from service.convolution import compiled
from service.convolution.boundary import Border
from service.convolution.compiled import (
    native_engines,
    native_in_use,
    run_direct_2d,
    select_native,
    use_native,
)
from service.convolution.native import INSTRUCTION_SETS, load
from service.convolution.workload import KernelAnalysis
from tests.convolution.entries import BUILT


def test_the_best_are_used_unless_told_otherwise():
    with ThreadPoolExecutor(1) as fresh:  # a thread that nobody has told anything
        assert fresh.submit(native_engines).result() == load()


@pytest.mark.parametrize("engines", [None, *BUILT])
def test_what_was_said_holds_within_the_block_alone_also_after_a_fault(engines):
    before = native_engines()
    with use_native(engines):
        assert native_engines() is engines
    assert native_engines() is before
    with pytest.raises(KeyError), use_native(engines):
        raise KeyError
    assert native_engines() is before


def test_a_name_selects_the_best_none_or_one_instruction_set():
    assert select_native("auto") == load()
    assert select_native("off") is None
    for name in INSTRUCTION_SETS:
        assert select_native(name) == load(name)


@pytest.mark.parametrize(
    ("name", "built", "told"),
    [
        ("off", "avx2", "off"),
        ("auto", "avx2", "avx2"),
        ("auto", None, "absent"),
        ("avx512", None, "absent"),
    ],
)
def test_what_is_in_use_is_told(name, built, told, monkeypatch):
    class Engines:
        instruction_set = built

    monkeypatch.setattr(compiled.native, "load", lambda _name: Engines() if built else None)
    assert native_in_use(name) == told


def test_engines_that_are_not_there_do_not_run():
    picture, kernel = np.ones((5, 5, 1)), KernelAnalysis.of(np.ones((3, 3)))
    with use_native(None), pytest.raises(ValueError, match="no compiled engines"):
        run_direct_2d(picture, kernel, np.float64, Border.none(2))
