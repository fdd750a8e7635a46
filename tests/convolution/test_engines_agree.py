"""Every engine of the table against the naive loop, for every mode, border and shape of kernel."""

from functools import cache

import numpy as np
import pytest
import scipy.signal

from service.convolution.boundary import Border
from service.convolution.engines import ENGINES, TRANSFORM_EXACT
from service.convolution.options import Boundary, Method, Mode, Operation
from service.convolution.workload import KernelAnalysis
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
    pytest.param(engine, shape, mode, id=f"{engine.name}-{shape}-{mode}")
    for engine in ENGINES
    for shape in KERNELS[engine.dimensions]
    for mode in Mode
    if fits(engine, shape, mode)
]
LOPSIDED = [case for case in CASES if np.prod(case.values[1]) > 1]

every_case = pytest.mark.parametrize(("engine", "shape", "mode"), CASES)
every_lopsided_case = pytest.mark.parametrize(("engine", "shape", "mode"), LOPSIDED)
every_boundary = pytest.mark.parametrize("boundary", Boundary)
every_operation = pytest.mark.parametrize("operation", Operation)
every_precision = pytest.mark.parametrize("precision", TOLERANCE)


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


@every_case
@every_boundary
@every_precision
@pytest.mark.parametrize("channels", [1, 3])
def test_an_engine_computes_the_naive_loop(
    convolve_with_engine, array_for, kernel_for, engine, shape, mode, boundary, precision, channels
):
    array, kernel = array_for(ARRAYS[engine.dimensions], channels), kernel_for(shape)
    result = convolve_with_engine(
        array, kernel, mode=mode, boundary=boundary, fill_value=FILL, precision=precision
    )
    assert result.dtype == precision
    assert distance(result, expected(array, kernel, mode, boundary)) <= TOLERANCE[precision]


@every_lopsided_case
@every_boundary
@every_operation
def test_convolution_is_not_correlation_in_any_engine(
    convolve_with_engine, array_for, kernel_for, engine, shape, mode, boundary, operation
):
    array, kernel = array_for(ARRAYS[engine.dimensions]), kernel_for(shape)
    result = convolve_with_engine(
        array, kernel, mode=mode, boundary=boundary, fill_value=FILL, operation=operation
    )
    (other,) = set(Operation) - {operation}
    assert distance(result, expected(array, kernel, mode, boundary, operation)) <= 1e-12
    assert distance(result, expected(array, kernel, mode, boundary, other)) > 1e-2


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
    kernel.flat[3] = TRANSFORM_EXACT[np.float32] // 255 - 1
    noise = np.random.default_rng(1).integers(0, 2, 400_000) * 510 - 255
    array = noise if engine.dimensions == 1 else noise.reshape(500, 800, 1)
    result = convolve_with_engine(array, kernel, mode=Mode.VALID, precision=np.float32)
    exact = convolve_with_engine(array, kernel, mode=Mode.VALID, precision=np.float64)
    assert np.count_nonzero(result != exact) == 0


@pytest.mark.parametrize(
    "engine", [e for e in ENGINES if e.method is Method.DIRECT], ids=lambda e: f"{e.dimensions}d"
)
@pytest.mark.parametrize("shape", LARGE)
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_the_direct_sum_of_integers_needs_no_rounding_whatever_the_kernels_shape(
    engine, kernel_for, shape, precision
):
    # No block is so large that OpenCV would go over to a transform of its own.
    array, kernel, _ = integer_operands(engine, kernel_for, shape)
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
