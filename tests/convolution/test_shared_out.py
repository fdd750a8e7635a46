"""Convolutions that several threads share out, and those of a part of the rows."""

import numpy as np
import pytest

from service.convolution import planner, prepared
from service.convolution.compiled import use_native
from service.convolution.convolve import Options, convolve, prepare
from service.convolution.engines import ENGINES
from service.convolution.native import NativeEngines
from service.convolution.options import Boundary, Method, Mode
from service.convolution.threads import use_threads
from tests.convolution.entries import BUILT

RANDOM = np.random.default_rng(31)
OPERANDS = {
    "signal, direct": (RANDOM.normal(size=5000), RANDOM.normal(size=40), Method.DIRECT),
    "signal, tiles": (RANDOM.normal(size=90_000), RANDOM.normal(size=301), Method.FFT),
    "picture, direct": (RANDOM.normal(size=(97, 60, 3)), RANDOM.normal(size=(8, 5)), Method.DIRECT),
    "picture, two passes": (
        RANDOM.normal(size=(97, 60, 3)),
        np.outer(RANDOM.normal(size=18), RANDOM.normal(size=3)),
        Method.SEPARABLE,
    ),
    "picture, tiles": (RANDOM.normal(size=(301, 60, 2)), RANDOM.normal(size=(31, 6)), Method.FFT),
    "fewer rows than taps": (
        RANDOM.normal(size=(5, 60, 1)),
        RANDOM.normal(size=(9, 4)),
        Method.DIRECT,
    ),
}
every_operand = pytest.mark.parametrize(
    ("array", "kernel", "method"), OPERANDS.values(), ids=OPERANDS.keys()
)


@pytest.fixture
def started(monkeypatch):
    """Everything is worth a thread; the number of tasks that were run side by side."""
    counts = []
    run_parallel = prepared.run_parallel

    def counting(tasks):
        counts.append(len(tasks))
        return run_parallel(tasks)

    monkeypatch.setattr(prepared, "_WORTH_THREADS", 0.0)
    monkeypatch.setattr(prepared, "run_parallel", counting)
    with use_native(None):
        yield counts


class Counting:
    """The compiled engines of another extension, which notes how many threads it is given."""

    def __init__(self, extension):
        self.extension = extension
        self.VECTOR_BYTES = extension.VECTOR_BYTES
        self.threads = []

    def __getattr__(self, name):
        run = getattr(self.extension, name)

        def noting(*arguments):
            # After the result, the samples, the border and the levels.
            self.threads.append(arguments[4])
            return run(*arguments)

        return noting


every_built = pytest.mark.parametrize("built", BUILT, ids=lambda each: each.instruction_set)


@every_operand
@every_built
@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_compiled_engines_share_out_tiles_and_change_no_digit(
    array, kernel, method, built, threads, precision, monkeypatch
):
    monkeypatch.setattr(prepared, "_WORTH_NATIVE_THREADS", 0.0)
    monkeypatch.setattr(planner, "ENGINES", tuple(each for each in ENGINES if each.native))
    options = Options(boundary=Boundary.SYMMETRIC, method=method, precision=precision)
    counting = Counting(built.extension)
    with use_native(NativeEngines(built.instruction_set, counting)):
        alone, _ = convolve(array, kernel, options)
        with use_threads(threads):
            together, _ = convolve(array, kernel, options)
    assert counting.threads == [1, threads]
    assert together.tobytes() == alone.tobytes()


@every_built
@pytest.mark.parametrize(("side", "expected"), [(40, 1), (2000, 4)])
def test_compiled_engines_take_threads_for_what_is_worth_it(built, side, expected, monkeypatch):
    monkeypatch.setattr(planner, "ENGINES", tuple(each for each in ENGINES if each.native))
    counting = Counting(built.extension)
    array, kernel = np.ones((side, side, 1), np.float32), RANDOM.normal(size=(7, 7))
    options = Options(precision=np.float32)
    with use_native(NativeEngines(built.instruction_set, counting)), use_threads(4):
        each = prepare(array, kernel, options)
        each.run(array)
        # A few rows of it are not.
        each.run_bordered(array[:8])
    assert counting.threads == [expected, 1]


@every_operand
@pytest.mark.parametrize("mode", [Mode.FULL, Mode.SAME])
@pytest.mark.parametrize("boundary", [Boundary.CONSTANT, Boundary.WRAP, Boundary.SYMMETRIC])
@pytest.mark.parametrize("threads", [2, 3])
def test_threads_compute_what_one_does(array, kernel, method, mode, boundary, threads, started):
    options = Options(mode=mode, boundary=boundary, fill_value=0.5, method=method)
    alone, _ = convolve(array, kernel, options)
    assert started == []
    with use_threads(threads):
        together, _ = convolve(array, kernel, options)
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-12 * np.abs(alone).max())


def test_threads_share_out_what_is_worth_it(started):
    array, kernel, method = OPERANDS["picture, direct"]
    with use_threads(3):
        convolve(array, kernel, Options(method=method))
    assert started == [3]


@pytest.mark.parametrize("options", [{"stride": 2}, {"method": Method.FFT}])
def test_a_stride_and_a_transform_of_the_whole_are_not_shared_out(started, options):
    array, kernel = RANDOM.normal(size=(50, 51, 1)), RANDOM.normal(size=(40, 39))
    with use_threads(2):
        _, plan = convolve(array, kernel, Options(**options))
    assert started == [] or plan.engine.tiling is not None


def test_little_work_is_not_shared_out():
    with use_threads(4):
        assert len(prepare(np.ones((9, 9, 1)), np.ones((3, 3)), Options())._bands()) == 1


@every_operand
@pytest.mark.parametrize("dtype", [np.float64, np.uint8, np.int16])
def test_rows_with_their_border_give_those_rows_of_the_result(array, kernel, method, dtype):
    array = (100 * np.abs(array)).astype(dtype)
    options = Options(method=method, boundary=Boundary.SYMMETRIC)
    each = prepare(array, kernel, options)
    whole = each.run(array)
    widths = [*each.widths, *[(0, 0)] * (array.ndim - kernel.ndim)]
    bordered = np.pad(array, widths, mode="symmetric")
    first, last = len(whole) // 3, len(whole) - 1
    band = each.run_bordered(bordered[first : last + len(kernel) - 1])
    np.testing.assert_allclose(band, whole[first:last], rtol=0, atol=1e-12 * np.abs(whole).max())
