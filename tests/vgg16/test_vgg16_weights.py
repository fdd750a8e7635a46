"""Where weights come from, and that what is read is exactly what was published or stored."""

import os

import numpy as np
import pytest

from service.errors import WeightsMissing
from service.vgg16.architecture import LAYERS
from service.vgg16.weight_files import WEIGHT_FORMATS
from service.vgg16.weights import (
    SHIPPED_LAYERS,
    WEIGHTS_VARIABLE,
    Origin,
    check_weights,
    open_weights,
)
from tests.vgg16.weight_fixtures import WRITERS, random_parts, write_h5, write_npz

FIRST = LAYERS["block1_conv1"]
DEEP = LAYERS["block3_conv1"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights"


def loaded(path, name):
    weights = open_weights(str(path)).load(LAYERS[name])
    return {"kernel": weights.kernel, "bias": weights.bias}


@pytest.mark.parametrize(
    ("name", "part", "index", "published"),
    [
        ("block1_conv1", "kernel", (0, 0, 0, 0), 0.42947057),
        ("block1_conv1", "kernel", (0, 1, 0, 0), 0.373467),
        ("block1_conv1", "kernel", (1, 0, 0, 0), 0.27476987),
        ("block1_conv1", "kernel", (0, 0, 1, 0), 0.55037946),
        ("block1_conv1", "bias", (0,), 0.73429835),
        ("block1_conv1", "bias", (25,), 0.7446502),
        ("block1_conv2", "kernel", (2, 2, 63, 63), 0.016082443),
        ("block2_conv1", "bias", (1,), 0.06440781),
    ],
)
def test_the_shipped_weights_are_those_that_others_have_published(name, part, index, published):
    weights = open_weights(None).load(LAYERS[name])
    assert getattr(weights, part)[index] == np.float32(published)


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_without_a_file_a_layer_is_shipped_or_the_answer_says_how_to_get_it(layer):
    weights = open_weights(None)
    if layer.name in SHIPPED_LAYERS:
        assert weights.origin(layer) is Origin.SHIPPED
        assert weights.load(layer).kernel.shape == layer.shape
        assert weights.load(layer).bias.shape == (layer.filters,)
        return
    assert weights.origin(layer) is Origin.MISSING
    with pytest.raises(WeightsMissing) as caught:
        weights.load(layer)
    for told in (layer.name, "python -m service.vgg16 fetch", WEIGHTS_VARIABLE, *SHIPPED_LAYERS):
        assert told in caught.value.detail


@pytest.mark.parametrize("name", [*SHIPPED_LAYERS, DEEP.name])
def test_arrays_are_contiguous_float32_and_can_not_be_written_to(path, name):
    write_h5(path, {DEEP.name: random_parts(DEEP.name)})
    for array in loaded(path, name).values():
        assert array.dtype == np.float32
        assert array.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("name", [FIRST.name, DEEP.name])
def test_a_layer_reads_back_exactly_from_every_layout(path, write, name):
    parts = random_parts(name)
    write(path, {name: parts})
    assert check_weights(str(path)) is True
    assert open_weights(str(path)).origin(LAYERS[name]) is Origin.FILE
    for part, array in loaded(path, name).items():
        np.testing.assert_array_equal(array, parts[part], strict=True)


def test_every_format_is_among_the_layouts_tested(path):
    beginnings = []
    for write in WRITERS.values():
        write(path, {FIRST.name: random_parts(FIRST.name)})
        beginnings.append(path.read_bytes()[:16])
    for known in WEIGHT_FORMATS.values():
        assert any(beginning.startswith(known.signature) for beginning in beginnings)


def test_the_format_is_told_by_the_content_and_not_by_the_name(tmp_path):
    path = tmp_path / "weights.h5"
    write_npz(path, {FIRST.name: random_parts(FIRST.name)})
    assert open_weights(str(path)).origin(FIRST) is Origin.FILE


def test_the_file_wins_and_the_shipped_weights_stand_in_for_what_it_lacks(path):
    parts = random_parts("block1_conv2")
    write_npz(path, {"block1_conv2": parts})
    weights = open_weights(str(path))
    assert {name: weights.origin(layer) for name, layer in LAYERS.items()} == {
        name: Origin.FILE
        if name == "block1_conv2"
        else Origin.SHIPPED
        if name in SHIPPED_LAYERS
        else Origin.MISSING
        for name in LAYERS
    }
    np.testing.assert_array_equal(loaded(path, "block1_conv2")["bias"], parts["bias"])
    shipped = open_weights(None).load(FIRST)
    np.testing.assert_array_equal(loaded(path, FIRST.name)["kernel"], shipped.kernel)


def test_a_layer_is_read_once(path):
    write_npz(path, {FIRST.name: random_parts(FIRST.name)})
    weights = open_weights(str(path))
    assert open_weights(str(path)) is weights
    assert weights.load(FIRST) is weights.load(FIRST)


def test_a_file_that_is_replaced_while_serving_is_picked_up(path):
    write_h5(path, {FIRST.name: random_parts(FIRST.name, seed=1)})
    before = path.stat()
    loaded(path, FIRST.name)
    other = path.with_name("other")
    write_h5(other, {FIRST.name: random_parts(FIRST.name, seed=2)})
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert other.stat().st_size == before.st_size
    other.replace(path)
    expected = random_parts(FIRST.name, seed=2)
    np.testing.assert_array_equal(loaded(path, FIRST.name)["kernel"], expected["kernel"])


def test_a_file_may_come_later_and_go_again(path):
    assert check_weights(str(path)) is False
    assert open_weights(str(path)).origin(FIRST) is Origin.SHIPPED
    assert open_weights(str(path)).origin(DEEP) is Origin.MISSING
    write_h5(path, {DEEP.name: random_parts(DEEP.name)})
    assert check_weights(str(path)) is True
    assert open_weights(str(path)).origin(DEEP) is Origin.FILE
    path.unlink()
    assert check_weights(str(path)) is False
    assert open_weights(str(path)).origin(DEEP) is Origin.MISSING


def test_without_a_name_of_a_file_nothing_is_lacking():
    assert check_weights(None) is True
