"""A picture is what it promises to be."""

import numpy as np
import pytest

from service.formats.picture import SAMPLE_TYPES, Picture


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", sorted(SAMPLE_TYPES, key=str), ids=str)
def test_colour_and_alpha_are_views_of_the_samples(channels, dtype):
    samples = np.arange(6 * channels).reshape(2, 3, channels).astype(dtype)
    picture = Picture(samples)
    assert (picture.height, picture.width, picture.channels) == (2, 3, channels)
    assert picture.has_alpha == (channels % 2 == 0)
    np.testing.assert_array_equal(picture.color, samples[:, :, : 1 if channels < 3 else 3])
    assert np.shares_memory(picture.color, samples)
    if picture.has_alpha:
        np.testing.assert_array_equal(picture.alpha[:, :, 0], samples[:, :, channels - 1])
        assert np.shares_memory(picture.alpha, samples)
    else:
        assert picture.alpha is None
    assert picture.maximum == (65535 if dtype == np.uint16 else 255)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 5), np.uint8),
        np.zeros((4, 0, 3), np.uint8),
        np.zeros((4, 4, 3), np.float16),
        np.zeros((4, 4, 3), bool),
        np.zeros((4, 4, 3), ">u2"),
        np.zeros((4, 4, 3), np.uint8)[:, ::-1],
    ],
)
def test_samples_of_another_shape_type_or_layout_are_refused(samples):
    with pytest.raises(ValueError, match="samples are"):
        Picture(samples)
