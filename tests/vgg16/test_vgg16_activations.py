"""A picture through the network, up to a layer."""

import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import WeightsMissing
from service.vgg16.activations import (
    activation_shape,
    activations,
    multiply_adds,
    preprocess,
)
from service.vgg16.architecture import LAYERS, Layer, layers_up_to
from service.vgg16.layer_weights import LayerWeights
from service.vgg16.network import network
from service.vgg16.team import Team
from service.vgg16.weights import SHIPPED_LAYERS, open_weights
from tests.vgg16.network_reference import assert_close, random_weights, reference

# From few channels to many and back, so that both ways to convolve take part.
SMALL_LAYERS = [
    Layer("first", 1, 3, 5),
    Layer("second", 1, 5, 20),
    Layer("third", 2, 20, 18),
    Layer("fourth", 3, 18, 7),
]
MEANS = np.array([123.68, 116.779, 103.939])


def random_rgb(height, width):
    random = np.random.default_rng(height * 1000 + width)
    return random.integers(0, 256, (height, width, 3), np.uint8)


def centred(rgb):
    return (rgb.astype(np.float64) - MEANS)[:, :, ::-1]


def whole(blocks):
    return np.concatenate(list(blocks))


def load_shipped(layer):
    return open_weights(None).load(layer)


def test_preprocessing_gives_blue_green_red_without_their_means():
    rgb = np.array([[[200, 100, 50]]], np.uint8)
    expected = np.float32([[[50 - 103.939, 100 - 116.779, 200 - 123.68]]])
    found = preprocess(rgb)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_array_equal(preprocess(rgb.astype(np.float32)), found)


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_each_block_halves_the_picture(layer):
    height, width = 227, 5
    for _ in range(layer.block - 1):
        height, width = height // 2, width // 2
    assert activation_shape(227, 5, layer) == (height, width)


def test_the_work_is_that_of_every_layer_on_the_way():
    assert multiply_adds(10, 7, LAYERS["block1_conv1"]) == 70 * 27 * 64
    # Then 36 products for each tile of 4x4, the ragged ones at the ends included.
    assert multiply_adds(10, 7, LAYERS["block2_conv1"]) == (
        70 * 27 * 64 + (3 * 2) * 36 * 64 * 64 + (2 * 1) * 36 * 64 * 128
    )


def test_where_tiles_are_whole_the_work_is_a_quarter_but_for_the_first_layer():
    # 15.3 billion are what plain convolution is known to take for 224x224 pixels.
    plain = 15_346_630_656 * 256**2 // 224**2
    first = 256**2 * 27 * 64
    assert multiply_adds(256, 256, LAYERS["block5_conv3"]) == first + (plain - first) // 4


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(4, 45), st.integers(4, 45)),
    block_bytes=st.sampled_from([1, 4096, 20_000, 2**20]),
    threads=st.sampled_from([1, 2]),
    cuts=st.lists(st.integers(0, 45), max_size=3).map(sorted),
)
def test_a_network_gives_the_same_whatever_the_blocks_and_threads(size, block_bytes, threads, cuts):
    picture = centred(random_rgb(*size))
    blocks = np.split(picture.astype(np.float32), [min(cut, size[0]) for cut in cuts])
    with Team(threads) as team:
        shape = (*size, 3)
        found = whole(network(blocks, shape, SMALL_LAYERS, random_weights, team, block_bytes))
    assert_close(found, reference(picture, SMALL_LAYERS, random_weights), 2e-5)


@pytest.mark.parametrize("name", SHIPPED_LAYERS)
@pytest.mark.parametrize("size", [(2, 2), (3, 2), (2, 41), (37, 3), (29, 46)])
def test_shipped_layers_see_what_float64_sees(name, size):
    layer = LAYERS[name]
    rgb = random_rgb(*size)
    expected = reference(centred(rgb), layers_up_to(layer), load_shipped)
    found = list(activations(rgb, layer, load_shipped, block_bytes=4096))
    assert_close(np.concatenate(found), expected, 1e-5)
    assert found[0].shape[1:] == expected.shape[1:]


