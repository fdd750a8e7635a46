"""The entries: by name alone, against published numbers, scipy's filters and ramps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

from service.errors import InvalidRequest, LimitExceeded
from service.kernels.catalogue import CATALOGUE, complete_by_name, entry_dimensions
from service.kernels.edges import COMPASS
from service.kernels.kernel import Combine, KernelBank, KernelLimits, Normalize
from service.kernels.parsing import parse_kernel

BY_NAME = [name for name, entry in CATALOGUE.items() if complete_by_name(entry)]
LINES = [name for name in BY_NAME if entry_dimensions(CATALOGUE[name]) == [1]]
SQUARES = [name for name in BY_NAME if entry_dimensions(CATALOGUE[name]) == [2]]


def taps(spec: object, dimensions: int = 2) -> Any:
    (kernel,) = parse_kernel(spec).build(dimensions).kernels
    return kernel.taps


def test_only_custom_and_combination_need_more_than_their_names() -> None:
    assert set(CATALOGUE) - set(BY_NAME) == {"custom", "combination"}


@pytest.mark.parametrize("name", BY_NAME)
def test_the_name_alone_is_a_kernel_for_pictures(name: str) -> None:
    spec = parse_kernel(name)
    bank = spec.build(2)
    assert all(np.isfinite(kernel.taps).all() for kernel in bank.kernels)
    shape = spec.extent().shape
    outer = shape if name in SQUARES else shape * 2
    assert all(kernel.taps.shape == outer for kernel in bank.kernels)


@pytest.mark.parametrize("name", LINES)
def test_a_one_dimensional_name_alone_is_a_kernel_for_signals(name: str) -> None:
    spec = parse_kernel(name)
    bank = spec.build(1)
    assert bank.combine is None
    assert bank.kernels[0].taps.shape == spec.extent().shape
    assert np.isfinite(bank.kernels[0].taps).all()


@pytest.mark.parametrize("name", LINES)
def test_a_one_dimensional_kernel_on_a_picture_is_its_outer_product_then_normalised(
    name: str,
) -> None:
    (line,) = parse_kernel(name).build(1, Normalize.NONE).kernels
    (plain,) = parse_kernel(name).build(2, Normalize.NONE).kernels
    np.testing.assert_allclose(plain.taps, np.outer(line.taps, line.taps), rtol=1e-15)
    (square,) = parse_kernel(name).build(2).kernels
    if CATALOGUE[name].default_normalize is Normalize.SUM:
        assert square.divisor == square.values.sum()


@pytest.mark.parametrize("name", LINES)
def test_rows_slides_horizontally_and_columns_vertically(name: str) -> None:
    (line,) = parse_kernel(name).build(1).kernels
    np.testing.assert_array_equal(taps({"name": name, "axes": "rows"}), line.taps[np.newaxis, :])
    np.testing.assert_array_equal(taps({"name": name, "axes": "columns"}), line.taps[:, np.newaxis])


@pytest.mark.parametrize("axes", ["rows", "columns"])
def test_a_signal_has_no_rows_and_columns(axes: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel({"name": "box", "axes": axes}).build(1)
    assert refusal.value.faults[0].pointer == "/kernel/axes"


@pytest.mark.parametrize("name", SQUARES)
def test_a_two_dimensional_kernel_is_refused_for_a_signal(name: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel(name).build(1, pointer="/steps/2/kernel")
    assert refusal.value.faults[0].pointer == "/steps/2/kernel"


PUBLISHED = {
    "sobel": ([[1, 0, -1], [2, 0, -2], [1, 0, -1]], [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]),
    "prewitt": ([[1, 0, -1], [1, 0, -1], [1, 0, -1]], [[1, 1, 1], [0, 0, 0], [-1, -1, -1]]),
    "scharr": ([[3, 0, -3], [10, 0, -10], [3, 0, -3]], [[3, 10, 3], [0, 0, 0], [-3, -10, -3]]),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_gradient_kernel_holds_the_published_integers(name: str) -> None:
    for direction, expected in zip("xy", PUBLISHED[name], strict=True):
        np.testing.assert_array_equal(taps({"name": name, "direction": direction}), expected)
    bank = parse_kernel(name).build(2)
    assert bank.combine is Combine.MAGNITUDE
    np.testing.assert_array_equal([kernel.taps for kernel in bank.kernels], PUBLISHED[name])


VECTORS = {
    "x": (0, 1),
    "y": (1, 0),
    "N": (-1, 0),
    "NE": (-1, 1),
    "E": (0, 1),
    "SE": (1, 1),
    "S": (1, 0),
    "SW": (1, -1),
    "W": (0, -1),
    "NW": (-1, -1),
}
DIRECTIONAL = [
    *((name, direction) for name in PUBLISHED for direction in "xy"),
    *(("kirsch", direction) for direction in COMPASS),
]


@pytest.mark.parametrize(("name", "direction"), DIRECTIONAL)
def test_a_derivative_is_positive_where_brightness_grows_along_its_direction(
    name: str, direction: str
) -> None:
    rows, columns = np.mgrid[:7, :7]
    down, right = VECTORS[direction]
    ramp = down * rows + right * columns
    kernel = taps({"name": name, "direction": direction})
    assert (scipy.signal.convolve2d(ramp, kernel, mode="valid") > 0).all()
    assert (scipy.signal.convolve2d(-ramp, kernel, mode="valid") < 0).all()


def test_kirschs_eight_are_one_kernel_turned_in_steps_of_45_degrees() -> None:
    eight = [taps({"name": "kirsch", "direction": direction}) for direction in COMPASS]
    np.testing.assert_array_equal(eight[0], [[-3, -3, -3], [-3, 0, -3], [5, 5, 5]])
    np.testing.assert_array_equal(eight[1], [[-3, -3, -3], [5, 0, -3], [5, 5, -3]])
    for step in range(8):
        np.testing.assert_array_equal(eight[(step + 2) % 8], np.rot90(eight[step], -1))
    bank = parse_kernel("kirsch").build(2)
    assert bank.combine is Combine.MAX
    np.testing.assert_array_equal([kernel.taps for kernel in bank.kernels], eight)


def test_laplacian_sharpen_and_emboss_hold_these_integers() -> None:
    cross = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])
    full = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])
    one = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(taps({"name": "laplacian", "neighbours": 4}), cross)
    np.testing.assert_array_equal(taps("laplacian"), full)
    np.testing.assert_array_equal(taps("sharpen"), one + cross)
    sharper = {"name": "sharpen", "neighbours": 8, "amount": 2.5}
    np.testing.assert_array_equal(taps(sharper), one + 2.5 * full)
    np.testing.assert_array_equal(taps("emboss"), [[2, 1, 0], [1, 1, -1], [0, -1, -2]])


def test_emboss_is_brighter_than_the_picture_where_it_grows_to_the_bottom_right() -> None:
    rows, columns = np.mgrid[:7, :7]
    for ramp in (rows, columns, rows + columns):
        relief = scipy.signal.convolve2d(ramp, taps("emboss"), mode="valid")
        assert (relief > ramp[1:-1, 1:-1]).all()


def test_identity_gives_back_the_input() -> None:
    picture = np.arange(20.0).reshape(4, 5)
    for size in (1, 3, 5):
        kernel = taps({"name": "identity", "size": size})
        np.testing.assert_array_equal(scipy.signal.convolve2d(picture, kernel, "same"), picture)
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel({"name": "identity", "size": 4})
    assert refusal.value.faults[0].pointer == "/kernel/size"


def test_gaussian_is_scipys_with_std_as_another_name_of_sigma() -> None:
    expected = scipy.signal.windows.gaussian(9, 2.5)
    for width in ("sigma", "std"):
        spec = parse_kernel({"name": "gaussian", "size": 9, width: 2.5, "normalize": "none"})
        np.testing.assert_array_equal(spec.build(1).kernels[0].taps, expected)
    periodic = parse_kernel({"name": "gaussian", "size": 9, "sym": False, "normalize": "none"})
    np.testing.assert_array_equal(
        periodic.build(1).kernels[0].taps, scipy.signal.windows.gaussian(9, 1, sym=False)
    )
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel({"name": "gaussian", "sigma": 1, "std": 2})
    assert refusal.value.faults[0].pointer == "/kernel/std"


@pytest.mark.parametrize("sigma", [0.3, 1, 1.7, 10])
def test_gaussian_without_a_size_is_the_filter_of_scipy_ndimage(sigma: float) -> None:
    kernel = taps({"name": "gaussian", "sigma": sigma}, dimensions=1)
    impulse = np.zeros(len(kernel) + 2)
    impulse[len(impulse) // 2] = 1
    expected = scipy.ndimage.gaussian_filter1d(impulse, sigma)
    np.testing.assert_allclose(np.pad(kernel, 1), expected, atol=1e-16)


def test_box_keeps_integers_and_their_divisor_apart() -> None:
    (kernel,) = parse_kernel({"name": "box", "size": 5}).build(2).kernels
    np.testing.assert_array_equal(kernel.values, np.ones((5, 5)))
    assert kernel.divisor == 25


NOTEBOOK = {
    "vertical edges": [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]],
    "horizontal edges": {"name": "prewitt", "direction": "y"},
    "the first compass kernel": {"name": "kirsch", "direction": "SW"},
    "the second compass kernel": {"name": "kirsch", "direction": "NW"},
    "Laplacian": "laplacian",
    "Gaussian": {"name": "gaussian", "size": 50, "sigma": 10, "normalize": "none"},
}


def test_the_six_kernels_of_the_notebook_are_reachable() -> None:
    bell = scipy.signal.windows.gaussian(50, 10)
    expected = {
        "vertical edges": [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]],
        "horizontal edges": [[1, 1, 1], [0, 0, 0], [-1, -1, -1]],
        "the first compass kernel": [[-3, 5, 5], [-3, 0, 5], [-3, -3, -3]],
        "the second compass kernel": [[-3, -3, -3], [-3, 0, 5], [-3, 5, 5]],
        "Laplacian": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
        "Gaussian": np.outer(bell, bell),
    }
    for which, spec in NOTEBOOK.items():
        np.testing.assert_array_equal(taps(spec), expected[which], err_msg=which)


SIZED = [
    name
    for name in LINES
    if "size" in CATALOGUE[name].model_fields and name != "kaiser_bessel_derived"
]


@pytest.mark.parametrize("name", SIZED)
def test_limits_are_checked_before_anything_is_computed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object) -> None:
        raise AssertionError("computed")

    monkeypatch.setattr(CATALOGUE[name], "compute", fail)
    spec = parse_kernel({"name": name, "size": 21})
    for dimensions, limits in ((1, KernelLimits(max_taps=20)), (2, KernelLimits(max_side=20))):
        with pytest.raises(LimitExceeded, match=r"21.*20") as refusal:
            spec.build(dimensions, limits=limits)
        assert refusal.value.faults[0].pointer == "/kernel/size"


def test_the_limits_themselves_are_allowed() -> None:
    limits = KernelLimits(max_taps=5, max_side=3)
    assert taps_shape(parse_kernel([1, 2, 3, 4, 5]).build(1, limits=limits)) == (5,)
    assert taps_shape(parse_kernel([1, 2, 3]).build(2, limits=limits)) == (3, 3)


def taps_shape(bank: KernelBank) -> tuple[int, ...]:
    return bank.kernels[0].taps.shape


def test_a_wide_gaussian_without_a_size_is_refused_at_its_sigma() -> None:
    spec = parse_kernel({"name": "gaussian", "sigma": 1e6})
    with pytest.raises(LimitExceeded, match=r"8,000,001.*1,048,576") as refusal:
        spec.build(1)
    assert refusal.value.faults[0].pointer == "/kernel/sigma"


def test_a_large_outer_product_is_refused_where_the_signal_is_not() -> None:
    spec = parse_kernel({"name": "hann", "size": 1025})
    assert taps_shape(spec.build(1)) == (1025,)
    with pytest.raises(LimitExceeded, match=r"1,025.*1,024"):
        spec.build(2)
