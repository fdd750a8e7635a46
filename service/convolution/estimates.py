"""What an engine does for a workload, and how long it takes: estimates, by ``costs``."""

from __future__ import annotations

import math

import numpy as np

from service.convolution.compiled import native_engines, native_tile
from service.convolution.costs import NativePrecisionCosts, costs
from service.convolution.direct import most_blocks
from service.convolution.native.tiles import picture_nanoseconds, signal_nanoseconds
from service.convolution.tiling import Tiling
from service.convolution.whole_transform import transform_lengths
from service.convolution.workload import Workload

# A block of taps after the first in a pass: its sums are stored, and added to those before.
_FURTHER_BLOCK = 8.0
# A kernel with a longer side is not decomposed: transforms are faster whatever its rank.
_LARGEST_DECOMPOSED = 64
# Nanoseconds of a decomposition, by the number of taps times the shorter side.
_DECOMPOSITION = 12.0
_DECOMPOSITION_CALL = 60_000.0
# A result of more bytes does not stay in the caches.
_CACHED = 2**23


def line_multiply_adds(work: Workload) -> float:
    """Of numpy.convolve."""
    return float(work.samples * work.lengths[0])


def direct_multiply_adds(work: Workload) -> float:
    """Of a sum over the taps that are not zero."""
    return float(work.samples * max(1, work.kernel.nonzero))


def two_pass_multiply_adds(work: Workload) -> float:
    """Of both passes."""
    return float(work.samples * sum(_pass_lengths(work)))


def low_rank_multiply_adds(work: Workload) -> float:
    """Of the passes of all terms."""
    return two_pass_multiply_adds(work) * _rank(work)


def overlap_save_multiply_adds(work: Workload) -> float:
    """Samples of all tiles, times the binary logarithm of a tile's length, both ways."""
    return _transform_multiply_adds(work.tiling, work)


def native_direct_multiply_adds(work: Workload) -> float:
    """Of a sum over all taps."""
    return float(work.samples * math.prod(work.lengths))


def native_overlap_save_multiply_adds(work: Workload) -> float:
    """As of the other overlap-save."""
    return _transform_multiply_adds(native_tiling(work), work)


def whole_transform_multiply_adds(work: Workload) -> float:
    """The same of one transform."""
    return 2.0 * _whole_steps(work) * work.channels


def line_nanoseconds(work: Workload) -> float:
    """Of numpy.convolve: it has loops of its own for up to eleven taps."""
    cost, phases, taps = costs(), work.phases, work.lengths[0]
    short = taps <= 11 * phases
    each = cost.line_short_tap * taps if short else cost.line_sample * phases + cost.line_tap * taps
    return cost.line_call + _phases_start(work) + work.samples * each


