"""Stride and dilation against the naive loop, in every engine, and what the plans say of them."""

from functools import cache

import numpy as np
import pytest

from service.convolution.compiled import use_native
from service.convolution.convolve import Options, convolve, output_shape, prepare
from service.convolution.dilation import dilated, dilated_shape
from service.convolution.direct import _blocks, most_blocks
from service.convolution.options import Boundary, Method, Mode, Operation
from service.errors import InvalidRequest
from tests.convolution.entries import ENTRIES
from tests.convolution.reference import convolved

FILL = -0.75
ARRAYS = {1: (23,), 2: (10, 9)}
KERNELS = {1: [(1,), (4,), (7,)], 2: [(3, 2), (2, 5), (1, 3), (4, 1)]}
# One number for all axes, and different ones; coprime, and with a divisor in common.
RATES = {
    1: [(s, d) for s in (1, 2, 3) for d in (1, 2, 3) if s * d > 1],
    2: [(s, d) for s in (1, 2, 3, (3, 2)) for d in (1, 2, 3, (1, 4)) if (s, d) != (1, 1)],
}


def extent(shape, dilation):
    return tuple((k - 1) * d + 1 for k, d in zip(shape, spread(dilation), strict=False))


def spread(rate):
    return rate if isinstance(rate, tuple) else (rate, rate)


# Compiled engines are so fast that some of these would rather compute what is dropped.
without_native = pytest.mark.usefixtures("no_native")


@pytest.fixture
def no_native():
    with use_native(None):
        yield


@cache
def reference(array, kernel, shapes, mode, boundary, stride, dilation):
    """The naive loop, run once for what several engines compute; operands as bytes."""
    operands = (
        np.frombuffer(each).reshape(shape)
        for each, shape in zip((array, kernel), shapes, strict=True)
    )
    return convolved(*operands, mode, boundary, FILL, stride=stride, dilation=dilation)


CASES = [
    pytest.param(entry, shape, *rates, mode, id=f"{entry}-{shape}-{rates}-{mode}")
    for entry in ENTRIES
    for engine in [entry.engine]
    for shape in KERNELS[engine.dimensions]
    for rates in RATES[engine.dimensions]
    for mode in Mode
    if mode is not Mode.VALID
    or all(k <= n for k, n in zip(extent(shape, rates[1]), ARRAYS[engine.dimensions], strict=True))
]


@pytest.mark.parametrize(
    ("engine", "shape", "stride", "dilation", "mode"), CASES, indirect=["engine"]
)
def test_an_engine_computes_the_naive_loop_with_stride_and_dilation(
    convolve_with_engine, array_for, kernel_for, engine, shape, stride, dilation, mode
):
    array, kernel = array_for(ARRAYS[engine.dimensions]), kernel_for(shape)
    rates = {"stride": stride, "dilation": dilation}
    # A turn takes less time than a test of its own would take to set up.
    for boundary in Boundary:
        result = convolve_with_engine(
            array, kernel, mode=mode, boundary=boundary, fill_value=FILL, **rates
        )
        shapes, spreads = (array.shape, kernel.shape), (spread(stride), spread(dilation))
        expected = reference(array.tobytes(), kernel.tobytes(), shapes, mode, boundary, *spreads)
        assert result.shape == expected.shape
        atol = 1e-12 * np.abs(expected).max()
        np.testing.assert_allclose(result, expected, rtol=0, atol=atol, err_msg=boundary)


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("shape", [(3, 2), (2, 4)])
@pytest.mark.parametrize("method", [Method.DIRECT, Method.FFT])
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_both_operations_and_several_channels_are_strided_alike(
    shape, operation, method, precision
):
    random = np.random.default_rng([3, *shape])
    array, kernel = random.normal(size=(11, 12, 3)), random.normal(size=shape)
    rates = {"stride": (2, 3), "dilation": (3, 2)}
    options = Options(operation=operation, method=method, precision=precision, **rates)
    result, _ = convolve(array, kernel, options)
    expected = convolved(array, kernel, Mode.SAME, operation=operation, **rates)
    assert result.dtype == precision
    scale = 1e-12 if precision is np.float64 else 1e-6
    np.testing.assert_allclose(result, expected, rtol=0, atol=scale * np.abs(kernel).sum() * 4)


@pytest.mark.parametrize("stride", [1, 2, 3, 7, 50, (1, 40), (5, 2)])
@pytest.mark.parametrize("size", [(5, 4), (31, 30)])
@pytest.mark.parametrize("mode", Mode)
def test_a_stride_keeps_every_so_manieth_sample_of_the_result(stride, size, mode):
    random = np.random.default_rng(5)
    array, kernel = random.normal(size=(70, 75, 2)), random.normal(size=size)
    whole, _ = convolve(array, kernel, Options(mode=mode))
    kept, _ = convolve(array, kernel, Options(mode=mode, stride=stride))
    rows, columns = spread(stride)
    np.testing.assert_allclose(kept, whole[::rows, ::columns], rtol=0, atol=1e-11)
    assert kept.flags.c_contiguous or stride == 1


