"""Each numeric cell and exercise of the notebook, through HTTP, against scipy computed live."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from scipy import signal

SIGNAL = np.repeat([0.0, 1.0, 0.0], 100)
GAUSSIAN = np.outer(signal.windows.gaussian(50, 10), signal.windows.gaussian(50, 10))

# The notebook's kernels in its order: what it computes with, and how it is asked for here.
PICTURE_KERNELS = {
    "vertical edges": ([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]], None),
    "horizontal edges": ([[1, 1, 1], [0, 0, 0], [-1, -1, -1]], None),
    "north-west": ([[-3, 5, 5], [-3, 0, 5], [-3, -3, -3]], None),
    "north-east": ([[-3, -3, -3], [-3, 0, 5], [-3, 5, 5]], None),
    "laplacian": ([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], None),
    "horizontal edges by name": (
        [[1, 1, 1], [0, 0, 0], [-1, -1, -1]],
        {"name": "prewitt", "direction": "y"},
    ),
    "laplacian by name": ([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], "laplacian"),
    "gaussian": (GAUSSIAN, {"name": "gaussian", "size": 50, "sigma": 10, "normalize": "none"}),
}


@pytest.fixture(scope="module")
def ascent(client):
    return client.get("/v1/samples/ascent").raise_for_status().content


@pytest.fixture(scope="module")
def convolve_picture(client):
    def convolved(picture, kernel, **fields):
        """The body of the answer, for the notebook's full mode and zeros beyond the border."""
        form = {"kernel": json.dumps(kernel), "mode": "full", "boundary": "constant", **fields}
        answer = client.post("/v1/images/convolve", files={"image": picture}, data=form)
        assert answer.status_code == 200, answer.text
        return answer.content

    return convolved


def levels(picture):
    return np.asarray(Image.open(io.BytesIO(picture)))


def asked(name):
    values, by_name = PICTURE_KERNELS[name]
    return by_name if by_name is not None else values


def assert_equals_scipy(got, want, kernel):
    if np.issubdtype(np.asarray(kernel).dtype, np.integer):
        np.testing.assert_array_equal(got, want)
    else:
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-9 * np.abs(want).max())


@pytest.mark.parametrize(
    ("window", "kernel"),
    [
        ({"name": "hann", "size": 50}, signal.windows.hann(50)),
        ({"name": "hann", "size": 10}, signal.windows.hann(10)),
        ({"name": "hann", "size": 100}, signal.windows.hann(100)),
        ({"name": "exponential", "size": 50}, signal.windows.exponential(50)),
        ({"name": "flattop", "size": 50}, signal.windows.flattop(50)),
    ],
    ids=lambda each: f"{each['name']} of {each['size']}" if isinstance(each, dict) else "",
)
class TestTheSignal:
    def test_smoothed_by_a_window_is_what_the_notebook_computes(self, client, window, kernel):
        request = {"signal": SIGNAL.tolist(), "kernel": window, "mode": "same"}
        answer = client.post("/v1/signals/convolve", json=request).raise_for_status().json()
        want = signal.convolve(SIGNAL, kernel, mode="same") / sum(kernel)
        assert answer["shape"] == [300]
        np.testing.assert_allclose(answer["result"], want, rtol=0, atol=1e-12)

    def test_is_smoothed_so_without_asking_for_the_mode(self, client, window, kernel):
        request = {"signal": SIGNAL.tolist(), "kernel": window}
        answer = client.post("/v1/signals/convolve", json=request).raise_for_status().json()
        want = signal.convolve(SIGNAL, kernel, mode="same") / sum(kernel)
        np.testing.assert_allclose(answer["result"], want, rtol=0, atol=1e-12)

    def test_has_the_notebooks_window_among_the_kernels(self, client, window, kernel):
        parameters = {"size": window["size"], "normalize": "none"}
        answer = client.get(f"/v1/kernels/{window['name']}", params=parameters)
        values = answer.raise_for_status().json()["values"]
        np.testing.assert_array_equal(values, kernel)