def direct_nanoseconds(work: Workload) -> float:
    """Of sums over blocks of the kernel."""
    cost = costs().of(work.precision)
    taps, (rows, columns) = work.kernel.nonzero, work.part
    blocks = most_blocks((rows, columns), -(-taps // work.phases), work.precision)
    each = cost.direct_sample * blocks * work.phases + cost.direct_tap * taps
    return costs().call * blocks + _phases_start(work) + work.samples * each


def two_pass_nanoseconds(work: Workload) -> float:
    """Of a pass along the rows and one along the columns, each in blocks of taps."""
    cost, (rows, columns) = costs().of(work.precision), work.part
    down, across = _pass_lengths(work)
    blocks = most_blocks((rows, 1), rows, work.precision) + most_blocks(
        (1, columns), columns, work.precision
    )
    starts = cost.pass_sample * (2 + _FURTHER_BLOCK * (blocks - 2)) * work.phases
    each = starts + cost.column_tap * down + cost.row_tap * across
    return 2 * costs().call + _phases_start(work) + work.samples * each


def low_rank_nanoseconds(work: Workload) -> float:
    """Of two passes for each term, the terms' sum, and finding them.

    A kernel for which even rank 2 would be too slow, or that would not be exact in terms, is not
    decomposed to know better, and taken to have the highest rank that it can.
    """
    rows, columns = (int(k) for k in work.kernel.values.shape)
    finding = _DECOMPOSITION_CALL + _DECOMPOSITION * rows * columns * min(rows, columns)
    each = two_pass_nanoseconds(work) + work.samples * costs().of(work.precision).pass_sample
    others = direct_nanoseconds(work), overlap_save_nanoseconds(work)
    hopeless = max(rows, columns) > _LARGEST_DECOMPOSED or 2 * each + finding > min(others)
    if hopeless or work.kernel.factors is not None or work.kernel.whole:
        return finding + max(min(rows, columns), 2) * each
    return finding + _rank(work) * each


def overlap_save_nanoseconds(work: Workload) -> float:
    """Of all tiles, and of the kernel's spectrum."""
    tiling = work.tiling
    each = tiling.nanoseconds * work.channels + tiling.kernel_nanoseconds
    return (costs().transform_call + each) * work.phases


def native_direct_nanoseconds(work: Workload) -> float:
    """Of a sum over a picture that leaves no tap out."""
    cost, taps = _native(work), math.prod(work.lengths)
    each = cost.direct_sample * work.phases + cost.direct_tap * taps
    return _native_start(work) + work.samples * each + _far(work)


def native_line_nanoseconds(work: Workload) -> float:
    """Of a sum over a signal."""
    cost = _native(work)
    each = cost.line_sample * work.phases + cost.line_tap * work.lengths[0]
    return _native_start(work) + work.samples * each


def native_two_pass_nanoseconds(work: Workload) -> float:
    """Of two passes over each tile."""
    cost = _native(work)
    each = cost.pass_sample * work.phases + cost.pass_tap * sum(_pass_lengths(work))
    far = cost.far_pass_sample * work.samples if _is_far(work) else 0.0
    return _native_start(work) + work.samples * each + far


def native_overlap_save_nanoseconds(work: Workload) -> float:
    """Of all tiles, of the kernel's spectrum, and of the call."""
    return native_tiling(work).nanoseconds * work.channels * work.phases + _far(work)


def native_tiling(work: Workload) -> Tiling:
    """The tiles that the compiled overlap-save takes for each phase.

    Channels are transformed together: what each costs is a share of all, the call included.
    """
    tile, taps = native_tile(_result_shape(work), work.part, work.precision), work.part
    itemsize, cost = np.dtype(work.precision).itemsize, _native(work)
    if len(taps) == 1:
        length = math.prod(tile)
        count = math.ceil(work.output[0] / (length - taps[0] + 1))
        nanoseconds = signal_nanoseconds(work.output[0], taps[0], tile, itemsize)
        return Tiling((length,), count, cost.signal_tiles * nanoseconds, 0.0)
    steps = zip(work.output, tile, taps, strict=True)
    count = math.prod(math.ceil(n / (side - k + 1)) for n, side, k in steps)
    nanoseconds = picture_nanoseconds(_result_shape(work), taps, tile, itemsize)
    return Tiling(tile, count, cost.picture_tiles * nanoseconds / work.channels, 0.0)


def whole_transform_nanoseconds(work: Workload) -> float:
    """Of one transform of all samples there and back, and one of the kernel."""
    cost = costs().of(work.precision)
    step = cost.signal_step if len(work.output) == 1 else cost.picture_step
    start = costs().transform_call * work.phases
    return start + (work.channels + 0.5) * _whole_steps(work) * step


def _native(work: Workload) -> NativePrecisionCosts:
    """The costs of the compiled engines that may be used, or else of those that run anywhere."""
    engines, known = native_engines(), costs().native
    name = "base" if engines is None else engines.instruction_set
    return known.get(name, known["base"]).of(work.precision)


def _far(work: Workload) -> float:
    """Of fetching a picture from memory, and sending the result there."""
    return _native(work).far_sample * work.samples if _is_far(work) else 0.0


def _is_far(work: Workload) -> bool:
    """Whether a picture is larger than the caches; signals' costs have that in them."""
    return len(work.output) > 1 and work.samples * np.dtype(work.precision).itemsize > _CACHED


def _native_start(work: Workload) -> float:
    return costs().native_call + _phases_start(work)


def _result_shape(work: Workload) -> tuple[int, ...]:
    return work.output if len(work.output) == 1 else (*work.output, work.channels)


def _transform_multiply_adds(tiling: Tiling, work: Workload) -> float:
    steps = tiling.samples * math.log2(max(math.prod(tiling.tile), 2))
    return 2.0 * steps * work.channels * work.phases


def _whole_steps(work: Workload) -> float:
    """Samples of all phases times the binary logarithm of their number, one channel's."""
    extent = [n + k - 1 for n, k in zip(work.output, work.part, strict=True)]
    samples = math.prod(transform_lengths(extent))
    return work.phases * samples * math.log2(max(samples, 2))


def _rank(work: Workload) -> int:
    return len(work.kernel.terms[work.precision])


def _pass_lengths(work: Workload) -> tuple[int, int]:
    """The taps of the column and row passes over all phases.

    Each length of one axis occurs with all of the other's.
    """
    rows, columns = work.lengths
    return rows * len(work.residues[1]), columns * len(work.residues[0])


def _phases_start(work: Workload) -> float:
    """Of gathering the samples of each phase but one, and calling the engine on them."""
    return 2 * costs().call * (work.phases - 1)
