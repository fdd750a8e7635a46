"""Which of the compiled modules is taken."""

import pytest

from service.convolution.native import INSTRUCTION_SETS, library, load


class Base:
    """A stand-in for the module that knows the processor."""

    VECTOR_BYTES = 16

    def __init__(self, able):
        self.able = able

    def instruction_sets(self):
        return self.able


@pytest.fixture
def built(monkeypatch):
    """The modules that are there, by name, instead of those on the disk."""
    modules = {}
    monkeypatch.setattr(library, "_built", modules.get)
    load.cache_clear()
    yield modules
    load.cache_clear()


def test_the_fastest_that_the_processor_runs_is_taken(built):
    built.update({name: Base(("avx2", "base")) for name in INSTRUCTION_SETS})
    assert load().instruction_set == "avx2"


def test_what_was_not_built_is_passed_over(built):
    built["base"] = Base(INSTRUCTION_SETS)
    assert load().instruction_set == "base"
    assert load("avx512") is None


def test_what_the_processor_lacks_is_not_loaded(built):
    built.update({name: Base(("base",)) for name in INSTRUCTION_SETS})
    assert load("avx2") is None
    assert load("base") is not None


def test_there_are_no_engines_where_none_was_built(built):
    assert load() is None


def test_a_module_that_is_missing_is_none_and_one_that_is_broken_is_not(monkeypatch):
    assert library._built("abacus") is None

    def broken(name):
        raise ModuleNotFoundError("no libm", name="libm")

    monkeypatch.setattr(library.importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="libm"):
        library._built("base")
