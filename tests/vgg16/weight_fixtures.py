"""Files of weights in every layout that is read, of as few layers as a test needs."""

from __future__ import annotations

import h5py
import numpy as np

from service.vgg16.architecture import LAYERS
from service.vgg16.layer_weights import part_shapes

OLD_NAMES = {"kernel": "{0}/{0}_W_1:0", "bias": "{0}/{0}_b_1:0"}
NEW_NAMES = {"kernel": "{0}/{0}/kernel:0", "bias": "{0}/{0}/bias:0"}


def random_parts(name, seed=5):
    """A kernel and a bias of the layer's shapes, all of whose values differ."""
    random = np.random.default_rng(seed)
    shapes = part_shapes(LAYERS[name])
    return {part: random.normal(size=shape).astype(np.float32) for part, shape in shapes.items()}


def write_h5(path, layers, names=OLD_NAMES):
    """An HDF5 file of Keras with ``layers``, {name: {part: array}}."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for name, parts in layers.items():
            for part, array in parts.items():
                file[names[part].format(name)] = array


def write_newer_h5(path, layers):
    write_h5(path, layers, NEW_NAMES)


def write_h5_with_top(path, layers):
    write_h5(path, layers)
    with h5py.File(path, "a") as file:
        file.create_group("block1_pool")
        file["fc1/fc1_W_1:0"] = np.ones((7, 5), np.float32)
        file["fc1/fc1_b_1:0"] = np.ones(5, np.float32)


def write_npz(path, layers, save=np.savez):
    with path.open("wb") as file:
        save(
            file,
            **{
                f"{name}.{part}": array
                for name, parts in layers.items()
                for part, array in parts.items()
            },
        )


def write_compressed_npz(path, layers):
    write_npz(path, layers, np.savez_compressed)


def write_fortran_npz(path, layers):
    """As numpy saves an array whose first axis is the fastest."""
    turned = {
        name: {part: np.asfortranarray(array) for part, array in parts.items()}
        for name, parts in layers.items()
    }
    write_npz(path, turned)


WRITERS = {
    "h5": write_h5,
    "newer h5": write_newer_h5,
    "h5 with top": write_h5_with_top,
    "npz": write_npz,
    "compressed npz": write_compressed_npz,
    "fortran npz": write_fortran_npz,
}
