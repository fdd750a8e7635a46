"""``python -m tests.bench_vgg16``: VGG16's feature maps beside PyTorch's, and their memory.

Each number of threads has a process of its own, set up as a worker is: BLAS keeps to one
thread, so that ours share the work. PyTorch is told both ways: in its usual layout, and in
channels-last, which is faster here. Printed as Markdown.
"""

from __future__ import annotations

import importlib.util
import os
import resource
import subprocess
import sys
from collections.abc import Callable

import numpy as np

from service.vgg16.activations import activations, preprocess
from service.vgg16.architecture import LAYERS, Layer, layers_up_to
from service.vgg16.layer_weights import LayerWeights
from tests.bench import row
from tests.vgg16.network_reference import random_weights

LAYER_NAMES = ("block1_conv1", "block1_conv2", "block2_conv2", "block5_conv3")
SIDE = 224
MEMORY_CASES = ((224, 224), (1500, 2000))
MEMORY_LAYER = "block1_conv2"
# As a worker has them, but for the last.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1),
    # PyTorch's idle threads would take a core from whoever comes after it.
    "OMP_WAIT_POLICY": "PASSIVE",
}
MISSING = """
**PyTorch is not installed, so nothing is compared with it.** To get it:
`python -m pip install torch`
"""

Picture = np.ndarray
Run = Callable[[], list[np.ndarray]]
"""Computes a layer's output, in blocks of rows."""


def run() -> None:
    """Print both tables."""
    tell(f"\n## VGG16, feature maps of a {SIDE}x{SIDE} picture\n")
    if not has_torch():
        tell(MISSING)
    tell("| case | ours | median ms | others, and how many times ours |\n|---|---|---|---|")
    for threads in sorted({1, os.cpu_count() or 1}):
        in_process("speed", str(threads))
    tell(f"\n## VGG16, memory for {MEMORY_LAYER}, one thread\n\n| picture | MiB |\n|---|---|")
    for height, width in MEMORY_CASES:
        in_process("memory", str(height), str(width))


def tell(lines: str) -> None:
    sys.stdout.write(f"{lines}\n")
    sys.stdout.flush()


def in_process(*arguments: str) -> None:
    command = (sys.executable, "-m", "tests.bench_vgg16", *arguments)
    subprocess.run(command, check=True, env=os.environ | ENVIRONMENT)


def has_torch() -> bool:
    return importlib.util.find_spec("torch") is not None


def print_speed(threads: int) -> None:
    """A line for each layer."""
    weights = {layer: random_weights(layer) for layer in LAYERS.values()}
    rgb = random_picture(SIDE, SIDE)
    for name in LAYER_NAMES:
        candidates = {"NumPy, Winograd": our_run(rgb, LAYERS[name], weights, threads)}
        if has_torch():
            candidates["PyTorch"] = torch_run(rgb, LAYERS[name], weights, threads)
            candidates["PyTorch, channels last"] = torch_run(
                rgb, LAYERS[name], weights, threads, channels_last=True
            )
        require_agreement(candidates)
        tell(row(f"{name}, threads: {threads}", candidates))


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

    @torch.inference_mode()
    def forward() -> list[np.ndarray]:
        maps = torch.from_numpy(preprocess(rgb)).permute(2, 0, 1)[None]
        maps = maps.contiguous(memory_format=layout)
        block = 1
        for each in layers_up_to(layer):
            if each.block > block:
                maps, block = functional.max_pool2d(maps, 2), each.block
            maps = functional.relu_(functional.conv2d(maps, *learned[each], padding=1))
        return [maps[0].permute(1, 2, 0).numpy()]

    return forward


def require_agreement(candidates: dict[str, Run]) -> None:
    """A comparison of speed says something only where all compute the same."""
    ours, *others = (np.concatenate(compute()) for compute in candidates.values())
    for other in others:
        assert np.abs(ours - other).max() <= 1e-4 * np.abs(other).max()


def print_memory(height: int, width: int) -> None:
    """How much more memory the process took at its peak than before, the picture included."""
    layer = LAYERS[MEMORY_LAYER]
    before = peak_mebibytes()
    rgb = random_picture(height, width)
    for _ in activations(rgb, layer, random_weights):
        pass
    held = rgb.nbytes / 2**20
    tell(f"| {width}x{height} | {peak_mebibytes() - before:.0f}, {held:.0f} of it the picture |")


def peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def random_picture(height: int, width: int) -> Picture:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def main(arguments: list[str]) -> None:
    """All of it, or the part that a process of its own does."""
    parts = {"speed": print_speed, "memory": print_memory}
    if arguments:
        parts[arguments[0]](*map(int, arguments[1:]))
    else:
        run()


if __name__ == "__main__":
    main(sys.argv[1:])
