"""Every engine of the table against the naive loop, for every mode, border and shape of kernel."""

from functools import cache
from itertools import permutations, product

import numpy as np
import pytest
import scipy.signal

from service.convolution.boundary import Border
from service.convolution.engines import TRANSFORM_EXACT
from service.convolution.options import Boundary, Method, Mode, Operation
from service.convolution.workload import KernelAnalysis
from tests.convolution.entries import ENTRIES
from tests.convolution.reference import convolved

TOLERANCE = {np.float64: 1e-12, np.float32: 4e-6}
FILL = 0.75

# Odd, even, mixed, one wide or high or both, and larger than the array.
ARRAYS = {1: (6,), 2: (4, 5)}
KERNELS = {
    1: [(1,), (2,), (3,), (4,), (5,), (6,), (13,)],
    2: [
        (1, 1),
        (3, 3),
        (2, 2),
        (3, 2),
        (4, 5),
        (1, 4),
        (1, 3),
        (3, 1),
        (2, 1),
        (6, 2),
        (1, 9),
        (7, 8),
    ],
}


def fits(engine, kernel_shape, mode):
    """Whether the mode has samples at all."""
    sizes = zip(ARRAYS[engine.dimensions], kernel_shape, strict=True)
    return mode is not Mode.VALID or all(k <= n for n, k in sizes)


CASES = [
    pytest.param(entry, shape, mode, id=f"{entry}-{shape}-{mode}")
    for entry in ENTRIES
    for shape in KERNELS[entry.engine.dimensions]
    for mode in Mode
    if fits(entry.engine, shape, mode)
]
LOPSIDED = [case for case in CASES if np.prod(case.values[1]) > 1]

every_case = pytest.mark.parametrize(("engine", "shape", "mode"), CASES, indirect=["engine"])
every_lopsided_case = pytest.mark.parametrize(
    ("engine", "shape", "mode"), LOPSIDED, indirect=["engine"]
)


@cache
def reference(array, kernel, array_shape, kernel_shape, mode, boundary, operation):
    """The naive loop, run once for what several engines compute; operands as bytes."""
    return convolved(
        np.frombuffer(array).reshape(array_shape),
        np.frombuffer(kernel).reshape(kernel_shape),
        mode,
        boundary,
        FILL,
        operation,
    )


def expected(array, kernel, mode, boundary, operation=Operation.CONVOLVE):
    operands = array.tobytes(), kernel.tobytes(), array.shape, kernel.shape
    return reference(*operands, mode, boundary, operation)


def distance(result, other):
    """The largest difference, in units of the largest sample."""
    assert result.shape == other.shape
    return np.abs(result - other).max() / np.abs(other).max()


# What takes less time than setting up a test is a turn of a loop in one, here and below.
@every_case
def test_an_engine_computes_the_naive_loop(
    convolve_with_engine, array_for, kernel_for, engine, shape, mode
):
    kernel = kernel_for(shape)
    for boundary, precision, channels in product(Boundary, TOLERANCE, (1, 3)):
        array = array_for(ARRAYS[engine.dimensions], channels)
        result = convolve_with_engine(
            array, kernel, mode=mode, boundary=boundary, fill_value=FILL, precision=precision
        )
        assert result.dtype == precision
        away = distance(result, expected(array, kernel, mode, boundary))
        assert away <= TOLERANCE[precision], (boundary, precision, channels)


@every_lopsided_case
def test_convolution_is_not_correlation_in_any_engine(
    convolve_with_engine, array_for, kernel_for, engine, shape, mode
):
    array, kernel = array_for(ARRAYS[engine.dimensions]), kernel_for(shape)
    for boundary, (operation, other) in product(Boundary, permutations(Operation)):
        result = convolve_with_engine(
            array, kernel, mode=mode, boundary=boundary, fill_value=FILL, operation=operation
        )
        asked_for = expected(array, kernel, mode, boundary, operation)
        assert distance(result, asked_for) <= 1e-12, (boundary, operation)
        not_asked_for = expected(array, kernel, mode, boundary, other)
        assert distance(result, not_asked_for) > 1e-2, (boundary, operation)


LARGE = [(31, 31), (9, 8), (1, 60), (60, 1), (3, 20), (20, 3), (7, 7), (50, 1), (1, 50)]


