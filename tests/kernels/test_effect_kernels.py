"""Effects and ready-made blurs against Pillow, scikit-image and MATLAB's formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.signal
import skimage.filters
from PIL import Image, ImageFilter

from service.errors import InvalidRequest
from service.kernels.parsing import parse_kernel

LEVELS = np.random.default_rng(8).integers(0, 256, (16, 18), dtype=np.uint8)

PILLOW: dict[str, Any] = {
    "BLUR": "frame",
    "CONTOUR": {"name": "outline", "bias": 255},
    "DETAIL": {"name": "sharpen", "amount": 1 / 6},
    "EDGE_ENHANCE": "edge_enhance",
    "EDGE_ENHANCE_MORE": {"name": "edge_enhance", "strength": 1},
    "EMBOSS": {"name": "custom", "values": [[0, 0, -1], [0, 1, 0], [0, 0, 0]], "bias": 128},
    "FIND_EDGES": "outline",
    "SHARPEN": {"name": "sharpen", "neighbours": 8, "amount": 0.125},
    "SMOOTH": "smooth",
    "SMOOTH_MORE": {"name": "smooth", "size": 5},
}


def taps(name: str, **parameters: Any) -> Any:
    (kernel,) = parse_kernel({"name": name, **parameters}).build(2).kernels
    return kernel.taps


def test_every_kernel_of_pillow_has_its_equal() -> None:
    theirs = {
        name
        for name, each in vars(ImageFilter).items()
        if isinstance(each, type)
        and issubclass(each, ImageFilter.BuiltinFilter)
        and hasattr(each, "filterargs")
    }
    assert theirs == set(PILLOW)


@pytest.mark.parametrize("name", PILLOW)
def test_a_kernel_of_pillow_gives_pillows_picture_but_for_its_halves(name: str) -> None:
    (kernel,) = parse_kernel(PILLOW[name]).build(2).kernels
    filtered = Image.fromarray(LEVELS).filter(getattr(ImageFilter, name))
    margin = len(kernel.values) // 2
    theirs = np.asarray(filtered)[margin:-margin, margin:-margin]
    np.testing.assert_array_equal(kernel.values, np.rint(kernel.values))
    sums = scipy.signal.convolve2d(LEVELS.astype(int), kernel.values.astype(int), mode="valid")
    ours = np.clip(sums / kernel.divisor + kernel.bias, 0, 255)
    # Halves go up or down in Pillow, which computes in float32; anything else is one level.
    assert np.abs(theirs - ours).max() <= 0.5
    assert np.abs(ours - ours.mean()).max() > 1


@pytest.mark.parametrize("alpha", [0, 0.2, 0.5, 1])
def test_sharpening_by_an_alpha_is_matlabs_unsharp(alpha: float) -> None:
    corner, edge, middle = -alpha, alpha - 1, alpha + 5
    rows = [[corner, edge, corner], [edge, middle, edge], [corner, edge, corner]]
    expected = [[each / (alpha + 1) for each in row] for row in rows]
    np.testing.assert_allclose(taps("sharpen", alpha=alpha), expected, rtol=1e-15, atol=1e-16)


@pytest.mark.parametrize("amount", [0.1, 0.3, 0.7, 1 / 3, 2.5])
def test_sharpening_by_a_ratio_has_whole_taps_over_a_divisor(amount: float) -> None:
    for neighbours in (4, 8):
        spec = {"name": "sharpen", "neighbours": neighbours, "amount": amount}
        (kernel,) = parse_kernel(spec).build(2).kernels
        np.testing.assert_array_equal(kernel.values, np.rint(kernel.values))
        assert kernel.values.sum() == kernel.divisor


def test_the_unsharp_mask_is_scikit_images() -> None:
    picture = np.random.default_rng(1).random((40, 41))
    kernel = taps("unsharp", sigma=1.5, amount=0.8)
    found = scipy.signal.convolve2d(picture, kernel, mode="valid")
    margin = len(kernel) // 2
    expected = skimage.filters.unsharp_mask(picture, radius=1.5, amount=0.8, preserve_range=True)
    np.testing.assert_allclose(found, expected[margin:-margin, margin:-margin], atol=1e-12)
    assert kernel.sum() == pytest.approx(1, abs=1e-14)


def test_the_unsharp_mask_has_a_middle() -> None:
    assert taps("unsharp", size=5).shape == (5, 5)
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel({"name": "unsharp", "size": 4})
    assert refusal.value.faults[0].pointer == "/kernel/size"


ANGLES = {
    0: (0, 1),
    45: (-1, 1),
    90: (-1, 0),
    135: (-1, -1),
    180: (0, -1),
    225: (1, -1),
    270: (1, 0),
    315: (1, 1),
    360: (0, 1),
}


@pytest.mark.parametrize("angle", ANGLES)
def test_emboss_is_brighter_where_brightness_grows_along_its_angle(angle: int) -> None:
    rows, columns = np.mgrid[:9, :9]
    down, right = ANGLES[angle]
    ramp = down * rows + right * columns
    relief = scipy.signal.convolve2d(ramp, taps("emboss", angle=angle), mode="valid")
    across = right * rows - down * columns
    level = scipy.signal.convolve2d(across, taps("emboss", angle=angle), mode="valid")
    assert (relief > ramp[1:-1, 1:-1]).all()
    np.testing.assert_array_equal(level, across[1:-1, 1:-1])


def test_embossing_deeper_adds_more_of_the_gradient() -> None:
    flat = taps("emboss", depth=0)
    np.testing.assert_array_equal(flat, [[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    np.testing.assert_allclose(
        taps("emboss", angle=90, depth=2.5) - flat, [[-2.5, -5, -2.5], [0, 0, 0], [2.5, 5, 2.5]]
    )


@pytest.mark.parametrize("size", [1, 3, 7])
def test_the_frame_averages_the_rim_alone(size: int) -> None:
    frame = taps("frame", size=size)
    rim = max(4 * (size - 1), 1)
    assert np.count_nonzero(frame) == rim
    assert not frame[1:-1, 1:-1].any()
    np.testing.assert_array_equal(frame[frame > 0], 1 / rim)
