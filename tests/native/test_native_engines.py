"""Each compiled engine, for each instruction set, against numpy.pad and scipy's direct sum."""

import numpy as np
import pytest

from service.convolution.boundary import Border
from service.convolution.levels import rounded_levels
from service.convolution.native.engines import MOST_DIRECT_ROWS, LevelScale
from service.convolution.options import Boundary
from tests.native.native_reference import assert_close, convolved

RANDOM = np.random.default_rng(20)
PRECISIONS = [np.float32, np.float64]
SHAPES = [(1, 1, 1), (5, 4, 2), (40, 33, 1), (61, 150, 3), (33, 20, 4), (9, 8, 7)]
KERNELS = [(1, 1), (3, 3), (2, 5), (1, 7), (6, 1), (11, 4), (13, 13)]


def dense_engine(name):
    """An engine as a function of picture, kernel and border; overlap-save in smallish tiles."""

    def run(native, picture, kernel, border, **options):
        if name == "overlap_save":
            options["tile"] = (32, 48)
        return getattr(native, name)(picture, kernel, border, **options)

    return run


ENGINES = {name: dense_engine(name) for name in ("direct", "overlap_save")}
every_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES.keys())
every_precision = pytest.mark.parametrize("precision", PRECISIONS)
every_boundary = pytest.mark.parametrize("boundary", Boundary)


def numbers(shape, precision=np.float64):
    return (RANDOM.random(shape) - 0.5).astype(precision)


