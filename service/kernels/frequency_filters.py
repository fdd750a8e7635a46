"""Filters for signals that let a band of frequencies pass.

Frequencies are in the units of ``fs``, the sampling rate, whose default 2 makes 1 the highest
frequency there is, Nyquist's, as in scipy.signal. On a picture the filter acts along both axes
unless ``axes`` says otherwise.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
import scipy.signal
from pydantic import Field, ValidationInfo, field_validator

from service.convolution.arrays import Array
from service.kernels.causality import (
    Length,
    Phase,
    Tolerance,
    decayed_length,
    two_sided,
    two_sided_size,
)
from service.kernels.filter_windows import FilterWindow
from service.kernels.kernel import Normalize
from service.kernels.specification import Extent, LineSpecification, Size

Response = Literal["lowpass", "highpass", "bandpass", "bandstop"]
_EDGES = {"lowpass": 1, "highpass": 1, "bandpass": 2, "bandstop": 2}
# Of Nyquist's frequency: narrower bands than this the design of a filter loses to rounding.
_NARROWEST = 1e-6

Frequency = Annotated[float, Field(ge=1e-6, le=1e9)]
SamplingRate = Annotated[
    float,
    Field(
        ge=1e-6, le=1e9, description="Sampling rate, in the units of cutoff; 2 makes 1 Nyquist's."
    ),
]


def relative_to_nyquist(frequencies: list[float], fs: float) -> list[float]:
    """The frequencies over half the sampling rate.

    A ValueError unless they ascend between 0 and 1, with room for a filter.
    """
    relative = [frequency / (fs / 2) for frequency in frequencies]
    if min(np.diff([0, *relative, 1])) < _NARROWEST:
        raise ValueError("must ascend between 0 and half of fs, a millionth of that apart or more")
    return relative


class BandFilter(LineSpecification):
    """Base of the filters with one or two cutoff frequencies."""

    family: ClassVar[str] = "filter"

    response: Response = Field(
        default="lowpass", description="Which frequencies pass: below, above, between or beside."
    )
    fs: SamplingRate = 2.0
    cutoff: Frequency | Annotated[list[Frequency], Field(min_length=1, max_length=2)] = Field(
        default=0.5,
        description="Where the band ends, above 0 and below fs / 2: one frequency for lowpass "
        "and highpass, an array of two that ascend for bandpass and bandstop.",
    )

    @field_validator("cutoff")
    @classmethod
    def _edges_of_the_band(
        cls, cutoff: float | list[float], info: ValidationInfo
    ) -> float | list[float]:
        edges = cutoff if isinstance(cutoff, list) else [cutoff]
        wanted = _EDGES.get(info.data.get("response", ""), len(edges))
        if len(edges) != wanted:
            raise ValueError(
                "must be two frequencies, for bandpass and bandstop"
                if wanted == 2
                else "must be one frequency, for lowpass and highpass"
            )
        if "fs" in info.data:
            relative_to_nyquist(edges, info.data["fs"])
        return edges if len(edges) == 2 else edges[0]


class FirwinKernel(BandFilter):
    """Ideal filter cut off by a window: linear phase, as steep as it is long."""

    source: ClassVar[str] = "scipy.signal.firwin"

    name: Literal["firwin"]
    size: Size = Field(default=51, description="Number of taps; odd for highpass and bandstop.")
    window: FilterWindow = "hamming"
    unit_gain: bool = Field(
        default=True,
        description="Whether the gain is made one where the lowest band passes: at zero, at "
        "Nyquist's frequency for highpass, in the middle for bandpass.",
    )

    @field_validator("size")
    @classmethod
    def _odd_where_nyquist_passes(cls, size: int, info: ValidationInfo) -> int:
        if size % 2 == 0 and info.data.get("response") in ("highpass", "bandstop"):
            raise ValueError("must be odd, so that the highest frequency can pass")
        return size

    def extent(self) -> Extent:
        """(size,)."""
        return Extent((self.size,), "/size")

    def compute(self) -> tuple[Array, ...]:
        """The ideal filter's samples times the window's, as scipy computes them."""
        ideal = scipy.signal.firwin(
            self.size,
            self.cutoff,
            window="boxcar",
            pass_zero=self.response,
            scale=False,
            fs=self.fs,
        )
        (window,) = self.window.compute()
        taps = np.asarray(ideal * window, dtype=np.float64)
        return (taps / self._gain(taps) if self.unit_gain else taps,)

    def _gain(self, taps: Array) -> float:
        """The filter's response in the middle of the lowest band that passes, or at its end."""
        edges = self.cutoff if isinstance(self.cutoff, list) else [self.cutoff]
        if self.response in ("lowpass", "bandstop"):
            middle = 0.0
        elif self.response == "highpass":
            middle = 1.0
        else:
            middle = float(np.mean(relative_to_nyquist(edges, self.fs)))
        n = np.arange(self.size) - (self.size - 1) / 2
        return float(np.sum(taps * np.cos(np.pi * n * middle)))