def test_all_thirteen_layers_stay_within_a_ten_thousandth():
    layer = LAYERS["block5_conv3"]
    rgb = random_rgb(70, 99)
    weights = {each: random_weights(each) for each in LAYERS.values()}
    expected = reference(centred(rgb), layers_up_to(layer), weights.get)
    found = whole(activations(rgb, layer, weights.get))
    assert found.shape == (4, 6, 512)
    assert_close(found, expected, 1e-4)


def test_a_single_pixel_passes_the_first_block():
    layer = LAYERS["block1_conv2"]
    rgb = random_rgb(1, 1)
    expected = reference(centred(rgb), layers_up_to(layer), load_shipped)
    assert_close(whole(activations(rgb, layer, load_shipped)), expected, 1e-5)


@pytest.mark.parametrize("size", [(1, 50), (50, 1), (1, 1)])
def test_a_picture_too_small_to_be_halved_gives_nothing(size):
    assert not list(activations(random_rgb(*size), LAYERS["block2_conv1"], load_shipped))


def test_some_filters_of_the_last_layer_are_computed_alone():
    layer = LAYERS["block1_conv2"]
    chosen = slice(10, 13)

    def load(each):
        weights = load_shipped(each)
        if each != layer:
            return weights
        return LayerWeights(weights.kernel[..., chosen], weights.bias[chosen])

    rgb = random_rgb(12, 9)
    found = whole(activations(rgb, layer, load))
    assert_close(found, whole(activations(rgb, layer, load_shipped))[:, :, chosen], 1e-5)


def test_bytes_floats_and_views_of_a_picture_give_the_same():
    layer = LAYERS["block1_conv1"]
    rgb = random_rgb(9, 14)
    expected = whole(activations(rgb, layer, load_shipped))
    views = (rgb.astype(np.float32), np.ascontiguousarray(rgb[:, :, ::-1])[:, :, ::-1])
    for same in (*views, np.asfortranarray(rgb)):
        np.testing.assert_array_equal(whole(activations(same, layer, load_shipped)), expected)
    gray = np.broadcast_to(rgb[:, :, :1], rgb.shape)
    np.testing.assert_array_equal(
        whole(activations(gray, layer, load_shipped)),
        whole(activations(gray.copy(), layer, load_shipped)),
    )


@pytest.mark.parametrize("name", ["block1_conv1", "block2_conv2"])
def test_blocks_are_contiguous_and_the_callers_own(name):
    rgb = random_rgb(33, 18)
    kept, copies = [], []
    for block in activations(rgb, LAYERS[name], load_shipped, block_bytes=1):
        assert block.dtype == np.float32
        assert block.flags.c_contiguous
        kept.append(block)
        copies.append(block.copy())
    assert len(kept) > 1
    for block, copy in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(block, copy)


def test_memory_does_not_grow_with_the_height_of_a_picture():
    def peak(height):
        rgb = random_rgb(height, 20)
        load_shipped(LAYERS["block2_conv2"])
        tracemalloc.start()
        for _ in activations(rgb, LAYERS["block2_conv2"], load_shipped, block_bytes=2**16):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(4000) < 1.1 * peak(400)


def test_missing_weights_are_told_with_the_first_block():
    with pytest.raises(WeightsMissing):
        next(activations(random_rgb(64, 64), LAYERS["block3_conv1"], load_shipped))


@pytest.mark.parametrize("ended", ["exhausted", "closed"])
def test_threads_end_with_the_work(ended):
    before = threading.active_count()
    blocks = activations(
        random_rgb(60, 60), LAYERS["block1_conv2"], load_shipped, threads=3, block_bytes=1
    )
    next(blocks)
    assert threading.active_count() > before
    if ended == "closed":
        blocks.close()
    else:
        list(blocks)
    assert threading.active_count() == before
