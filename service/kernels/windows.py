"""The windows of scipy.signal.windows, under its own names and with its own parameters.

``M`` is called ``size`` here. The bounds keep out what scipy computes wrongly or slowly; a
combination that scipy refuses is refused with the parameter named.
"""

from __future__ import annotations

import warnings
from typing import Annotated, ClassVar, Literal

import numpy as np
import scipy.signal.windows
from pydantic import Field, ValidationInfo, field_validator

from service.convolution.arrays import Array
from service.kernels.kernel import Normalize
from service.kernels.specification import MAX_SIZE, Extent, LineSpecification, Size, Symmetric

# scipy's Taylor window holds several arrays of nbar * size float64s.
_MAX_TAYLOR_TERMS = 8_388_608


class Window(LineSpecification):
    """Base of the windows: parameters are scipy's, so one call computes every one of them."""

    family: ClassVar[str] = "window"
    source: ClassVar[str] = "the function of this name in scipy.signal.windows"
    default_normalize: ClassVar[Normalize] = Normalize.SUM

    size: Size = Field(default=50, description="Number of taps.")
    sym: Symmetric = True

    def extent(self) -> Extent:
        """(size,)."""
        return Extent((self.size,), "/size")

    def compute(self) -> tuple[Array, ...]:
        """The window as scipy computes it, to the bit."""
        parameters = self.model_dump(exclude={*LineSpecification.model_fields, "size"})
        window = getattr(scipy.signal.windows, self.name)
        with warnings.catch_warnings():
            # Advice on spectral analysis; faults show as taps that are not finite.
            warnings.simplefilter("ignore")
            return (np.asarray(window(self.size, **parameters), dtype=np.float64),)


class BarthannWindow(Window):
    """Bartlett-Hann window: a triangle blended with a raised cosine."""

    name: Literal["barthann"]


class BartlettWindow(Window):
    """Triangle that reaches zero at its ends."""

    name: Literal["bartlett"]


class BlackmanWindow(Window):
    """Three cosine terms: smoother than hann, with lower sidelobes."""

    name: Literal["blackman"]


class BlackmanHarrisWindow(Window):
    """Four cosine terms with the lowest sidelobes for that number of terms."""

    name: Literal["blackmanharris"]


class BohmanWindow(Window):
    """Convolution of two half-period cosines: a continuous first derivative at the ends."""

    name: Literal["bohman"]


class BoxcarWindow(Window):
    """All ones: with the taps divided by their sum, the moving average."""

    name: Literal["boxcar"]


class ChebyshevWindow(Window):
    """Dolph-Chebyshev window: the narrowest main lobe for sidelobes of equal height."""

    name: Literal["chebwin"]
    at: float = Field(
        default=100.0, ge=0, le=300, description="Attenuation of the sidelobes in decibels."
    )


class CosineWindow(Window):
    """Half a period of a sine."""

    name: Literal["cosine"]


class SlepianWindow(Window):
    """First discrete prolate spheroidal sequence: the most energy in the main lobe."""

    name: Literal["dpss"]
    # Past this size scipy's eigenvector takes seconds and loses its symmetry to rounding.
    size: Annotated[int, Field(ge=1, le=262_144)] = Field(default=50, description="Number of taps.")
    NW: float = Field(
        default=2.5,
        gt=0,
        lt=131_072,
        description="Half bandwidth times size; less than half the size.",
    )

    @field_validator("NW")
    @classmethod
    def _below_half_the_size(cls, half_bandwidth: float, info: ValidationInfo) -> float:
        size = info.data.get("size", 1)
        if size > 1 and half_bandwidth >= size / 2:
            raise ValueError("must be less than half the size")
        return half_bandwidth


class ExponentialWindow(Window):
    """Exponential decay to both sides of a centre."""

    name: Literal["exponential"]
    center: float | None = Field(
        default=None,
        ge=-MAX_SIZE,
        le=MAX_SIZE,
        description="Where the peak is, in samples; null is the middle, "
        "and all that a symmetric window (sym) allows.",
    )
    tau: float = Field(
        default=1.0, ge=1e-3, le=1e6, description="Samples in which it falls to 1/e."
    )

    @field_validator("center")
    @classmethod
    def _middle_if_symmetric(cls, center: float | None, info: ValidationInfo) -> float | None:
        if center is not None and info.data.get("sym"):
            raise ValueError("must be null unless sym is false")
        return center


class FlattopWindow(Window):
    """Five cosine terms: a flat main lobe, for measuring amplitudes; dips below zero."""

    name: Literal["flattop"]