class SincKernel(LineSpecification):
    """Ideal lowpass as far as it reaches: sharp in frequency, ringing in time."""

    family: ClassVar[str] = "filter"
    source: ClassVar[str] = "numpy.sinc; by the default window cut off as it is"
    default_normalize: ClassVar[Normalize] = Normalize.SUM

    name: Literal["sinc"]
    size: Size = Field(default=51, description="Number of taps.")
    fs: SamplingRate = 2.0
    cutoff: Frequency = Field(
        default=0.5, description="Where the band ends, above 0 and below fs / 2."
    )
    window: FilterWindow = "boxcar"

    @field_validator("cutoff")
    @classmethod
    def _below_nyquist(cls, cutoff: float, info: ValidationInfo) -> float:
        if "fs" in info.data:
            relative_to_nyquist([cutoff], info.data["fs"])
        return cutoff

    def extent(self) -> Extent:
        """(size,)."""
        return Extent((self.size,), "/size")

    def compute(self) -> tuple[Array, ...]:
        """The samples c * sinc(c * n) times the window; c is the cutoff over Nyquist's."""
        (relative,) = relative_to_nyquist([self.cutoff], self.fs)
        (window,) = self.window.compute()
        n = np.arange(self.size) - (self.size - 1) / 2
        return (relative * np.sinc(relative * n) * window,)


class ButterworthKernel(BandFilter):
    """Butterworth's filter, flat in its band, as long as its impulse response is felt."""

    source: ClassVar[str] = "scipy.signal.butter; lfilter (causal) or filtfilt (zero phase)"

    name: Literal["butterworth"]
    order: int = Field(
        default=4, ge=1, le=10, description="Order: 6 dB an octave each; doubled for two cutoffs."
    )
    phase: Phase = "causal"
    length: Length = None
    tolerance: Tolerance = 1e-6

    def extent(self) -> Extent:
        """Twice the length of the impulse response, less one."""
        if self.length is not None:
            return Extent((two_sided_size(self.length),), "/length")
        return Extent((two_sided_size(self._length()),), "/cutoff")

    def compute(self) -> tuple[Array, ...]:
        """The impulse response as scipy filters, in sections of the second order."""
        impulse = np.zeros(self._length())
        impulse[0] = 1
        response = scipy.signal.sosfilt(self._design("sos"), impulse)
        return (two_sided(response, self.phase),)

    def _length(self) -> int:
        """Samples of the response: those asked for, or until its slowest part has decayed."""
        if self.length is not None:
            return self.length
        _, poles, _ = self._design("zpk")
        return decayed_length(float(np.abs(poles).max()), self.tolerance)

    def _design(self, output: Literal["sos", "zpk"]) -> Array:
        design: Array = scipy.signal.butter(
            self.order, self.cutoff, self.response, output=output, fs=self.fs
        )
        return design


class HilbertKernel(LineSpecification):
    """Turns the phase of every frequency by 90 degrees: cosines become sines."""

    family: ClassVar[str] = "filter"
    source: ClassVar[str] = (
        "Oppenheim and Schafer, type III; imaginary part of scipy.signal.hilbert"
    )

    name: Literal["hilbert"]
    size: Size = Field(default=51, description="Number of taps, an odd number from 3.")
    window: FilterWindow = "hamming"

    @field_validator("size")
    @classmethod
    def _odd(cls, size: int) -> int:
        if size % 2 == 0 or size < 3:
            raise ValueError("must be odd and at least 3, so that there is a middle")
        return size

    def extent(self) -> Extent:
        """(size,)."""
        return Extent((self.size,), "/size")

    def compute(self) -> tuple[Array, ...]:
        """2 / (pi n) for odd n, zero for even ones, times the window."""
        n = np.arange(self.size) - self.size // 2
        odd = n % 2 == 1
        (window,) = self.window.compute()
        return (np.divide(2 * window, np.pi * n, where=odd, out=np.zeros(self.size)),)


FREQUENCY_FILTERS: tuple[type[LineSpecification], ...] = (
    FirwinKernel,
    SincKernel,
    ButterworthKernel,
    HilbertKernel,
)
