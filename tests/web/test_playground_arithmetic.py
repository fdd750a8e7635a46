"""The numbers that the page works out itself, against scipy and against the API."""

import itertools

import numpy as np
import pytest
import scipy.signal
from PIL import Image

from tests.system.server import ROOT
from tests.web.pictures import noise, upload

pytestmark = pytest.mark.browser

PADDINGS = ("constant", "edge", "reflect", "symmetric", "wrap")
MODES = ("full", "same", "valid")
OPERATIONS = ("convolve", "correlate")
SHAPES = [(1, 1), (2, 3), (3, 4), (5, 2)]

ALL_RESULTS = """async ({ picture, kernel, mode, boundary, fill, operation, shape }) => {
  const { resultAt } = await import("/playground/neighbourhood.js");
  const given = {
    height: picture.length, width: picture[0].length, sample: (i, j) => picture[i][j],
    kernels: [kernel], combine: null, mode, boundary, fill, operation,
  };
  return Array.from({ length: shape[0] }, (_, row) =>
    Array.from({ length: shape[1] }, (_, column) => resultAt({ row, column, ...given }).value));
}"""


def expected_of(picture, kernel, mode, boundary, fill, operation):
    """By scipy, on the picture extended by numpy far enough for the whole kernel."""
    if operation == "correlate":
        kernel = kernel[::-1, ::-1]
    widths = [(k - 1, k - 1) for k in kernel.shape]
    value = {"constant_values": fill} if boundary == "constant" else {}
    extended = np.pad(picture.astype(float), widths, boundary, **value)
    full = scipy.signal.convolve2d(extended, kernel, mode="valid")
    first = [{"full": 0, "same": (k - 1) // 2, "valid": k - 1}[mode] for k in kernel.shape]
    rows, columns = (
        {"full": n + k - 1, "same": n, "valid": n - k + 1}[mode]
        for n, k in zip(picture.shape, kernel.shape, strict=True)
    )
    return full[first[0] : first[0] + rows, first[1] : first[1] + columns]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_one_pixel_is_what_scipy_computes_for_every_mode_and_boundary(playground, shape):
    playground.open()
    picture = noise(6, 7)
    kernel = np.random.default_rng(1).normal(size=shape)
    for mode, boundary, operation in itertools.product(MODES, PADDINGS, OPERATIONS):
        expected = expected_of(picture, kernel, mode, boundary, 9, operation)
        asked = {
            "picture": picture.tolist(),
            "kernel": kernel.tolist(),
            "mode": mode,
            "boundary": boundary,
            "fill": 9,
            "operation": operation,
            "shape": expected.shape,
        }
        np.testing.assert_allclose(playground.run(ALL_RESULTS, asked), expected, atol=1e-9)


CASES = [
    ({"name": "sobel"}, {"boundary": "wrap"}),
    (
        {"name": "kirsch", "direction": "NE"},
        {"mode": "full", "boundary": "constant", "fill_value": 40},
    ),
    ({"name": "gaussian", "size": 6, "sigma": 1.3}, {"mode": "valid"}),
    ({"name": "emboss", "angle": 45}, {"operation": "correlate"}),
    (
        {"name": "custom", "values": [[1, 2, 0], [0, -1, 3]]},
        {"boundary": "edge", "channels": "luma"},
    ),
    ({"name": "kirsch"}, {"channels": "blue", "boundary": "reflect"}),
]


@pytest.mark.parametrize(("kernel", "options"), CASES, ids=lambda each: str(each)[:40])
def test_the_lens_shows_the_sum_that_the_api_answers(playground, kernel, options):
    samples = noise(9, 12, 3)
    playground.open("picture", kernel=kernel, **options)
    playground.page.set_input_files(".source input[type=file]", upload(samples))
    playground.page.wait_for_function(
        "() => document.querySelector('.about').textContent.includes('noise')"
    )
    playground.settle()
    fields = {name: str(value) for name, value in options.items()}
    text = playground.run(
        "async (kernel) => (await import('/playground/kernel_spec.js')).asField(kernel)", kernel
    )
    answer = playground.convolved(upload(samples)["buffer"], kernel=text, scaling="none", **fields)
    expected = np.array(answer["result"])
    rows, columns = expected.shape[:2]
    playground.page.focus(".panes")
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft", "ArrowDown"):
        playground.page.keyboard.press(key)
    place = playground.page.inner_text(".place")
    row, column = rows // 2 - 1, columns // 2 - 1
    assert f"Row {row}, column {column} of" in place
    shown = float(playground.page.get_attribute(".total", "data-value"))
    wanted = expected[row, column] if expected.ndim == 2 else expected[row, column, 0]
    assert shown == pytest.approx(wanted, abs=1e-9)


def test_the_lens_tells_each_colour_of_a_pixel(playground):
    samples = noise(9, 12, 3)
    playground.open("picture", kernel={"name": "identity"})
    playground.page.set_input_files(".source input[type=file]", upload(samples))
    playground.page.wait_for_selector(".lens-text .place >> text=red")
    for index, colour in enumerate(("red", "green", "blue")):
        playground.page.click(f".lens .segments >> text={colour}")
        assert playground.page.inner_text(".total") == str(samples[4, 6, index])


def test_pointing_at_a_pixel_shows_it(playground):
    playground.open("picture", kernel={"name": "identity"})
    box = playground.page.locator(".pane.result canvas").bounding_box()
    x, y = box["x"] + box["width"] * 100.5 / 512, box["y"] + box["height"] * 30.5 / 512
    playground.page.mouse.move(x, y)
    assert "Row 30, column 100" in playground.page.inner_text(".place")
    with Image.open(ROOT / "service/samples/ascent.png") as ascent:
        expected = ascent.getpixel((100, 30))
    assert playground.page.inner_text(".total") == str(expected)