def test_the_sample_is_the_notebooks_picture(ascent):
    pixels = levels(ascent)
    assert (pixels.shape, pixels.dtype, pixels.sum()) == ((512, 512), np.uint8, 22932324)


@pytest.mark.parametrize("name", PICTURE_KERNELS)
def test_the_numbers_of_a_convolved_picture_are_scipys(convolve_picture, ascent, name):
    kernel = np.array(PICTURE_KERNELS[name][0])
    got = np.load(io.BytesIO(convolve_picture(ascent, asked(name), format="npy")))
    want = signal.convolve2d(levels(ascent).astype(float), kernel)
    assert (got.shape, got.dtype) == (want.shape, np.float64)
    assert_equals_scipy(got, want, kernel)


@pytest.mark.parametrize("name", PICTURE_KERNELS)
def test_the_picture_is_the_magnitude_stretched_as_imshow_does(convolve_picture, ascent, name):
    body = convolve_picture(ascent, asked(name), absolute="true", scaling="minmax")
    got = levels(body)
    magnitude = np.abs(signal.convolve2d(levels(ascent).astype(float), PICTURE_KERNELS[name][0]))
    low, high = magnitude.min(), magnitude.max()
    want = (magnitude - low) / (high - low) * 255
    assert (got.shape, got.dtype) == (want.shape, np.uint8)
    assert np.abs(got - want).max() <= 1
    assert (got.min(), got.max()) == (0, 255)


@pytest.mark.parametrize("name", PICTURE_KERNELS)
def test_a_picture_of_ones_own_is_convolved_in_its_red_channel(convolve_picture, name):
    pixels = np.random.default_rng(3).integers(0, 256, (61, 83, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    kernel = np.array(PICTURE_KERNELS[name][0])
    body = convolve_picture(file.getvalue(), asked(name), channels="red", format="npy")
    want = signal.convolve2d(pixels[:, :, 0].astype(float), kernel)
    assert_equals_scipy(np.load(io.BytesIO(body)), want, kernel)


def test_what_kind_of_filters_networks_use(client):
    """The last cell: 8 x 8 filters of the first layer, as ``filters.T`` and imshow show them."""
    asked = {"scale": "filter", "transpose": True, "columns": 8, "cell": 3, "gap": 0}
    drawn = levels(client.get("/v1/vgg16/block1_conv1/filters", params=asked).content)
    answer = client.get("/v1/vgg16/block1_conv1/filters", params={"format": "npy"})
    filters = np.load(io.BytesIO(answer.content))
    for index, f in enumerate(filters.T):
        row, column = divmod(index, 8)
        shown = drawn[3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
        stretched = (f[0] - f[0].min()) / (f[0].max() - f[0].min()) * 255
        assert np.abs(shown - stretched).max() <= 0.51


@pytest.mark.parametrize("kernel", ["hann", "exponential", "flattop"])
@pytest.mark.parametrize("file_type", ["svg", "png"])
def test_the_figure_of_signal_kernel_and_convolution(client, kernel, file_type):
    body = {"signal": SIGNAL.tolist(), "kernel": {"name": kernel, "size": 50}}
    answer = client.post("/v1/signals/convolve", params={"format": file_type}, json=body)
    assert answer.status_code == 200, answer.text
    if file_type == "png":
        assert Image.open(io.BytesIO(answer.content)).size == (960, 720)  # 8 x 6 inches
        return
    for title in ("Original signal", "Kernel = filter response", "Convolved signal"):
        assert title in answer.text
    # A browser that opens it alone must be allowed its looks.
    assert "style-src 'unsafe-inline'" in answer.headers["content-security-policy"]


def test_the_plot_of_the_kernel_alone(client):
    answer = client.get("/v1/kernels/hann", params={"size": 50, "format": "svg"})
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "Frequency response" in answer.text
