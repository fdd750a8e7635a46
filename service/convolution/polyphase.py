"""Convolution with a stride, by the polyphase decomposition: nothing is computed to be dropped.

Of ``out[i] = sum_u kernel[u] * in[stride * i - u]`` the taps ``u`` of one remainder by the
stride meet the samples of one remainder alone. Samples and kernel fall into such phases, each
pair is an ordinary convolution, and the results add up (Crochiere and Rabiner, Multirate
Digital Signal Processing, section 3.3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from service.convolution.samples import Samples
from service.convolution.workload import KernelAnalysis, Workload


def strided(
    run: Callable[[Samples, KernelAnalysis], Samples], samples: Samples, work: Workload
) -> Samples:
    """Every ``work.stride``-th sample of the valid convolution, as ``run`` computes each phase.

    ``samples``: (n,) or (height, width, channels), with its border. A new array, of
    ``work.output`` along the leading axes.
    """
    total: Samples | None = None
    for first in product(*work.residues):
        kernel = work.kernel.phase(first, work.stride)
        part = run(_met(samples, first, kernel.values.shape, work), kernel)
        # A copy, as an engine's result may be a view of what it was given.
        total = np.array(part, order="C") if total is None else np.add(total, part, out=total)
    if total is None:
        raise ValueError("a kernel has at least one phase")
    return total


def _met(samples: Samples, first: Sequence[int], part: Sequence[int], work: Workload) -> Samples:
    """The samples that the phase of the kernel beginning at tap ``first`` meets."""
    taken = []
    for k, start, length, n, s in zip(
        work.kernel.values.shape, first, part, work.output, work.stride, strict=True
    ):
        begin = (k - 1 - start) % s
        taken.append(slice(begin, begin + (n + length - 2) * s + 1, s))
    return np.ascontiguousarray(samples[tuple(taken)])
