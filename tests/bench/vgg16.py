"""VGG16's feature maps beside PyTorch's, and their memory.

Each measurement has a process of its own, set up as a worker is: BLAS keeps to one thread, so
that ours share the work. PyTorch is told both ways: in its usual layout, and in
channels-last, which is faster here.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from service.vgg16.activations import activations, preprocess
from service.vgg16.architecture import LAYERS, Layer, layers_up_to
from service.vgg16.layer_weights import LayerWeights
from tests.bench.apart import in_process
from tests.bench.measure import compare
from tests.bench.peak_memory import growth_mebibytes
from tests.bench.tables import Chart, Section, Table, comparison
from tests.vgg16.network_reference import random_weights

LAYER_NAMES = ("block1_conv1", "block1_conv2", "block2_conv2", "block5_conv3")
SIDE = 224
MEMORY_CASES = ((224, 224), (1500, 2000))
MEMORY_LAYER = "block1_conv2"
MISSING = {"PyTorch": "it is not installed; `python -m pip install torch` gets it"}

Picture = NDArray[np.uint8]
Run = Callable[[], list[NDArray[np.float32]]]
"""Computes a layer's output, in blocks of rows."""


def section(*, quick: bool = False) -> Section:
    """Speed for one thread and for all, and memory for one."""
    cases = {
        f"{name}, threads: {threads}": in_process(speed, name, threads, 3 if quick else 7)
        for threads in sorted({1, os.cpu_count() or 1})
        for name in LAYER_NAMES
    }
    tables = [comparison(f"A picture of {SIDE}x{SIDE}", cases)]
    if not quick:
        rows = [in_process(memory, *shape) for shape in MEMORY_CASES]
        tables.append(Table(f"Memory for {MEMORY_LAYER}, one thread", ["picture", "MiB"], rows))
    return Section(
        "VGG16's feature maps",
        tables,
        missing={} if has_torch() else MISSING,
        charts=[chart(cases)] if has_torch() else [],
    )


def chart(cases: Mapping[str, Mapping[str, float]]) -> Chart:
    """The speeds in milliseconds."""
    milliseconds = {
        case: {name: 1e3 * value for name, value in medians.items()}
        for case, medians in cases.items()
    }
    return Chart(f"VGG16, {SIDE}x{SIDE}", "milliseconds", milliseconds)


def has_torch() -> bool:
    return importlib.util.find_spec("torch") is not None


def speed(name: str, threads: int, rounds: int) -> dict[str, float]:
    """The median seconds of each candidate for one layer."""
    weights = {layer: random_weights(layer) for layer in LAYERS.values()}
    rgb, layer = random_picture(SIDE, SIDE), LAYERS[name]
    candidates = {"NumPy, Winograd": our_run(rgb, layer, weights, threads)}
    if has_torch():
        candidates["PyTorch"] = torch_run(rgb, layer, weights, threads)
        candidates["PyTorch, channels last"] = torch_run(
            rgb, layer, weights, threads, channels_last=True
        )
    require_agreement(candidates)
    return compare(candidates, rounds)


def our_run(rgb: Picture, layer: Layer, weights: dict[Layer, LayerWeights], threads: int) -> Run:
    return lambda: list(activations(rgb, layer, weights.__getitem__, threads=threads))


def torch_run(
    rgb: Picture,
    layer: Layer,
    weights: dict[Layer, LayerWeights],
    threads: int,
    *,
    channels_last: bool = False,
) -> Run:
    """The same layers in PyTorch, as one block."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(threads)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    learned = {
        each: (
            torch.tensor(found.kernel.transpose(3, 2, 0, 1)).contiguous(memory_format=layout),
            torch.tensor(found.bias),
        )
        for each, found in weights.items()
    }

    def forward() -> list[NDArray[np.float32]]:
        maps = torch.from_numpy(preprocess(rgb)).permute(2, 0, 1)[None]
        maps = maps.contiguous(memory_format=layout)
        block = 1
        for each in layers_up_to(layer):
            if each.block > block:
                maps, block = functional.max_pool2d(maps, 2), each.block
            maps = functional.relu_(functional.conv2d(maps, *learned[each], padding=1))
        return [maps[0].permute(1, 2, 0).numpy()]

    def without_gradients() -> list[NDArray[np.float32]]:
        with torch.inference_mode():
            return forward()

    return without_gradients


def require_agreement(candidates: dict[str, Run]) -> None:
    """A comparison of speed says something only where all compute the same."""
    ours, *others = (np.concatenate(compute()) for compute in candidates.values())
    for other in others:
        assert np.abs(ours - other).max() <= 1e-4 * np.abs(other).max()


def memory(height: int, width: int) -> list[str]:
    """How much more memory the process takes at its peak, the picture included."""
    layer = LAYERS[MEMORY_LAYER]

    def run() -> None:
        for _ in activations(random_picture(height, width), layer, random_weights):
            pass

    held = 3 * height * width / 2**20
    return [f"{width}x{height}", f"{growth_mebibytes(run):.0f}, {held:.0f} of it the picture"]


def random_picture(height: int, width: int) -> Picture:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
