"""8-bit results are the exact sums, rounded half to even, but for one pixel in ten thousand."""

from __future__ import annotations

from importlib.resources import files
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from scipy.signal import convolve2d

from service.kernels.parsing import parse_kernel
from tests.pipelines.calling import convolve_a_picture

KERNELS = (
    *({"name": "gaussian", "size": size, "sigma": size / 5} for size in (5, 8, 24)),
    *({"name": "box", "size": size} for size in (3, 4, 7, 24)),
    {"name": "binomial", "order": 8},
    {"name": "triang", "size": 12},
    "hann",
    "disk",
    "motion_blur",
    "unsharp",
    [[0.1] * 3] * 3,
    [[0.1, 0.2], [0.3, 0.4]],
)
# What float64 leaves of an exact half in the reference, it is taken for again.
DIGITS = 9


def ascent():
    with Image.open(BytesIO((files("service") / "samples/ascent.png").read_bytes())) as picture:
        return np.asarray(picture)[:301, :300]


PICTURES = {
    "photograph": ascent,
    "noise": lambda: np.random.default_rng(0).integers(0, 256, (301, 300), np.uint8),
    "ramp": lambda: np.tile(np.arange(256, dtype=np.uint8).repeat(2), (200, 1)),
}


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
@pytest.mark.parametrize("name", PICTURES)
def test_a_level_is_off_in_less_than_one_pixel_of_ten_thousand_and_by_one(name, kernel):
    picture = PICTURES[name]()
    taps = parse_kernel(kernel).build(2).kernels[0].taps
    widths = [(k - 1 - (k - 1) // 2, (k - 1) // 2) for k in taps.shape]
    bordered = np.pad(picture.astype(np.float64), widths, mode="symmetric")
    exact = np.round(convolve2d(bordered, taps, "valid"), DIGITS)
    wanted = np.clip(np.rint(exact), 0, 255)
    off = np.abs(convolve_a_picture(picture, kernel=kernel).picture - wanted)
    assert off.max() <= 1
    assert np.count_nonzero(off) <= 1e-4 * off.size
