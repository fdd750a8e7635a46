"""The layers of VGG16, their filters drawn and as numbers, and filters as kernels."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.signal import correlate2d

from service.errors import (
    InvalidRequest,
    LimitExceeded,
    NotFound,
    WeightsMissing,
    WeightsUnavailable,
)
from service.pipelines.filters import examine_weights, list_layers, show_filter, show_filters
from service.vgg16.architecture import LAYERS
from service.vgg16.weights import open_weights
from tests.pipelines.calling import LIMITS, call, convolve_a_picture, text_of

# Read off the notebook's figure: the 8 x 8 cells of 3 x 3 taps side by side.
NOTEBOOK = Path(__file__).parents[1] / "vgg16" / "notebook_levels.png"


def kernel_of(name):
    return open_weights(None).load(LAYERS[name]).kernel


def show(layer="block1_conv1", output="png", weights=None, **query):
    parts = {key: text_of(value) for key, value in query.items()}
    return call(show_filters, parts, layer=layer, output=output, weights=weights)


def one(index, layer="block1_conv1", **query):
    parts = {key: text_of(value) for key, value in query.items()}
    return call(show_filter, parts, layer=layer, index=str(index), weights=None)


def cells_of(picture, cell=48, gap=8, columns=8):
    """The grid taken apart again: (cells, cell, cell[, 3])."""
    step = cell + gap
    rows = (picture.shape[0] - gap) // step
    return np.array(
        [
            picture[gap + r * step : (r + 1) * step, gap + c * step : (c + 1) * step]
            for r in range(rows)
            for c in range(columns)
        ]
    )


def taps_of(cells):
    """The middle of each of the nine squares of a cell."""
    cell = cells.shape[1]
    middles = [(2 * i + 1) * cell // 6 for i in range(3)]
    return cells[:, middles][:, :, middles]


def stretched(cells, low, high):
    return np.rint((cells - low) / (high - low) * 255)


def test_the_grid_that_the_notebook_draws_is_drawn_cell_for_cell():
    grid = show(scale="filter", transpose=True, columns=8).picture
    drawn = taps_of(cells_of(grid)).astype(int)
    with Image.open(NOTEBOOK) as picture:
        notebook = np.asarray(picture, int).reshape(8, 3, 8, 3).swapaxes(1, 2).reshape(64, 3, 3)
    # matplotlib has 256 bins where we round, and the figure was resampled.
    assert np.abs(drawn - notebook).max() <= 2


def test_the_default_grid_is_the_same_upright():
    upright = taps_of(cells_of(show().picture))
    turned = taps_of(cells_of(show(transpose=True).picture))
    np.testing.assert_array_equal(upright, turned.swapaxes(1, 2))
    assert not np.array_equal(upright, turned)


@pytest.mark.parametrize("layer", ["block1_conv1", "block2_conv2"])
@pytest.mark.parametrize("channel", [0, 2, "mean"])
@pytest.mark.parametrize("scale", ["filter", "layer"])
def test_cells_are_stretched_between_their_own_extremes_or_those_of_the_layer(
    layer, channel, scale
):
    kernel = kernel_of(layer).astype(float)
    plane = kernel.mean(axis=2) if channel == "mean" else kernel[:, :, channel]
    cells = plane.transpose(2, 0, 1)[5:25]
    low, high = kernel.min(), kernel.max()
    if scale == "filter":
        low, high = cells.min(axis=(1, 2)), cells.max(axis=(1, 2))
        low, high = low[:, np.newaxis, np.newaxis], high[:, np.newaxis, np.newaxis]
    picture = show(layer, channel=channel, scale=scale, first=5, count=20, columns=5).picture
    drawn = taps_of(cells_of(picture, columns=5))
    assert np.abs(drawn - stretched(cells, low, high)).max() <= 1


def test_the_first_layer_is_drawn_in_the_colours_it_sees():
    kernel = kernel_of("block1_conv1").astype(float)
    cells = kernel.transpose(3, 0, 1, 2)[..., ::-1]  # fed BGR, drawn RGB
    low, high = cells.min(axis=(1, 2, 3)), cells.max(axis=(1, 2, 3))
    shape = (64, 1, 1, 1)
    drawn = taps_of(cells_of(show(channel="rgb").picture))
    assert np.abs(drawn - stretched(cells, low.reshape(shape), high.reshape(shape))).max() <= 1


def test_a_picture_shows_a_page_unless_a_count_is_given():
    assert show("block2_conv1").picture.shape == (8 * 56 + 8, 8 * 56 + 8)
    assert show("block2_conv1", count=128).picture.shape == (16 * 56 + 8, 8 * 56 + 8)
    assert show("block2_conv1", first=120).picture.shape == (56 + 8, 8 * 56 + 8)


def test_cell_gap_and_columns_set_the_size():
    picture = show(count=10, columns=4, cell=10, gap=3).picture
    assert picture.shape == (3 * 13 + 3, 4 * 13 + 3)


@pytest.mark.parametrize("layer", ["block1_conv1", "block2_conv1"])
def test_arrays_are_the_weights_as_they_are(layer):
    kernel = kernel_of(layer)
    np.testing.assert_array_equal(show(layer, "npy").array, kernel)
    part = show(layer, "npy", first=3, count=4, channel=1).array
    assert part.dtype == np.float32
    np.testing.assert_array_equal(part, kernel[:, :, 1:2, 3:7])


def test_json_names_the_layout_and_reads_back_exactly():
    document = show(output="json", first=2, count=3).json
    assert document["layout"] == ["height", "width", "channel", "filter"]
    assert document["shape"] == [3, 3, 3, 3]
    assert document["colors"] == ["blue", "green", "red"]
    weights = np.array(document["weights"], np.float32)
    np.testing.assert_array_equal(weights, kernel_of("block1_conv1")[..., 2:5])
    bias = open_weights(None).load(LAYERS["block1_conv1"]).bias
    np.testing.assert_array_equal(np.array(document["biases"], np.float32), bias[2:5])
    assert "CC BY 4.0" not in document["attribution"]
    assert "creativecommons.org/licenses/by/4.0" in document["license"]
    assert show(output="json", channel=2, count=1).json["colors"] == ["red"]


def test_the_same_bytes_have_the_same_tag_and_others_another():
    tags = [show(**query).facts["etag"] for query in ({}, {}, {"gap": 9}, {"first": 1})]
    assert tags[0] == tags[1]
    assert len(set(tags)) == 3


@pytest.mark.parametrize("channel", [0, 1, 2, "mean"])
def test_a_filter_posted_as_it_is_convolves_a_picture_as_the_network_does(draw, channel):
    kernel = one(17, channel=channel).json
    plane = draw(12, 13)
    result = convolve_a_picture(plane, output="npy", kernel=kernel, boundary="constant").array
    weights = kernel_of("block1_conv1").astype(float)[..., 17]
    taps = weights.mean(axis=2) if channel == "mean" else weights[:, :, channel]
    want = correlate2d(plane.astype(float), taps, "same")
    np.testing.assert_allclose(result, want, atol=1e-12 * np.abs(want).max())


def test_every_layer_is_listed_with_where_its_weights_are():
    document = call(list_layers, {}, weights=None).json
    assert [each["name"] for each in document["layers"]] == list(LAYERS)
    where = [each["weights"] for each in document["layers"]]
    assert where == ["shipped"] * 4 + ["missing"] * 9
    assert document["license"]["name"] == "CC BY 4.0"
    assert "Oxford" in document["attribution"]


def test_an_unknown_layer_is_told_the_thirteen_there_are():
    with pytest.raises(NotFound) as caught:
        show("block1_conv3")
    assert all(name in caught.value.detail for name in LAYERS)


def test_a_layer_without_weights_is_told_how_to_get_them():
    with pytest.raises(WeightsMissing, match="fetch"):
        show("block3_conv1")
    with pytest.raises(WeightsMissing, match="CONVOLUTION_VGG16_WEIGHTS"):
        one(0, "block5_conv3")


def test_a_damaged_file_makes_every_layer_unavailable(tmp_path):
    file = tmp_path / "weights.h5"
    file.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(1000))
    with pytest.raises(WeightsUnavailable):
        show(weights=str(file))
    with pytest.raises(WeightsUnavailable):
        call(list_layers, {}, weights=str(file))
    with pytest.raises(WeightsUnavailable):
        call(examine_weights, {}, weights=str(file))


def test_a_file_that_is_not_there_yet_leaves_what_ships(tmp_path):
    absent = str(tmp_path / "later.h5")
    assert call(examine_weights, {}, weights=absent).facts == {"found": False}
    assert show(weights=absent).body == show().body


def test_what_ships_is_sound():
    assert call(examine_weights, {}, weights=None).facts == {"found": True}


BAD_QUERIES = {
    "first": [-1, 64, 1.5, "x", True, "9" * 400],
    "count": [0, -1, 65, 0.5, "all"],
    "columns": [0, 65, "8x"],
    "cell": [2, 513, 48.5],
    "gap": [-1, 65],
    "scale": ["none", 1, "FILTER"],
    "transpose": ["maybe", 2],
    "channel": [-1, 3, "red", True, 0.0, [0], {"a": 1}],
    "kolumns": [1],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD_QUERIES.items() for value in values]
)
def test_what_has_no_meaning_is_refused_at_its_name(name, value):
    with pytest.raises(InvalidRequest) as caught:
        show(**{name: value})
    assert [fault.pointer for fault in caught.value.faults] == [f"/{name}"]


@pytest.mark.parametrize("index", ["64", "-1", "1.0", "x", "", "٣", "1" * 5000, "0x1"])
def test_a_filter_that_is_not_there_is_refused(index):
    with pytest.raises(InvalidRequest) as caught:
        one(index)
    assert [fault.pointer for fault in caught.value.faults] == ["/index"]


@pytest.mark.parametrize("channel", [3, -1, "rgb", True, 1.0])
def test_a_kernel_has_one_channel_or_the_mean_of_all(channel):
    with pytest.raises(InvalidRequest) as caught:
        one(0, channel=channel)
    assert [fault.pointer for fault in caught.value.faults] == ["/channel"]


def test_colours_are_for_the_first_layer():
    with pytest.raises(InvalidRequest, match="first layer"):
        show("block1_conv2", channel="rgb")


@pytest.mark.parametrize("output", ["npy", "json"])
@pytest.mark.parametrize(
    ("name", "value"),
    [("columns", 8), ("scale", "layer"), ("cell", 48), ("gap", 0), ("transpose", False)],
)
def test_how_to_draw_can_not_be_said_of_numbers(output, name, value):
    with pytest.raises(InvalidRequest, match="draw") as caught:
        show(output=output, **{name: value})
    assert [fault.pointer for fault in caught.value.faults] == [f"/{name}"]
    with pytest.raises(InvalidRequest):
        show(output=output, channel="mean")


def test_no_query_makes_a_huge_picture():
    with pytest.raises(LimitExceeded, match="pixels"):
        show("block2_conv1", count=128, cell=512, gap=64)


def test_json_is_written_for_so_many_numbers():
    limits = {"max_signal_samples": 26}
    parts = {"count": b"1"}
    arguments = {"layer": "block1_conv1", "output": "json", "weights": None}
    with pytest.raises(LimitExceeded):
        call(show_filters, parts, LIMITS.__class__(**{**vars(LIMITS), **limits}), **arguments)
