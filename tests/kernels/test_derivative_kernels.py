"""First and second derivatives against scikit-image, scipy, OpenCV and MATLAB's formulas."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
import skimage.filters

from service.errors import InvalidRequest, LimitExceeded
from service.kernels.catalogue import CATALOGUE
from service.kernels.edges import COMPASS
from service.kernels.kernel import Combine
from service.kernels.parsing import parse_kernel

PICTURE = np.random.default_rng(3).random((17, 19))
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


def taps(name: str, dimensions: int = 2, **parameters: Any) -> Any:
    (kernel,) = parse_kernel({"name": name, **parameters}).build(dimensions).kernels
    return kernel.taps


def convolved(kernel: Any, picture: Any = PICTURE) -> Any:
    return scipy.signal.convolve2d(picture, kernel, mode="valid")


def inside(result: Any, size: int) -> Any:
    margin = size // 2
    return result[margin:-margin, margin:-margin]


def own_directions(name: str) -> list[str]:
    schema = CATALOGUE[name].model_json_schema()["properties"].get("direction", {})
    return [each for each in schema.get("enum", ()) if each in VECTORS]


DIRECTIONS = [(name, direction) for name in CATALOGUE for direction in own_directions(name)]


def test_every_gradient_and_compass_has_its_directions_tested() -> None:
    assert len(DIRECTIONS) == 6 * 2 + 3 * 8


@pytest.mark.parametrize(("name", "direction"), DIRECTIONS)
def test_a_derivative_is_positive_where_brightness_grows_along_its_direction(
    name: str, direction: str
) -> None:
    rows, columns = np.mgrid[:9, :9]
    down, right = VECTORS[direction]
    ramp = down * rows + right * columns
    kernel = taps(name, direction=direction)
    assert (convolved(kernel, ramp) > 1e-9).all()
    assert (convolved(kernel, -ramp) < -1e-9).all()
    assert kernel.sum() == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("name", ["sobel", "prewitt", "scharr", "farid"])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_gradient_is_scikit_images(name: str, axis: int) -> None:
    scaled = {} if name == "farid" else {"scaled": True}
    kernel = taps(name, direction="yx"[axis], **scaled)
    expected = getattr(skimage.filters, name)(PICTURE, axis=axis)
    np.testing.assert_allclose(convolved(kernel), inside(expected, len(kernel)), atol=1e-15)


@pytest.mark.parametrize("name", ["sobel", "prewitt", "scharr", "farid"])
def test_the_magnitude_is_scikit_images_times_the_root_of_two(name: str) -> None:
    scaled = {} if name == "farid" else {"scaled": True}
    bank = parse_kernel({"name": name, **scaled}).build(2)
    x, y = (convolved(kernel.taps) for kernel in bank.kernels)
    expected = getattr(skimage.filters, name)(PICTURE) * 2**0.5
    assert bank.combine is Combine.MAGNITUDE
    size = len(bank.kernels[0].taps)
    np.testing.assert_allclose(np.hypot(x, y), inside(expected, size), atol=1e-15)


def test_roberts_is_scikit_images_where_it_has_all_its_samples() -> None:
    for direction, function in (
        ("x", skimage.filters.roberts_pos_diag),
        ("y", skimage.filters.roberts_neg_diag),
    ):
        expected = function(PICTURE)
        np.testing.assert_allclose(
            convolved(taps("roberts", direction=direction)), expected[:-1, :-1], atol=1e-15
        )
    np.testing.assert_array_equal(taps("roberts", direction="x"), [[1, 0], [0, -1]])
    np.testing.assert_array_equal(taps("roberts", direction="y"), [[0, 1], [-1, 0]])


@pytest.mark.parametrize("size", [3, 5, 7])
@pytest.mark.parametrize("scaled", [False, True])
def test_sobel_of_every_size_is_opencvs(size: int, scaled: bool) -> None:
    along, across = cv2.getDerivKernels(1, 0, size, normalize=scaled, ktype=cv2.CV_64F)
    expected = np.outer(across, along)[:, ::-1] * (2 if scaled else 1)
    found = taps("sobel", size=size, scaled=scaled, direction="x")
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(
        taps("sobel", size=size, scaled=scaled, direction="y"), expected.T
    )


@pytest.mark.parametrize("name", ["sobel", "prewitt", "scharr"])
def test_a_scaled_gradient_answers_two_to_a_growth_of_one(name: str) -> None:
    sizes = [{"size": size} for size in (3, 5, 7)] if name == "sobel" else [{}]
    for size in sizes:
        ramp = np.tile(np.arange(9.0), (9, 1))
        result = convolved(taps(name, direction="x", scaled=True, **size), ramp)
        np.testing.assert_allclose(result, 2, rtol=1e-14)


def test_frei_chen_weighs_its_neighbours_by_distance() -> None:
    root = 2**0.5
    np.testing.assert_array_equal(
        taps("frei_chen", direction="x"), [[1, 0, -1], [root, 0, -root], [1, 0, -1]]
    )
    np.testing.assert_array_equal(
        taps("frei_chen", direction="y"), [[1, root, 1], [0, 0, 0], [-1, -root, -1]]
    )


def test_frei_chens_nine_masks_are_a_basis_of_all_neighbourhoods() -> None:
    masks = np.array([taps("frei_chen_basis", mask=mask).ravel() for mask in range(1, 10)])
    np.testing.assert_allclose(masks @ masks.T, np.eye(9), atol=1e-15)
    np.testing.assert_allclose(masks[0] * 8**0.5, taps("frei_chen", direction="y").ravel())
    np.testing.assert_allclose(masks[1] * 8**0.5, taps("frei_chen", direction="x").ravel())
    np.testing.assert_allclose(masks[8], 1 / 3)
    np.testing.assert_allclose(masks[6] * 6, np.outer([1, -2, 1], [1, -2, 1]).ravel())


ROBINSON = {
    "N": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "NE": [[0, -1, -2], [1, 0, -1], [2, 1, 0]],
    "SE": [[2, 1, 0], [1, 0, -1], [0, -1, -2]],
}


def test_the_compasses_hold_the_published_integers() -> None:
    for direction, published in ROBINSON.items():
        np.testing.assert_array_equal(taps("robinson", direction=direction), published)
    np.testing.assert_array_equal(
        taps("robinson", direction="W", levels=3), [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]
    )
    np.testing.assert_array_equal(
        taps("prewitt_compass", direction="E"), [[1, 1, -1], [1, -2, -1], [1, 1, -1]]
    )


@pytest.mark.parametrize("name", ["kirsch", "robinson", "prewitt_compass"])
def test_a_compass_is_one_kernel_turned_and_takes_the_strongest(name: str) -> None:
    eight = [taps(name, direction=direction) for direction in COMPASS]
    for step in range(8):
        np.testing.assert_array_equal(eight[(step + 2) % 8], np.rot90(eight[step], -1))
    bank = parse_kernel(name).build(2)
    assert bank.combine is Combine.MAX
    np.testing.assert_array_equal([kernel.taps for kernel in bank.kernels], eight)


def fspecial_laplacian(alpha: float) -> Any:
    corner, edge, middle = alpha / 4, (1 - alpha) / 4, -1
    rows = [[corner, edge, corner], [edge, middle, edge], [corner, edge, corner]]
    return [[4 / (alpha + 1) * each for each in row] for row in rows]


@pytest.mark.parametrize("alpha", [0, 0.2, 1 / 3, 0.5, 0.777, 1])
def test_the_laplacian_of_an_alpha_is_matlabs(alpha: float) -> None:
    found = taps("laplacian", alpha=alpha, sign="negative")
    np.testing.assert_allclose(found, fspecial_laplacian(alpha), rtol=1e-14)
    np.testing.assert_array_equal(taps("laplacian", alpha=alpha), -found)


def test_an_alpha_that_is_a_ratio_gives_whole_taps_over_a_divisor() -> None:
    (kernel,) = parse_kernel({"name": "laplacian", "alpha": 0.2}).build(2).kernels
    np.testing.assert_array_equal(kernel.values, [[-1, -4, -1], [-4, 20, -4], [-1, -4, -1]])
    assert kernel.divisor == 6


def test_the_laplacian_of_four_neighbours_is_scikit_images_and_minus_scipys() -> None:
    found = convolved(taps("laplacian", neighbours=4))
    np.testing.assert_allclose(found, inside(skimage.filters.laplace(PICTURE), 3), atol=1e-14)
    expected = inside(scipy.ndimage.laplace(PICTURE), 3)
    negative = convolved(taps("laplacian", neighbours=4, sign="negative"))
    np.testing.assert_allclose(negative, expected, atol=1e-14)


@pytest.mark.parametrize("size", [3, 5, 7, 9])
def test_the_quadratic_laplacian_is_that_of_the_paraboloid_of_least_squares(size: int) -> None:
    half = size // 2
    rows, columns = np.mgrid[-half : half + 1, -half : half + 1]
    terms = np.stack([columns**2 + rows**2, columns, rows, np.ones_like(rows)], axis=-1)
    fitted = np.linalg.pinv(terms.reshape(-1, 4))[0].reshape(size, size)
    found = taps("quadratic_laplacian", size=size, sign="negative")
    np.testing.assert_allclose(found / found[0, 0], fitted / fitted[0, 0], atol=1e-13)
    assert fitted[0, 0] * found[0, 0] > 0
    whole = taps("quadratic_laplacian", size=size)
    assert np.gcd.reduce(whole.astype(int).ravel()) == 1


def fspecial_log(size: int, sigma: float) -> Any:
    middle = (size - 1) / 2
    bell, total = {}, 0.0
    for row in range(size):
        for column in range(size):
            square = (row - middle) ** 2 + (column - middle) ** 2
            bell[row, column] = np.exp(-square / (2 * sigma**2)), square
            total += bell[row, column][0]
    values = np.empty((size, size))
    for place, (height, square) in bell.items():
        values[place] = height / total * (square - 2 * sigma**2) / sigma**4
    return values - values.sum() / size**2


@pytest.mark.parametrize(("size", "sigma"), [(5, 0.5), (9, 1.4), (8, 2.0)])
def test_the_laplacian_of_gaussian_is_matlabs(size: int, sigma: float) -> None:
    found = taps("log", size=size, sigma=sigma, sign="negative")
    np.testing.assert_allclose(found, fspecial_log(size, sigma), atol=1e-15)
    assert found.sum() == pytest.approx(0, abs=1e-15)
    np.testing.assert_array_equal(taps("log", size=size, sigma=sigma), -found)


def test_the_laplacian_of_gaussian_is_nearly_scipys() -> None:
    found = taps("log", sigma=2.5, sign="negative")
    impulse = np.zeros(found.shape)
    impulse[len(found) // 2, len(found) // 2] = 1
    expected = scipy.ndimage.gaussian_laplace(impulse, 2.5)
    np.testing.assert_allclose(found, expected, atol=2e-3 * np.abs(expected).max())


def test_the_integer_masks_are_near_a_laplacian_of_gaussian() -> None:
    for size, sigma in ((5, 0.6), (9, 1.4)):
        mask = taps("integer_log", size=size)
        smooth = taps("log", size=size, sigma=sigma)
        assert mask.sum() == 0
        np.testing.assert_array_equal(mask, mask.T)
        np.testing.assert_array_equal(mask, mask[::-1])
        assert np.corrcoef(mask.ravel(), smooth.ravel())[0, 1] > 0.97
    assert np.count_nonzero(taps("integer_log")) == 13


def test_the_difference_of_gaussians_is_scikit_images() -> None:
    found = taps("dog", size=41, sigma1=1.5, sigma2=3)
    impulse = np.zeros((41, 41))
    impulse[20, 20] = 1
    expected = skimage.filters.difference_of_gaussians(impulse, 1.5, 3, truncate=10)
    np.testing.assert_allclose(found, expected, atol=1e-7)
    np.testing.assert_array_equal(taps("dog", size=41, sigma1=3, sigma2=1.5), -found)
    assert found.sum() == pytest.approx(0, abs=1e-14)
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel({"name": "dog", "sigma1": 2, "sigma2": 2})
    assert refusal.value.faults[0].pointer == "/kernel/sigma2"


@pytest.mark.parametrize(("size", "width"), [(11, 1.0), (40, 4.2)])
def test_the_ricker_wavelet_is_scipys_formula(size: int, width: float) -> None:
    found = taps("ricker", 1, size=size, width=width)
    for index in range(size):
        offset = index - (size - 1) / 2
        height = 2 / (np.sqrt(3 * width) * np.pi**0.25)
        expected = height * (1 - (offset / width) ** 2) * np.exp(-((offset / width) ** 2) / 2)
        assert found[index] == pytest.approx(expected, abs=1e-15)
    np.testing.assert_array_equal(found, taps("ricker", 1, size=size, a=width))


def test_a_ricker_wavelet_of_its_own_size_has_unit_energy_and_no_sum() -> None:
    found = taps("ricker", 1, width=6)
    assert np.square(found).sum() == pytest.approx(1, abs=1e-6)
    assert found.sum() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"name": "log", "sigma": 1e5}, "sigma"),
        ({"name": "dog", "sigma1": 1, "sigma2": 1e5}, "sigma2"),
        ({"name": "dog", "sigma1": 1e5, "sigma2": 1}, "sigma1"),
        ({"name": "ricker", "width": 1e6}, "width"),
        ({"name": "unsharp", "sigma": 1e5}, "sigma"),
    ],
)
def test_what_is_too_wide_is_refused_at_the_width(spec: dict[str, Any], place: str) -> None:
    with pytest.raises(LimitExceeded) as refusal:
        parse_kernel(spec).build(2)
    assert refusal.value.faults[0].pointer == f"/kernel/{place}"
