"""VGG16 in float64, tap by tap, to compare with."""

import numpy as np

from service.vgg16.layer_weights import LayerWeights


def random_weights(layer, seed=7):
    """Asymmetric weights that keep the size of what passes, as trained ones do."""
    random = np.random.default_rng([seed, layer.block, layer.channels, layer.filters])
    spread = np.sqrt(2 / (9 * layer.channels))
    return LayerWeights(
        random.normal(scale=spread, size=layer.shape).astype(np.float32),
        random.normal(size=layer.filters).astype(np.float32),
    )


def correlated(picture, weights):
    """(h, w, channels) with a border of zeros -> (h, w, filters), before ReLU."""
    height, width = picture.shape[:2]
    padded = np.pad(picture.astype(np.float64), ((1, 1), (1, 1), (0, 0)))
    kernel = weights.kernel.astype(np.float64)
    total = np.broadcast_to(weights.bias.astype(np.float64), (height, width, len(weights.bias)))
    for row in range(3):
        for column in range(3):
            under = padded[row : row + height, column : column + width]
            total = total + under @ kernel[row, column]
    return total


def halved(maps):
    height, width, channels = maps.shape
    whole = maps[: height // 2 * 2, : width // 2 * 2]
    return whole.reshape(height // 2, 2, width // 2, 2, channels).max(axis=(1, 3))


def reference(picture, layers, load):
    """The output of the last layer for a picture as the first layer takes it."""
    maps, block = picture, layers[0].block
    for layer in layers:
        if layer.block > block:
            maps, block = halved(maps), layer.block
        maps = np.maximum(correlated(maps, load(layer)), 0)
    return maps


def assert_close(actual, expected, tolerance):
    """Within ``tolerance`` of the largest value expected."""
    assert actual.shape == expected.shape
    assert actual.dtype == np.float32
    assert np.abs(actual - expected).max() <= tolerance * np.abs(expected).max()
