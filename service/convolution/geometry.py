"""Sizes and positions along one axis, for ``n`` samples and a kernel of ``k`` taps."""

from __future__ import annotations

from service.convolution.options import Mode
from service.errors import InvalidRequest


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


def strided_length(n: int, stride: int) -> int:
    """The number of samples left of ``n`` when every ``stride``-th is kept, the first included."""
    return (n - 1) // stride + 1


def dilated_length(k: int, dilation: int) -> int:
    """The extent of ``k`` taps that lie ``dilation`` samples apart."""
    return (k - 1) * dilation + 1


def per_axis(value: int | tuple[int, ...], axes: int, pointer: str) -> tuple[int, ...]:
    """One number for each of the axes; ``InvalidRequest`` at ``pointer`` for another count."""
    if isinstance(value, int):
        return (value,) * axes
    if len(value) != axes:
        raise InvalidRequest.at(
            pointer, f"must be one whole number, or one for each axis, of which there are {axes}"
        )
    return value


def origin(k: int, mode: Mode) -> int:
    """The input index that the result's first sample lies on, negative in ``full`` mode.

    The kernel's centre is its tap ``(k - 1) // 2``, which is where ``same`` begins.
    """
    return k // 2 - padding(k, mode)[0]
