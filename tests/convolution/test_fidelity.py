"""8-bit results against float64 ones, rounded half to even: which levels differ, and how many.

A result within a billionth of the half between two levels has no level that float64 could
tell: there either is right. Whole taps have no such excuse, as long as a float64 holds their
sums exactly.
"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.signal import oaconvolve

import service
from service.convolution.convolve import Options, convolve, sufficient_precision
from service.convolution.options import Boundary, Method
from service.convolution.rounding import undecided
from service.errors import InvalidRequest
from service.kernels.catalogue import CATALOGUE, complete_by_name
from service.kernels.kernel import Kernel, KernelLimits, Normalize, normalized
from service.kernels.parsing import parse_kernel

RANDOM = np.random.default_rng(13)
SIDE = 256
ALLOWED = 1e-4
ASCENT = np.asarray(Image.open(Path(service.__file__).parent / "samples/ascent.png").convert("L"))
DOWN, ACROSS = np.indices((SIDE, SIDE))
PICTURES = {
    "ascent": ASCENT[100 : 100 + SIDE, 60 : 60 + SIDE],
    "noise": RANDOM.integers(0, 256, (SIDE, SIDE)),
    "ramp": (DOWN // 2 + ACROSS) % 256,
    "gentle ramp": (DOWN + 2 * ACROSS) // 8,
    "black and white": 255
    * np.kron(RANDOM.integers(0, 2, (SIDE // 8, SIDE // 8)), np.ones((8, 8))),
    "checks": 255 * ((DOWN + ACROSS) % 2),
    "horizon": np.where(DOWN < SIDE // 3, 200, 33),
}


def binomial(n):
    line = [1.0]
    for _ in range(n - 1):
        line = np.convolve(line, [1.0, 1.0])
    return np.asarray(line)


def of_shape(shape):
    """Kernels of many kinds, none of them symmetric but the last two."""
    kinds = {
        "random": (RANDOM.uniform(0, 1, shape), Normalize.SUM),
        "signed": (RANDOM.normal(size=shape), Normalize.L1),
        "signed and strong": (RANDOM.normal(size=shape), Normalize.L2),
        "tenths": (RANDOM.integers(-9, 10, shape) / 10, Normalize.NONE),
        "tenths by their sum": (RANDOM.integers(0, 10, shape) / 10, Normalize.SUM),
        "thirds": (RANDOM.integers(-9, 10, shape) / 3, Normalize.NONE),
        "integers": (RANDOM.integers(-9, 10, shape) * 1.0, Normalize.NONE),
        "integers by their sum": (RANDOM.integers(0, 1000, shape) * 1.0, Normalize.SUM),
        "integers by a root": (RANDOM.integers(-99, 99, shape) * 1.0, Normalize.L2),
        "box": (np.ones(shape), Normalize.SUM),
        "binomial": (np.outer(*map(binomial, shape)), Normalize.SUM),
    }
    return {f"{name} {shape}": normalized(*kind, "") for name, kind in kinds.items()}


KERNELS = {
    name: kernel
    for shape in ((2, 2), (3, 2), (7, 7), (16, 15), (35, 34), (101, 101), (101, 12))
    for name, kernel in of_shape(shape).items()
}


def from_catalogue():
    """Each entry's kernels by default, and in the largest size that the promise is made for."""
    found: dict[str, Kernel] = {}
    for name, entry in CATALOGUE.items():
        if not complete_by_name(entry):
            continue
        sized = [{"size": 24}, {"size": 101}] if "size" in entry.model_fields else []
        for parameters in [{}, *sized]:
            # A size may be too large for an entry, or have to be odd.
            try:
                bank = parse_kernel({"name": name, **parameters}).build(2, None, KernelLimits())
            except InvalidRequest:
                continue
            for index, kernel in enumerate(bank.kernels[:2]):
                if max(kernel.values.shape) <= 101:
                    found[f"{name} {parameters} {index}"] = kernel
    return found


def quotients(picture, kernel, precision, method):
    options = Options(boundary=Boundary.SYMMETRIC, precision=precision, method=method)
    result, _ = convolve(picture[:, :, None].astype(np.uint8), kernel.values, options)
    return np.divide(result, kernel.divisor)[:, :, 0]


def levels(picture, kernel, method):
    """As the pipeline computes them."""
    precision = sufficient_precision(255.0, kernel.values, kernel.divisor)
    result = quotients(picture, kernel, precision, method)
    if undecided(result, [kernel.values]):
        result = quotients(picture, kernel, np.float64, method)
    return np.clip(np.rint(result), 0, 255)


def reference(picture, kernel):
    """scipy's in float64; of whole taps the exact sums, divided once."""
    widths = [(k // 2, (k - 1) // 2) for k in kernel.values.shape]
    wide = np.pad(picture.astype(np.float64), widths, mode="symmetric")
    exact = np.array_equal(kernel.values, np.rint(kernel.values)) and (
        255 * np.abs(kernel.values).sum() < 2**53
    )
    sums = exact_sums(wide, kernel.values) if exact else oaconvolve(wide, kernel.values, "valid")
    return np.clip(sums / kernel.divisor, 0, 255), exact


def exact_sums(wide, taps):
    """Of whole taps, a transform of whose sums would be off: in two parts, that are added."""
    high, low = np.divmod(taps, 2.0**24)
    parts = [np.rint(oaconvolve(wide, part, "valid")).astype(np.int64) for part in (high, low)]
    return parts[0] * 2**24 + parts[1]


def check(kernel, method=Method.AUTO):
    for name, picture in PICTURES.items():
        result = levels(picture, kernel, method)
        expected, exact = reference(picture, kernel)
        if exact:
            np.testing.assert_array_equal(result, np.rint(expected), err_msg=name)
        else:
            distance = np.abs(result - expected)
            assert distance.max() < 1.0, name
            assert np.mean(distance > 0.5 + 1e-9) <= ALLOWED, name


@pytest.mark.parametrize("kernel", from_catalogue().values(), ids=from_catalogue().keys())
def test_every_kernel_of_the_catalogue_gives_the_rounded_float64_levels(kernel):
    check(kernel)


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS.keys())
def test_kernels_of_every_kind_and_size_give_the_rounded_float64_levels(kernel):
    check(kernel)


@pytest.mark.slow
@pytest.mark.parametrize("method", [Method.DIRECT, Method.FFT])
@pytest.mark.parametrize("name", [name for name in KERNELS if "(101, 1" not in name])
def test_every_method_gives_the_rounded_float64_levels(name, method):
    check(KERNELS[name], method)


@pytest.mark.parametrize("name", ["checks", "horizon"])
def test_results_between_two_levels_are_computed_again_in_float64(name):
    # Smooth and with mirrored taps: half of the weight lies on each side.
    taps = np.exp(-((np.arange(-12, 12) + 0.5) ** 2) / 18.0)
    kernel = Kernel(np.outer(taps, taps), float(taps.sum() ** 2))
    picture = 255 * (PICTURES[name] > 100)
    result = quotients(picture, kernel, np.float32, Method.AUTO)
    assert sufficient_precision(255.0, kernel.values, kernel.divisor) is np.float32
    assert undecided(result, [kernel.values])
    assert not undecided(result.astype(np.float64), [kernel.values])
    assert not undecided(result, [np.ones((2, 2))])


def test_results_that_are_anywhere_are_decided():
    result = RANDOM.uniform(0, 255, (500, 400, 3)).astype(np.float32)
    assert not undecided(result, [np.full((3, 2), 0.3)])
    result[::10, 7] = 41.5
    assert undecided(result, [np.full((3, 2), 0.3)])