def integer_operands(engine, kernel_for, shape, dtype=np.int64):
    """Whole numbers, and their exact full convolution, summed in int64."""
    shape = shape[-1:] if engine.dimensions == 1 else shape
    kernel = kernel_for(shape, integers=9)
    size = (300,) if engine.dimensions == 1 else (40, 45, 1)
    array = np.random.default_rng(2).integers(0, 256, size).astype(dtype)
    taps = kernel.astype(np.int64).reshape(*shape, *[1] * (array.ndim - kernel.ndim))
    exact = scipy.signal.convolve(array.astype(np.int64), taps, "full", "direct")
    assert exact.dtype == np.int64
    return array, kernel, exact


@pytest.mark.parametrize("shape", LARGE)
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.float64])
def test_integers_come_out_exactly(convolve_with_engine, engine, kernel_for, shape, dtype):
    array, kernel, exact = integer_operands(engine, kernel_for, shape, dtype)
    np.testing.assert_array_equal(convolve_with_engine(array, kernel, mode=Mode.FULL), exact)


@pytest.mark.parametrize("shape", [(11, 11), (5, 12), (7, 7)])
def test_integers_come_out_exactly_in_float32_too(convolve_with_engine, engine, kernel_for, shape):
    array, kernel, exact = integer_operands(engine, kernel_for, shape)
    result = convolve_with_engine(array, kernel, mode=Mode.FULL, precision=np.float32)
    np.testing.assert_array_equal(result, exact)


def test_integers_below_the_bound_are_exact_in_float32_where_the_spectrum_is_flat(
    convolve_with_engine, engine
):
    # A single tap in a large kernel, and white noise: every frequency is as strong as can
    # be, and so is the rounding of a transform.
    kernel = np.zeros((31,) * engine.dimensions)
    own = engine.exact_sum[np.float32]
    kernel.flat[3] = (own if 0 < own < np.inf else TRANSFORM_EXACT[np.float32]) // 255 - 1
    noise = np.random.default_rng(1).integers(0, 2, 400_000) * 510 - 255
    array = noise if engine.dimensions == 1 else noise.reshape(500, 800, 1)
    result = convolve_with_engine(array, kernel, mode=Mode.VALID, precision=np.float32)
    exact = convolve_with_engine(array, kernel, mode=Mode.VALID, precision=np.float64)
    assert np.count_nonzero(result != exact) == 0


@pytest.mark.parametrize(
    "engine", [e for e in ENTRIES if e.engine.method is Method.DIRECT], ids=str, indirect=True
)
@pytest.mark.parametrize("shape", LARGE)
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_the_direct_sum_of_integers_needs_no_rounding_whatever_the_kernels_shape(
    engine, kernel_for, shape, precision
):
    # No block is so large that OpenCV would go over to a transform of its own.
    array, kernel, _ = integer_operands(engine, kernel_for, shape)
    if not engine.can(KernelAnalysis.of(kernel)):
        pytest.skip("the engine does not take kernels of this shape")
    result = engine.run(
        np.tile(array, (2,) * array.ndim),
        KernelAnalysis.of(kernel),
        precision,
        Border.none(engine.dimensions),
    )
    np.testing.assert_array_equal(result, np.rint(result))


@pytest.mark.parametrize("shape", [(3, 3), (9, 8), (31, 31)])
def test_integers_that_a_float32_holds_are_exact_in_it_whatever_the_engine(
    convolve_with_engine, engine, kernel_for, shape
):
    # Sums of up to 2 ** 24, at which a transform in float32 would be off by many.
    shape = shape[-1:] if engine.dimensions == 1 else shape
    kernel = kernel_for(shape, integers=9)
    kernel *= (2**24 - 1) // int(255 * np.abs(kernel).sum())
    array = np.random.default_rng(4).integers(0, 256, (300,) if len(shape) == 1 else (80, 81, 2))
    result = convolve_with_engine(array, kernel, precision=np.float32)
    exact = convolve_with_engine(array, kernel)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, exact)
    np.testing.assert_array_equal(exact, np.rint(exact))


def test_integers_are_exact_whatever_an_unused_fill_value_is(
    convolve_with_engine, engine, kernel_for
):
    array, kernel, _ = integer_operands(engine, kernel_for, (5, 7))
    result = convolve_with_engine(array, kernel, boundary=Boundary.WRAP, fill_value=0.5)
    np.testing.assert_array_equal(result, np.rint(result))
