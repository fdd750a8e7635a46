"""What VGG16 sees in a picture: the pictures it takes, the maps it gives, how they are drawn."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy.signal import correlate

from service.errors import InvalidRequest, LimitExceeded, NotFound, WeightsMissing
from service.pipelines.activations import activate
from service.vgg16.architecture import LAYERS
from service.vgg16.weights import open_weights
from tests.pipelines.calling import LIMITS, call, png_of, text_of

MEANS_BGR = np.array([103.939, 116.779, 123.68])


def see(picture, layer="block1_conv1", output="npy", limits=None, **options):
    image = picture if isinstance(picture, bytes) else png_of(picture)
    parts = {name: text_of(value) for name, value in options.items()} | {"image": image}
    bounds = replace(LIMITS, **(limits or {}))
    return call(activate, parts, bounds, layer=layer, output=output, weights=None, threads=1)


def first_layer(rgb):
    """block1_conv1 by scipy in float64, of RGB levels up to 255."""
    fed = rgb[:, :, ::-1] - MEANS_BGR
    weights = open_weights(None).load(LAYERS["block1_conv1"])
    kernel, bias = weights.kernel.astype(float), weights.bias.astype(float)
    padded = np.pad(fed, ((1, 1), (1, 1), (0, 0)))
    maps = [
        correlate(padded, kernel[..., f], "valid")[:, :, 0] + bias[f]
        for f in range(kernel.shape[3])
    ]
    return np.maximum(np.stack(maps, axis=2), 0)


def assert_near(got, want):
    assert got.dtype == np.float32
    assert np.abs(got - want).max() <= 1e-4 * np.abs(want).max()


def test_a_picture_goes_through_the_first_layer(draw):
    picture = draw(14, 17, 3)
    assert_near(see(picture).array, first_layer(picture.astype(float)))


def test_gray_is_three_equal_colours(draw):
    picture = draw(14, 17)
    want = first_layer(np.repeat(picture[:, :, np.newaxis], 3, axis=2).astype(float))
    assert_near(see(picture).array, want)


def test_sixteen_bits_are_brought_to_the_range_the_network_knows(draw):
    picture = draw(14, 17, 3, dtype=np.uint16)
    assert_near(see(picture).array, first_layer(picture / 257))


def test_alpha_is_left_out(draw):
    picture = draw(14, 17, 4)
    assert_near(see(picture).array, first_layer(picture[:, :, :3].astype(float)))


def test_a_part_of_the_maps_is_that_part_of_all(draw):
    picture = draw(20, 23, 3)
    whole = see(picture, "block2_conv1").array
    assert whole.shape == (10, 11, 128)
    part = see(picture, "block2_conv1", first=7, count=3).array
    np.testing.assert_allclose(part, whole[:, :, 7:10], rtol=0, atol=1e-5 * whole.max())


def test_options_come_as_fields_or_as_one_object(draw):
    picture = draw(9, 9, 3)
    whole = see(picture, spec={"first": 3, "count": 2}).array
    np.testing.assert_array_equal(whole, see(picture, first=3, count=2).array)


def test_json_names_the_layout(draw):
    picture = draw(5, 6, 3)
    document = see(picture, output="json", count=2, first=1).json
    assert document["layout"] == ["height", "width", "filter"]
    assert document["shape"] == [5, 6, 2]
    want = see(picture, count=2, first=1).array
    np.testing.assert_array_equal(np.array(document["activations"], np.float32), want)


def drawn(values, low, high):
    return np.rint((values - low) / (high - low) * 255)


@pytest.mark.parametrize("scale", ["filter", "layer"])
def test_maps_are_drawn_at_their_own_size_between_extremes(draw, scale):
    picture = draw(12, 10, 3)
    maps = see(picture).array.astype(float)
    grid = see(picture, output="png", first=4, count=3, columns=2, gap=5, scale=scale).picture
    assert grid.shape == (2 * 17 + 5, 2 * 15 + 5)
    for index, (top, left) in enumerate([(5, 5), (5, 20), (22, 5)]):
        plane = maps[:, :, 4 + index]
        source = plane if scale == "filter" else maps
        want = drawn(plane, source.min(), source.max())
        got = grid[top : top + 12, left : left + 10]
        assert np.abs(got - want).max() <= 1


def test_maps_are_shrunk_by_their_means_and_enlarged_by_repetition(draw):
    picture = draw(8, 12, 3)
    plane = see(picture, count=1).array[:, :, 0].astype(float)
    small = see(picture, output="png", count=1, gap=0, cell=6).picture
    means = plane.reshape(4, 2, 6, 2).mean(axis=(1, 3))
    assert np.abs(small - drawn(means, plane.min(), plane.max())).max() <= 1
    large = see(picture, output="png", count=1, gap=0, cell=24).picture
    own = see(picture, output="png", count=1, gap=0).picture
    np.testing.assert_array_equal(large, own.repeat(2, axis=0).repeat(2, axis=1))


def test_a_large_map_is_drawn_at_a_bounded_size(draw):
    grid = see(draw(40, 300, 3), output="png", count=1, gap=0).picture
    assert grid.shape == (34, 256)


def test_an_oriented_picture_is_seen_upright(draw, tmp_path):
    file = tmp_path / "turned.png"
    exif = Image.Exif()
    exif[0x0112] = 6  # the stored top is the right side
    picture = draw(9, 14, 3)
    Image.fromarray(picture).save(file, exif=exif)
    upright = np.rot90(picture, -1)
    assert_near(see(file.read_bytes()).array, first_layer(upright.astype(float)))


def test_a_picture_too_small_for_the_poolings_is_refused(draw):
    with pytest.raises(InvalidRequest, match="2 pixels") as caught:
        see(draw(1, 9, 3), "block2_conv1")
    assert caught.value.faults[0].pointer == "/image"


def test_too_much_work_is_refused_before_it_begins(draw):
    with pytest.raises(LimitExceeded, match="multiply-adds"):
        see(draw(20, 20, 3), "block2_conv2", limits={"max_multiply_adds": 1e6})


def test_more_maps_than_memory_is_for_are_refused(draw):
    with pytest.raises(LimitExceeded, match="fewer") as caught:
        see(draw(20, 20, 3), limits={"max_picture_pixels": 500})
    assert caught.value.faults[0].pointer == "/count"


def test_a_huge_grid_is_refused(draw):
    with pytest.raises(LimitExceeded, match="pixels"):
        see(draw(20, 20, 3), output="png", cell=512)


def test_a_layer_without_weights_is_told_how_to_get_them(draw):
    with pytest.raises(WeightsMissing, match="fetch"):
        see(draw(32, 32, 3), "block3_conv1")


def test_an_unknown_layer_is_not_found(draw):
    with pytest.raises(NotFound):
        see(draw(4, 4, 3), "block9_conv9")


BAD_FIELDS = {
    "first": [64, -1],
    "count": [0, 65],
    "columns": [0],
    "cell": [1],
    "gap": [99],
    "scale": ["own"],
    "transpose": [True],
    "kernel": ["hann"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD_FIELDS.items() for value in values]
)
def test_what_has_no_meaning_is_refused_at_its_name(draw, name, value):
    with pytest.raises(InvalidRequest) as caught:
        see(draw(4, 4, 3), output="png", **{name: value})
    assert [fault.pointer for fault in caught.value.faults] == [f"/{name}"]


def test_an_image_is_required():
    arguments = {"layer": "block1_conv1", "output": "png", "weights": None, "threads": 1}
    with pytest.raises(InvalidRequest) as caught:
        call(activate, {"count": b"1"}, **arguments)
    assert caught.value.faults[0].pointer == "/image"