class GeneralCosineWindow(Window):
    """Sum of cosine terms with the given weights."""

    name: Literal["general_cosine"]
    a: list[float] = Field(
        default=[0.5, 0.5],
        min_length=1,
        max_length=16,
        description="Weights of the terms, the constant first, all counted positive.",
    )


class GeneralGaussianWindow(Window):
    """exp(-|n / sig|^(2p) / 2): Laplace's for p = 1/2, Gauss's for p = 1, flatter beyond."""

    name: Literal["general_gaussian"]
    p: float = Field(default=1.5, gt=0, le=100, description="Shape: half the power of n.")
    sig: float = Field(default=7.0, ge=1e-3, le=1e6, description="Width in samples.")


class GeneralHammingWindow(Window):
    """Raised cosine with the given weight of its constant part."""

    name: Literal["general_hamming"]
    alpha: float = Field(
        default=0.54, ge=0, le=1, description="Weight of the constant; 0.5 is hann's."
    )


class HammingWindow(Window):
    """Raised cosine on a pedestal that lowers the nearest sidelobe."""

    name: Literal["hamming"]


class HannWindow(Window):
    """Raised cosine that touches zero at both ends."""

    name: Literal["hann"]


class KaiserWindow(Window):
    """Kaiser's window of Bessel functions: one parameter trades width for sidelobes."""

    name: Literal["kaiser"]
    # Beyond 700 the Bessel function exceeds a float64.
    beta: float = Field(default=14.0, ge=0, le=700, description="Shape; 0 is a boxcar.")


class KaiserBesselDerivedWindow(Window):
    """Kaiser-Bessel derived window, whose overlapping squares sum to one; even sizes only."""

    name: Literal["kaiser_bessel_derived"]
    size: Size = Field(default=50, multiple_of=2, description="Number of taps, an even number.")
    sym: bool = Field(default=True, description="Must be true: there is no periodic form of it.")
    beta: float = Field(default=14.0, ge=0, le=700, description="Shape of the Kaiser window.")

    @field_validator("sym")
    @classmethod
    def _symmetric(cls, sym: bool) -> bool:
        if not sym:
            raise ValueError("must be true: this window has no periodic form")
        return sym


class LanczosWindow(Window):
    """Main lobe of a sinc, as in Lanczos resampling."""

    name: Literal["lanczos"]


class NuttallWindow(Window):
    """Four cosine terms with low sidelobes that fall away quickly."""

    name: Literal["nuttall"]


class ParzenWindow(Window):
    """Piecewise cubic: four boxcars convolved with one another; never negative in spectrum."""

    name: Literal["parzen"]


class TaylorWindow(Window):
    """Taylor's window: near sidelobes of nearly equal height, as used for antennas."""

    name: Literal["taylor"]
    nbar: int = Field(
        default=4,
        ge=1,
        le=64,
        description="Number of sidelobes of nearly equal height; "
        f"times size at most {_MAX_TAYLOR_TERMS:,}.",
    )
    sll: float = Field(
        default=30.0, ge=0, le=300, description="Suppression of the sidelobes in decibels."
    )
    norm: bool = Field(default=True, description="Whether the middle of the window is made one.")

    @field_validator("nbar")
    @classmethod
    def _affordable(cls, nbar: int, info: ValidationInfo) -> int:
        if nbar * info.data.get("size", 1) > _MAX_TAYLOR_TERMS:
            raise ValueError(f"times size must be at most {_MAX_TAYLOR_TERMS:,}")
        return nbar


class TriangularWindow(Window):
    """Triangle whose ends lie above zero."""

    name: Literal["triang"]


class TukeyWindow(Window):
    """Flat middle between two cosine flanks."""

    name: Literal["tukey"]
    alpha: float = Field(
        default=0.5, ge=0, le=1, description="Share of the flanks: 0 is a boxcar, 1 is hann."
    )


WINDOWS: tuple[type[Window], ...] = (
    BarthannWindow,
    BartlettWindow,
    BlackmanWindow,
    BlackmanHarrisWindow,
    BohmanWindow,
    BoxcarWindow,
    ChebyshevWindow,
    CosineWindow,
    SlepianWindow,
    ExponentialWindow,
    FlattopWindow,
    GeneralCosineWindow,
    GeneralGaussianWindow,
    GeneralHammingWindow,
    HammingWindow,
    HannWindow,
    KaiserWindow,
    KaiserBesselDerivedWindow,
    LanczosWindow,
    NuttallWindow,
    ParzenWindow,
    TaylorWindow,
    TriangularWindow,
    TukeyWindow,
)
