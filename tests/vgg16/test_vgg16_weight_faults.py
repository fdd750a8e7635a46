"""Files of weights that are damaged, wrong or hostile: one sentence each, and no memory spent."""

import io
import os
import tracemalloc
import zipfile

import h5py
import numpy as np
import pytest
from numpy.lib import format as npy_format

from service.errors import WeightsUnavailable
from service.vgg16 import weights as weights_module
from service.vgg16.architecture import LAYERS
from service.vgg16.weights import check_weights, open_weights
from tests.vgg16.weight_fixtures import (
    OLD_NAMES,
    WRITERS,
    random_parts,
    write_h5,
    write_npz,
)

LAYER = LAYERS["block1_conv2"]
MEGABYTE = 1_000_000
KERNEL = OLD_NAMES["kernel"].format(LAYER.name)
BIAS = OLD_NAMES["bias"].format(LAYER.name)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights"


@pytest.fixture
def parts():
    return random_parts(LAYER.name)


def refusal(path):
    """The sentence with which both the check and the loading refuse what is at ``path``."""
    with pytest.raises(WeightsUnavailable) as checked:
        check_weights(str(path))
    with pytest.raises(WeightsUnavailable) as loaded:
        open_weights(str(path)).load(LAYER)
    details = {checked.value.detail, loaded.value.detail}
    assert len(details) == 1
    (detail,) = details
    assert str(path.parent) not in detail
    return detail


def as_type(dtype):
    return lambda array: array.astype(dtype)


def with_value(value):
    def changed(array):
        array = array.copy()
        array.flat[7] = value
        return array

    return changed


