"""Filters picked out of a layer's weights."""

import numpy as np
import pytest
from scipy.signal import convolve2d, correlate2d

from service.vgg16.architecture import LAYERS, layers_up_to
from service.vgg16.filters import convolution_taps, filter_cells

KERNEL = np.random.default_rng(5).normal(size=(3, 3, 3, 7)).astype(np.float32)


def test_there_are_thirteen_layers_in_five_blocks():
    assert len(LAYERS) == 13
    assert [layer.filters for layer in LAYERS.values()] == [64] * 2 + [128] * 2 + [256] * 3 + [
        512
    ] * 6
    channels = [layer.channels for layer in LAYERS.values()]
    assert channels == [3, *(layer.filters for layer in LAYERS.values())][:-1]
    assert [layer.block for layer in LAYERS.values()] == [1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5]


def test_the_way_to_a_layer_ends_with_it():
    names = [layer.name for layer in layers_up_to(LAYERS["block2_conv1"])]
    assert names == ["block1_conv1", "block1_conv2", "block2_conv1"]


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_a_cell_holds_one_channel_of_one_filter(channel):
    cells = filter_cells(KERNEL, channel)
    assert cells.shape == (7, 3, 3, 1)
    np.testing.assert_array_equal(cells[4, :, :, 0], KERNEL[:, :, channel, 4])


def test_transposed_cells_are_those_of_the_notebook():
    cells = filter_cells(KERNEL, 0, transpose=True)
    for cell, drawn in zip(cells, KERNEL.T, strict=True):
        np.testing.assert_array_equal(cell[:, :, 0], drawn[0])


def test_a_mean_cell_is_the_mean_over_the_channels():
    cells = filter_cells(KERNEL, "mean")
    np.testing.assert_allclose(cells[2, 0, 1, 0], np.mean([float(x) for x in KERNEL[0, 1, :, 2]]))


def test_colour_cells_are_red_green_blue_though_the_network_sees_blue_first():
    cells = filter_cells(KERNEL, "rgb")
    assert cells.shape == (7, 3, 3, 3)
    np.testing.assert_array_equal(cells[3, 1, 2], KERNEL[1, 2, ::-1, 3])


@pytest.mark.parametrize("channel", [1, "mean"])
def test_convolving_with_the_taps_is_what_the_network_does(channel):
    plane = np.random.default_rng(6).normal(size=(8, 9))
    exact = KERNEL.astype(np.float64)
    kernel = exact[:, :, channel, 5] if channel == 1 else exact[..., 5].mean(axis=2)
    np.testing.assert_allclose(
        convolve2d(plane, convolution_taps(KERNEL, 5, channel), "same"),
        correlate2d(plane, kernel, "same"),
        rtol=1e-13,
        atol=1e-13,
    )