def around(kernel_shape, boundary=Boundary.CONSTANT, fill=0.75):
    """The border of a result as large as the picture."""
    return Border(tuple(((k - 1) // 2, k // 2) for k in kernel_shape), boundary, fill)


def whole(kernel_shape, boundary):
    """The border of the full result."""
    return Border(tuple((k - 1, k - 1) for k in kernel_shape), boundary, -1.5)


@every_engine
@every_precision
@pytest.mark.parametrize("kernel_shape", KERNELS)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_engine_sums_like_scipy(native, engine, precision, kernel_shape, shape):
    picture, kernel = numbers(shape, precision), numbers(kernel_shape, precision)
    border = around(kernel_shape)
    assert_close(engine(native, picture, kernel, border), picture, kernel, border)


@every_engine
@every_boundary
@pytest.mark.parametrize("shape", [(3, 2, 1), (50, 70, 3)])
def test_every_border_is_numpys_also_where_the_kernel_is_larger(native, engine, boundary, shape):
    picture, kernel = numbers(shape), numbers((9, 12))
    border = whole(kernel.shape, boundary)
    assert_close(engine(native, picture, kernel, border), picture, kernel, border)


@every_precision
@pytest.mark.parametrize("taps", [(1, 1), (3, 5), (2, 1), (50, 31), (17, 64)])
@pytest.mark.parametrize("shape", [(1, 1, 1), (70, 200, 3), (120, 33, 1), (30, 40, 5)])
def test_two_passes_give_the_outer_product(native, precision, taps, shape):
    picture = numbers(shape, precision)
    column, row = (numbers(k, precision) for k in taps)
    border = around(taps, Boundary.REFLECT)
    result = native.separable(picture, column, row, border)
    exact = np.outer(column.astype(np.float64), row.astype(np.float64))
    assert_close(result, picture, exact, border, precision)


@every_precision
@pytest.mark.parametrize("tile", [(16, 16), (32, 96), (192, 64), None])
@pytest.mark.parametrize(("samples", "taps"), [(1, 1), (5, 9), (3000, 50), (20_000, 251)])
def test_blocks_of_a_signal_join_to_the_whole(native, precision, tile, samples, taps):
    signal, kernel = numbers(samples, precision), numbers(taps, precision)
    border = Border((((taps - 1) // 2, taps // 2),), Boundary.WRAP)
    result = native.overlap_save_signal(signal, kernel, border, tile=tile)
    assert_close(result, signal, kernel, border)


@every_precision
@every_boundary
@pytest.mark.parametrize(("samples", "taps"), [(1, 1), (7, 4), (3000, 51), (90, 200)])
def test_a_signal_is_summed_like_scipys(native, precision, boundary, samples, taps):
    signal, kernel = numbers(samples, precision), numbers(taps, precision)
    border = Border(((taps - 1, taps - 1),), boundary, 0.25)
    result = native.direct_signal(signal, kernel, border)
    assert_close(result, signal, kernel, border)


@pytest.mark.parametrize(
    "tile", [(16, 16), (32, 80), (128, 48), (240, 96), (512, 32), (16, 384), (288, 160)]
)
@every_precision
def test_every_tile_gives_the_same(native, tile, precision):
    picture, kernel = numbers((90, 101, 2), precision), numbers((7, 10), precision)
    result = native.overlap_save(picture, kernel, around(kernel.shape), tile=tile)
    assert_close(result, picture, kernel, around(kernel.shape))


@pytest.mark.parametrize("taps", [(9, 9), (31, 40), (101, 77)])
def test_the_tile_is_chosen_where_none_is_asked_for(native, taps):
    picture, kernel = numbers((200, 150, 1), np.float32), numbers(taps, np.float32)
    result = native.overlap_save(picture, kernel, around(taps))
    assert_close(result, picture, kernel, around(taps))


@every_engine
def test_an_impulse_gives_the_kernel(native, engine):
    picture = np.zeros((21, 23, 2))
    picture[10, 11] = [1, 2]
    kernel = numbers((5, 4))
    border = Border(((2, 2), (1, 2)))
    result = engine(native, picture, kernel, border)
    np.testing.assert_allclose(result[8:13, 9:13, 0], kernel[:, :], atol=1e-15)
    np.testing.assert_allclose(result[8:13, 9:13, 1], 2 * kernel, atol=1e-15)


@every_engine
def test_no_border_leaves_the_valid_part(native, engine):
    picture, kernel = numbers((30, 40, 3)), numbers((4, 7))
    result = engine(native, picture, kernel, Border.none(2))
    assert result.shape == (27, 34, 3)
    assert_close(result, picture, kernel, Border.none(2))


@every_engine
@pytest.mark.parametrize("threads", [2, 7])
def test_threads_change_no_number(native, engine, threads):
    picture, kernel = numbers((300, 200, 3), np.float32), numbers((7, 8), np.float32)
    border = around(kernel.shape)
    alone = engine(native, picture, kernel, border)
    together = engine(native, picture, kernel, border, threads=threads)
    np.testing.assert_array_equal(alone, together)


@every_engine
def test_rows_apart_upside_down_and_in_pieces_are_read_as_they_stand(native, engine):
    picture, kernel = numbers((80, 90, 3), np.float32), numbers((5, 6), np.float32)
    border = around(kernel.shape)
    for view in (picture[::2, 10:70], picture[::-1], picture[:, ::3], picture.transpose(1, 0, 2)):
        assert_close(engine(native, view, kernel, border), view, kernel, border)


@every_engine
@every_precision
def test_levels_are_read_without_conversion(native, engine, precision):
    picture = RANDOM.integers(0, 256, (64, 70, 3), np.uint8)
    kernel = numbers((5, 6), precision)
    border = around(kernel.shape, Boundary.EDGE)
    assert_close(engine(native, picture, kernel, border), picture, kernel, border)


@every_engine
@every_precision
def test_levels_are_rounded_and_clipped(native, engine, precision):
    picture = RANDOM.integers(0, 256, (64, 170, 3), np.uint8)
    kernel = 4 * numbers((5, 6))
    kernel = (kernel - kernel.mean() + 0.03).astype(precision)
    border = around(kernel.shape, Boundary.EDGE)
    exact = convolved(picture, kernel, border)
    levels = engine(native, picture, kernel, border, levels=LevelScale())
    assert levels.dtype == np.uint8
    assert {0, 255} <= set(levels.ravel())
    decided = np.abs(exact - np.floor(exact) - 0.5) > 1e-2
    expected = np.clip(np.rint(exact), 0, 255)
    np.testing.assert_array_equal(levels[decided], expected[decided])


@every_precision
def test_halves_are_rounded_to_even(native, precision):
    picture = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    kernel = np.array([[0.5]], precision)
    levels = native.direct(picture, kernel, levels=LevelScale())
    np.testing.assert_array_equal(levels, np.rint(picture * 0.5))


# A table of divisor, bias, absolute.
SCALES = [(1, 0, False), (9, 0, False), (-3, 7, False), (4, -20, True), (-16, 128, True)]


@pytest.mark.parametrize(("divisor", "bias", "absolute"), SCALES)
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("engine", ["direct", "separable", "overlap_save"])
@every_precision
def test_levels_are_those_of_rounding_the_sums_afterwards(
    native, engine, precision, divisor, bias, absolute, whole
):
    picture = RANDOM.integers(0, 256, (70, 61, 3), np.uint8)
    column, row = (RANDOM.integers(-3, 4, k).astype(precision) for k in (4, 5))
    taps = (column, row) if engine == "separable" else (np.outer(column, row),)
    border = around((4, 5), Boundary.SYMMETRIC)
    filtered = getattr(native, engine)
    sums = filtered(picture, *taps, border)
    expected = rounded_levels(np.rint(sums) if whole else sums, divisor, bias, absolute=absolute)
    scale = LevelScale(divisor, bias, absolute, whole)
    np.testing.assert_array_equal(filtered(picture, *taps, border, levels=scale), expected)


def test_what_is_no_number_becomes_level_zero(native):
    picture = np.full((5, 70, 1), np.nan, np.float32)
    levels = native.direct(picture, np.ones((1, 1), np.float32), levels=LevelScale())
    assert not levels.any()


def test_direct_says_how_many_rows_it_takes(native):
    tall = np.ones((MOST_DIRECT_ROWS + 1, 1))
    with pytest.raises(ValueError, match="few rows"):
        native.direct(numbers((40, 40, 1)), tall)


@pytest.mark.parametrize("tile", [(112, 64), (0, 64), (64, 8192), (-64, 64), (16, 16)])
def test_a_tile_that_is_no_transform_or_too_small_is_refused(native, tile):
    with pytest.raises(ValueError, match="tile"):
        native.overlap_save(numbers((90, 90, 1)), numbers((33, 33)), tile=tile)


def test_types_that_do_not_go_together_are_refused(native):
    picture, kernel = numbers((20, 20, 1), np.float32), numbers((3, 3), np.float64)
    with pytest.raises(ValueError, match="types"):
        native.direct(picture, kernel)
    with pytest.raises(ValueError, match="uint8"):
        native.direct(picture.astype(np.int32), kernel)
    with pytest.raises(ValueError, match="types"):
        native.separable(picture, kernel[0].astype(np.float32), kernel[0])


def test_a_kernel_larger_than_what_there_is_is_refused(native):
    with pytest.raises(ValueError, match="larger"):
        native.direct(numbers((4, 4, 1)), numbers((5, 3)))


def test_no_threads_at_all_is_refused(native):
    with pytest.raises(ValueError, match="threads"):
        native.direct(numbers((4, 4, 1)), numbers((3, 3)), threads=0)