WRONG_ARRAYS = {
    "float64": (as_type("<f8"), "little-endian float32"),
    "float16": (as_type("<f2"), "little-endian float32"),
    "big-endian float32": (as_type(">f4"), "little-endian float32"),
    "integers": (as_type("<i4"), "little-endian float32"),
    "text": (as_type("S4"), "little-endian float32"),
    "one too few": (lambda array: array[..., :-1], "of shape"),
    "one axis more": (lambda array: array[None], "of shape"),
    "flat": (lambda array: array.reshape(1, -1), "of shape"),
    "nan": (with_value(np.nan), "not finite"),
    "infinite": (with_value(-np.inf), "not finite"),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("part", ["kernel", "bias"])
@pytest.mark.parametrize(("change", "told"), WRONG_ARRAYS.values(), ids=WRONG_ARRAYS)
def test_an_array_of_a_wrong_shape_type_or_value_is_refused(path, parts, write, part, change, told):
    write(path, {LAYER.name: {**parts, part: change(parts[part])}})
    detail = refusal(path)
    assert f"the {part} of {LAYER.name}" in detail
    assert told in detail


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("part", ["kernel", "bias"])
def test_a_layer_without_its_kernel_or_its_bias_is_refused(path, parts, write, part):
    del parts[part]
    write(path, {LAYER.name: parts})
    assert part in refusal(path)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_file_without_any_layer_of_vgg16_is_refused(path, parts, write):
    write(path, {"conv2d_1": parts})
    assert "none of the layers" in refusal(path)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("kept", [9, 50, 1000, 100_000, -1])
def test_a_file_that_is_cut_short_is_refused(path, parts, write, kept):
    write(path, {LAYER.name: parts})
    path.write_bytes(path.read_bytes()[:kept])
    assert "damaged or cut short" in refusal(path)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_whatever_bytes_are_damaged_it_is_read_or_refused_but_never_crashes(path, write):
    write(path, {"block1_conv1": random_parts("block1_conv1")})
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    random = np.random.default_rng(3)
    refused = 0
    for _ in range(150):
        damaged = whole.copy()
        damaged[random.choice(np.flatnonzero(whole), 12)] = random.integers(0, 256, 12)
        path.write_bytes(damaged.tobytes())
        try:
            open_weights(str(path)).load(LAYERS["block1_conv1"])
        except WeightsUnavailable:
            refused += 1
    assert refused


@pytest.mark.parametrize("content", [b"", b"\x89", b"PK", b"\x93NUMPY\x01\x00", b"GIF89a" * 50])
def test_a_file_of_another_format_is_refused(path, content):
    path.write_bytes(content)
    assert "HDF5 as Keras writes it, or .npz" in refusal(path)


def make_folder(path):
    path.mkdir()


def make_pipe(path):
    os.mkfifo(path)


@pytest.mark.parametrize("make", [make_folder, make_pipe])
def test_what_is_no_file_is_refused_and_not_waited_for(path, make):
    make(path)
    assert "can't be read as a file" in refusal(path)


def test_a_path_through_a_file_is_refused(path):
    path.write_bytes(b"")
    assert "can't be read as a file" in refusal(path / "weights.h5")


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_file_that_is_gone_when_a_layer_is_asked_for_is_told(path, parts, write):
    write(path, {LAYER.name: parts})
    weights = open_weights(str(path))
    path.unlink()
    with pytest.raises(WeightsUnavailable, match="can't be read as a file"):
        weights.load(LAYER)


def test_shipped_weights_that_were_changed_are_refused(monkeypatch):
    monkeypatch.setattr(weights_module, "_SHIPPED_SHA256", "0" * 64)
    open_weights("nowhere")  # so that weights which were loaded before are not what is kept
    with pytest.raises(WeightsUnavailable, match="ship with the service"):
        open_weights(None).load(LAYER)
    with pytest.raises(WeightsUnavailable, match="ship with the service"):
        check_weights(None)


# HDF5


def soft_link(file, elsewhere, parts):
    file["hidden"] = parts["kernel"]
    file[KERNEL] = h5py.SoftLink("/hidden")


def external_link(file, elsewhere, parts):
    file[KERNEL] = h5py.ExternalLink(elsewhere.name, KERNEL)


def external_storage(file, elsewhere, parts):
    file.create_dataset(
        KERNEL, LAYER.shape, "<f4", external=[(str(elsewhere), 0, parts["kernel"].nbytes)]
    )


def virtual(file, elsewhere, parts):
    layout = h5py.VirtualLayout(LAYER.shape, "<f4")
    layout[...] = h5py.VirtualSource(str(elsewhere), KERNEL, LAYER.shape, "<f4")
    file.create_virtual_dataset(KERNEL, layout)


def compressed(file, elsewhere, parts):
    file.create_dataset(KERNEL, data=parts["kernel"], compression="gzip")


def chunked(file, elsewhere, parts):
    file.create_dataset(KERNEL, data=parts["kernel"], chunks=LAYER.shape)


def never_written(file, elsewhere, parts):
    file.create_dataset(KERNEL, LAYER.shape, "<f4")


def without_values(file, elsewhere, parts):
    file[KERNEL] = h5py.Empty("<f4")


def twice(file, elsewhere, parts):
    file[KERNEL] = parts["kernel"]
    file[f"{LAYER.name}/again/kernel:0"] = parts["kernel"]


def a_group(file, elsewhere, parts):
    file.create_group(KERNEL)


HOSTILE_KERNELS = {
    soft_link: "must have one kernel",
    external_link: "must have one kernel",
    external_storage: "in the file itself",
    virtual: "in the file itself",
    compressed: "uncompressed",
    chunked: "in one piece",
    never_written: "never written",
    without_values: "of shape",
    twice: "must have one kernel",
    a_group: "must have one kernel",
}


@pytest.mark.parametrize(
    ("store", "told"), HOSTILE_KERNELS.items(), ids=lambda case: getattr(case, "__name__", "")
)
def test_a_kernel_that_is_not_plainly_in_the_file_is_refused(path, parts, store, told):
    elsewhere = path.with_name("elsewhere")
    write_h5(elsewhere, {LAYER.name: parts})
    with h5py.File(path, "w") as file:
        file[BIAS] = parts["bias"]
        store(file, elsewhere, parts)
    assert told in refusal(path)


@pytest.mark.parametrize(
    "link", [h5py.SoftLink("/hidden"), h5py.ExternalLink("elsewhere", "/block1_conv2")]
)
def test_a_layer_that_is_a_link_is_refused(path, parts, link):
    write_h5(path.with_name("elsewhere"), {LAYER.name: parts})
    write_h5(path, {"hidden": parts})
    with h5py.File(path, "a") as file:
        file[LAYER.name] = link
    assert "not a link" in refusal(path)


def test_a_layer_that_is_no_group_is_refused(path):
    with h5py.File(path, "w") as file:
        file[LAYER.name] = np.ones(3)
    assert "must be a group" in refusal(path)


def test_groups_that_hold_each_other_are_walked_once(path, parts):
    write_h5(path, {LAYER.name: parts})
    with h5py.File(path, "a") as file:
        file[f"{LAYER.name}/round"] = file[LAYER.name]
        file[f"{LAYER.name}/up"] = file["/"]
    np.testing.assert_array_equal(open_weights(str(path)).load(LAYER).kernel, parts["kernel"])


# npz


def npy(array):
    file = io.BytesIO()
    npy_format.write_array(file, array)
    return file.getvalue()


def header_of(shape, dtype="<f4"):
    file = io.BytesIO()
    description = {"descr": dtype, "fortran_order": False, "shape": shape}
    npy_format.write_array_header_1_0(file, description)
    return file.getvalue()


def header(text):
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def pickled():
    file = io.BytesIO()
    npy_format.write_array(file, np.array([print, {}], dtype=object), allow_pickle=True)
    return file.getvalue()


HOSTILE_MEMBERS = {
    "a header that claims terabytes": header_of((3, 3, 64, 10**10)),
    "a header of negative sizes": header_of((3, 3, -64, -64)),
    "nothing": b"",
    "no npy": b"weights" * 40,
    "another version of npy": b"\x93NUMPY\x09\x00" + bytes(200),
    "a longer header than any": b"\x93NUMPY\x02\x00" + bytes([255] * 4) + bytes(MEGABYTE),
    "a header and no values": header_of(LAYER.shape),
    "a value too few": header_of(LAYER.shape) + bytes(4 * 9 * 64 * 64 - 4),
    "a value too many": header_of(LAYER.shape) + bytes(4 * 9 * 64 * 64 + 4),
    "pickled objects": pickled(),
    "a header that is no literal": header(b"__import__('os').abort()"),
    "a header that nests": header(b"(" * 5000),
    "a header that is cut": header(b"{'descr': '<f4', "),
    "a header that is no dictionary": header(b"(3, 3, 64, 64)"),
    "a header of wrong keys": header(b"{'descr': '<f4', 'shape': (3, 3, 64, 64)}"),
    "a header of unhashable keys": header(b"{[]: 1}"),
    "a header that numpy warns of": header(
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 3L, 64L, 64L)}"
    ),
}


