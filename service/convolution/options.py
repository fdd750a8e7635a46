"""The words in which a convolution is asked for. They mean what scipy.signal and numpy.pad mean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from service.convolution.samples import Precision


class Mode(StrEnum):
    """Which part of the result is kept; sizes and centring are those of scipy.signal.

    For ``n`` samples and ``k`` taps: ``full`` has ``n + k - 1`` samples, ``same`` the
    ``n`` of them from index ``(k - 1) // 2`` on, ``valid`` the ``n - k + 1`` that need no
    sample beyond the border.
    """

    FULL = "full"
    SAME = "same"
    VALID = "valid"


class Boundary(StrEnum):
    """What stands beyond the border, in the words of numpy.pad::

        constant   f f f | a b c d | f f f      (f: fill_value)
        edge       a a a | a b c d | d d d
        reflect    d c b | a b c d | c b a
        symmetric  c b a | a b c d | d c b
        wrap       b c d | a b c d | a b c

    Where more is needed than the array holds, the pattern goes on.
    """  # noqa: D400, D415 (a drawing needs no full stop)

    CONSTANT = "constant"
    EDGE = "edge"
    REFLECT = "reflect"
    SYMMETRIC = "symmetric"
    WRAP = "wrap"


class Operation(StrEnum):
    """``convolve`` flips the kernel; ``correlate`` does not.

    Correlation is convolution with the flipped kernel in every mode, as in
    scipy.signal.correlate. (scipy.signal.correlate2d centres ``same`` one sample further
    where the kernel's size is even.)
    """

    CONVOLVE = "convolve"
    CORRELATE = "correlate"


class Method(StrEnum):
    """How the result is computed: ``auto`` plans, the others force."""

    AUTO = "auto"
    DIRECT = "direct"
    SEPARABLE = "separable"
    FFT = "fft"


@dataclass(frozen=True)
class Options:
    """What is asked of a convolution besides its operands.

    ``stride`` and ``dilation``, at least 1, are one number for all axes or one for each, in
    torch.nn.Conv2d's meaning: every ``stride``-th sample of the result is kept, from the first
    on, and ``dilation - 1`` zeros stand between the taps. ``mode`` counts and centres by the
    kernel that has them.
    """

    mode: Mode = Mode.SAME
    boundary: Boundary = Boundary.CONSTANT
    fill_value: float = 0.0
    operation: Operation = Operation.CONVOLVE
    method: Method = Method.AUTO
    precision: Precision = np.float64
    max_multiply_adds: float = float("inf")
    stride: int | tuple[int, ...] = 1
    dilation: int | tuple[int, ...] = 1
