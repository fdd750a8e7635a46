"""Sizes and positions along one axis, for ``n`` samples and a kernel of ``k`` taps."""

from __future__ import annotations

from service.convolution.options import Mode


def padding(k: int, mode: Mode) -> tuple[int, int]:
    """How many samples to put before and after, so that ``valid`` then gives ``mode``.

    This one reduction serves every boundary and every engine: an engine only ever computes
    the ``valid`` part of an array that has its border already.
    """
    match mode:
        case Mode.FULL:
            return k - 1, k - 1
        case Mode.SAME:
            return k // 2, (k - 1) // 2
        case Mode.VALID:
            return 0, 0


def output_length(n: int, k: int, mode: Mode) -> int:
    """The number of samples in the result; zero or less where ``valid`` has none."""
    return n + sum(padding(k, mode)) - (k - 1)


def origin(k: int, mode: Mode) -> int:
    """The input index that the result's first sample lies on, negative in ``full`` mode.

    The kernel's centre is its tap ``(k - 1) // 2``, which is where ``same`` begins.
    """
    return k // 2 - padding(k, mode)[0]