@pytest.mark.parametrize("method", [Method.AUTO, Method.DIRECT, Method.SEPARABLE, Method.FFT])
@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize(("stride", "dilation"), [(2, 1), (1, 3), ((3, 2), (2, 3))])
def test_integers_stay_exact(method, precision, stride, dilation):
    random = np.random.default_rng(6)
    picture = random.integers(0, 256, (40, 41, 3)).astype(np.uint8)
    kernel = np.outer([1.0, -2.0, 4.0, 1.0], [3.0, 0.0, -2.0])
    options = Options(method=method, precision=precision, stride=stride, dilation=dilation)
    result, _ = convolve(picture, kernel, options)
    expected = convolved(
        picture.astype(np.int64),
        kernel,
        Mode.SAME,
        stride=spread(stride),
        dilation=spread(dilation),
    )
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("stride", [1, 2, 5])
@pytest.mark.parametrize("method", [Method.AUTO, Method.DIRECT, Method.SEPARABLE, Method.FFT])
def test_a_kernel_of_zeros_gives_zeros(stride, method):
    options = Options(stride=stride, method=method)
    result, plan = convolve(np.ones((9, 8, 2)), np.zeros((3, 4)), options)
    np.testing.assert_array_equal(result, np.zeros(output_shape((9, 8, 2), (3, 4), options)))
    assert plan.work > 0


SHAPES = [((17,), (4,)), ((9, 8, 3), (3, 2)), ((9, 8), (2, 3))]


@pytest.mark.parametrize(("shape", "kernel_shape"), SHAPES)
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("stride", [1, 2, 100])
@pytest.mark.parametrize("dilation", [1, 3])
def test_the_shape_of_the_result_is_told_beforehand(shape, kernel_shape, mode, stride, dilation):
    options = Options(mode=mode, stride=stride, dilation=dilation)
    array = np.ones(shape if len(shape) != 2 else (*shape, 1))
    result, _ = convolve(array, np.ones(kernel_shape), options)
    assert output_shape(array.shape, kernel_shape, options) == result.shape
    assert output_shape(shape, kernel_shape, options) == result.shape[: len(shape)]


def test_a_dilated_kernel_has_zeros_between_its_taps():
    kernel = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(dilated(kernel, (1, 3)), [[1, 0, 0, 2], [3, 0, 0, 4]])
    assert dilated_shape((2, 2), (1, 3)) == (2, 4)
    assert dilated_shape((5,), 7) == (29,)
    assert dilated(kernel, 1) is kernel


@pytest.mark.parametrize("name", ["stride", "dilation"])
@pytest.mark.parametrize("rate", [(2,), (1, 2, 3), ()])
def test_another_number_of_axes_than_the_kernels_is_refused(name, rate):
    options = Options(**{name: rate})
    for attempt in (
        lambda: convolve(np.ones((5, 5, 1)), np.ones((2, 2)), options),
        lambda: output_shape((5, 5, 1), (2, 2), options),
    ):
        with pytest.raises(InvalidRequest) as refused:
            attempt()
        assert [fault.pointer for fault in refused.value.faults] == [f"/{name}"]


def test_valid_is_refused_where_the_dilated_kernel_is_larger():
    options = Options(mode=Mode.VALID, dilation=3)
    convolve(np.ones(7), np.ones(3), options)
    with pytest.raises(InvalidRequest) as refused:
        convolve(np.ones(6), np.ones(3), options)
    assert [fault.pointer for fault in refused.value.faults] == ["/mode"]


@pytest.mark.parametrize("size", [(3, 3), (15, 14)])
@without_native
def test_what_a_stride_drops_is_not_computed(size):
    array, kernel = np.ones((1000, 900, 3)), np.random.default_rng(7).normal(size=size)
    whole, kept = (
        prepare(array, kernel, Options(method=Method.DIRECT, stride=stride)).plan
        for stride in (1, (5, 3))
    )
    assert kept.work * 15 == whole.work
    assert kept.nanoseconds < whole.nanoseconds


@without_native
def test_the_zeros_of_a_dilation_are_not_work_for_the_direct_sum_of_a_picture():
    array, kernel = np.ones((60, 61, 1)), np.random.default_rng(8).normal(size=(3, 4))
    options = {"method": Method.DIRECT}
    _, plain = convolve(array, kernel, Options(**options))
    _, wide = convolve(array, kernel, Options(**options, dilation=6))
    assert wide.work == plain.work == 60 * 61 * 12


@pytest.mark.parametrize("shape", [(3, 4), (1, 5), (9, 9), (30, 2), (50, 51)])
@pytest.mark.parametrize("dilation", [1, 2, 6, (9, 1)])
def test_a_direct_sum_takes_each_tap_once_and_no_block_of_zeros(shape, dilation):
    kernel = dilated(np.random.default_rng(8).uniform(0.1, 1.0, shape), dilation)
    blocks = list(_blocks(kernel, np.float32))
    assert all(block.any() for _, _, block in blocks)
    assert len(blocks) <= most_blocks(kernel.shape, np.prod(shape), np.float32)
    whole = np.zeros_like(kernel)
    for top, left, block in blocks:
        whole[top : top + block.shape[0], left : left + block.shape[1]] += block
    np.testing.assert_array_equal(whole, kernel)


@without_native
def test_the_plan_counts_its_phases():
    array, kernel = np.ones((400, 400, 1)), np.random.default_rng(9).normal(size=(5, 3))
    assert convolve(array, kernel, Options())[1].facts()["phases"] == 1
    assert convolve(array, kernel, Options(stride=2))[1].facts()["phases"] == 4
    assert convolve(array, kernel, Options(stride=(1, 2)))[1].facts()["phases"] == 2
    # All taps lie on even places: the samples on the odd ones meet none.
    assert convolve(array, kernel, Options(stride=2, dilation=2))[1].facts()["phases"] == 1


def test_many_phases_of_few_samples_are_computed_at_the_full_rate_instead():
    kernel = np.random.default_rng(10).normal(size=(90, 91))
    few, many = (
        prepare(np.ones((side, side, 1)), kernel, Options(stride=80)).plan for side in (300, 9000)
    )
    assert few.workload.phases < many.workload.phases == 80 * 80