def write_archive(path, parts, kernel, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        archive.writestr(f"{LAYER.name}.bias.npy", npy(parts["bias"]))
        archive.writestr(f"{LAYER.name}.kernel.npy", kernel)


@pytest.mark.parametrize("kernel", HOSTILE_MEMBERS.values(), ids=HOSTILE_MEMBERS)
def test_a_member_that_is_not_the_array_it_must_be_is_refused(path, parts, kernel):
    write_archive(path, parts, kernel)
    assert refusal(path)


def test_a_later_version_of_npy_is_refused_by_its_number(path, parts):
    file = io.BytesIO()
    npy_format.write_array(file, parts["kernel"], version=(2, 0))
    write_archive(path, parts, file.getvalue())
    assert "version 1.0" in refusal(path)


def test_a_bomb_is_refused_before_it_unpacks(path, parts):
    bomb = npy(parts["kernel"]) + bytes(200 * MEGABYTE)
    write_archive(path, parts, bomb, compression=zipfile.ZIP_DEFLATED)
    del bomb
    tracemalloc.start()
    try:
        assert "not as long as it must be" in refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 20 * MEGABYTE
    finally:
        tracemalloc.stop()


def test_a_damaged_value_is_found_by_its_checksum(path, parts):
    write_npz(path, {LAYER.name: parts})
    data = bytearray(path.read_bytes())
    data[data.index(parts["kernel"].tobytes()) + 1000] ^= 1
    path.write_bytes(data)
    assert "damaged" in refusal(path)


def test_an_encrypted_member_is_refused(path, parts):
    write_npz(path, {LAYER.name: parts})
    data = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(signature)
        while start >= 0:
            data[start + flags] |= 1
            start = data.find(signature, start + 1)
    path.write_bytes(data)
    assert "damaged" in refusal(path)
