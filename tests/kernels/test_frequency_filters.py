"""Filters by frequency: against scipy.signal live, and by what they let pass."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidRequest, LimitExceeded, ServiceError
from service.kernels.kernel import KernelLimits
from service.kernels.parsing import parse_kernel

NOISE = np.random.default_rng(2).normal(size=300)
CUTOFFS: dict[str, Any] = {
    "lowpass": 0.3,
    "highpass": 0.6,
    "bandpass": [0.2, 0.45],
    "bandstop": [0.35, 0.7],
}
WINDOWS: list[tuple[Any, Any]] = [
    ("hamming", "hamming"),
    ("boxcar", "boxcar"),
    ({"name": "kaiser", "beta": 5.5}, ("kaiser", 5.5)),
    ({"name": "taylor", "sll": 45, "nbar": 5}, ("taylor", 5, 45, True)),
    ({"name": "general_gaussian", "sig": 9, "p": 1}, ("general_gaussian", 1, 9)),
    ({"name": "exponential", "tau": 9}, ("exponential", None, 9)),
    ({"name": "chebwin", "at": 70}, ("chebwin", 70)),
]


def taps(name: str, **parameters: Any) -> Any:
    (kernel,) = parse_kernel({"name": name, **parameters}).build(1).kernels
    return kernel.taps


def gain(kernel: Any, frequency: float) -> float:
    """The magnitude of a filter's response, Nyquist's frequency being 1."""
    return float(abs(np.exp(-1j * np.pi * frequency * np.arange(len(kernel))) @ kernel))


@pytest.mark.parametrize(("own", "theirs"), WINDOWS, ids=str)
@pytest.mark.parametrize("response", CUTOFFS)
def test_firwin_is_scipys(response: str, own: Any, theirs: Any) -> None:
    cutoff = CUTOFFS[response]
    for fs, unit_gain in product((2.0, 480.0), (True, False)):
        edges = np.multiply(cutoff, fs / 2)
        expected = scipy.signal.firwin(
            41, edges, window=theirs, pass_zero=response, scale=unit_gain, fs=fs
        )
        kernel = taps(
            "firwin",
            size=41,
            response=response,
            cutoff=edges.tolist(),
            fs=fs,
            window=own,
            unit_gain=unit_gain,
        )
        np.testing.assert_array_equal(kernel, expected)


def test_a_window_that_scipys_firwin_fails_with_is_taken() -> None:
    window = scipy.signal.windows.general_cosine(31, [0.4, 0.5, 0.1])
    expected = scipy.signal.firwin(31, 0.4, window="boxcar", scale=False) * window
    document = {"name": "general_cosine", "a": [0.4, 0.5, 0.1]}
    kernel = taps("firwin", size=31, cutoff=0.4, window=document)
    np.testing.assert_allclose(kernel, expected / expected.sum(), rtol=1e-15)


def test_one_frequency_may_stand_in_an_array() -> None:
    np.testing.assert_array_equal(taps("firwin", cutoff=[0.3]), taps("firwin", cutoff=0.3))


@pytest.mark.parametrize("name", ["firwin", "butterworth"])
@pytest.mark.parametrize(
    ("response", "passed", "stopped"),
    [
        ("lowpass", (0.02, 0.2), (0.52, 0.98)),
        ("highpass", (0.75, 0.98), (0.02, 0.3)),
        ("bandpass", (0.3, 0.35), (0.02, 0.75)),
        ("bandstop", (0.02, 0.2, 0.98), (0.5, 0.55)),
    ],
)
def test_a_filter_passes_the_band_that_it_names(
    name: str, response: str, passed: tuple[float, ...], stopped: tuple[float, ...]
) -> None:
    kernel = taps(name, response=response, cutoff=CUTOFFS[response])
    assert min(gain(kernel, frequency) for frequency in passed) > 0.9
    assert max(gain(kernel, frequency) for frequency in stopped) < 0.1


@pytest.mark.parametrize("size", [21, 24])
def test_a_sinc_is_the_ideal_lowpass_times_its_window(size: int) -> None:
    document = {"size": size, "cutoff": 90.0, "fs": 500.0, "normalize": "none"}
    kernel = taps("sinc", **document)
    windowed = taps("sinc", **document, window={"name": "kaiser", "beta": 3})
    for index in range(size):
        n = index - (size - 1) / 2
        expected = np.sin(2 * np.pi * 90 / 500 * n) / (np.pi * n) if n else 2 * 90 / 500
        assert kernel[index] == pytest.approx(expected, abs=1e-15)
    np.testing.assert_allclose(windowed, kernel * np.kaiser(size, 3), atol=1e-15)
    assert taps("sinc", size=size).sum() == pytest.approx(1)


BUTTERWORTH: list[dict[str, Any]] = [
    {},
    {"order": 2, "cutoff": 0.2},
    {"order": 7, "response": "highpass", "cutoff": 250.0, "fs": 1000.0},
    {"order": 3, "response": "bandpass", "cutoff": [0.3, 0.5]},
    {"order": 2, "response": "bandstop", "cutoff": [0.3, 0.6]},
]


def scipys_sections(document: dict[str, Any]) -> Any:
    full = {"order": 4, "cutoff": 0.5, "response": "lowpass", "fs": 2.0} | document
    return scipy.signal.butter(
        full["order"], full["cutoff"], full["response"], output="sos", fs=full["fs"]
    )


def same(kernel: Any, signal: Any) -> Any:
    start = (len(kernel) - 1) // 2
    return np.convolve(signal, kernel)[start : start + len(signal)]


@pytest.mark.parametrize("document", BUTTERWORTH)
def test_a_causal_butterworth_filters_as_scipys_recursion_does(document: dict[str, Any]) -> None:
    kernel = taps("butterworth", tolerance=1e-14, **document)
    expected = scipy.signal.sosfilt(scipys_sections(document), NOISE)
    np.testing.assert_allclose(same(kernel, NOISE), expected, atol=1e-11)


@pytest.mark.parametrize("document", BUTTERWORTH)
def test_a_butterworth_of_zero_phase_filters_forwards_and_backwards(
    document: dict[str, Any],
) -> None:
    kernel = taps("butterworth", tolerance=1e-14, phase="zero", **document)
    sections = scipys_sections(document)
    padded = np.pad(NOISE, 600)
    forwards = scipy.signal.sosfilt(sections, padded)
    expected = scipy.signal.sosfilt(sections, forwards[::-1])[::-1][600:-600]
    np.testing.assert_allclose(same(kernel, NOISE), expected, atol=1e-11)


def test_a_butterworth_is_as_long_as_asked_for_or_until_it_has_decayed() -> None:
    assert taps("butterworth", length=40).shape == (79,)
    tail = taps("butterworth", tolerance=1e-4)[-3:]
    assert 0 < np.abs(tail).max() < 5e-4
    assert len(taps("butterworth", tolerance=1e-8)) > len(taps("butterworth", tolerance=1e-4))


def test_the_hilbert_kernel_makes_sines_of_cosines_as_scipys_transform_does() -> None:
    time = np.arange(400)
    for frequency in (0.2, 0.5, 0.8):
        cosine = np.cos(np.pi * frequency * time)
        turned = np.convolve(cosine, taps("hilbert", size=101), mode="same")[60:-60]
        np.testing.assert_allclose(turned, np.sin(np.pi * frequency * time)[60:-60], atol=0.01)
    smooth = np.cos(0.9 * time) * scipy.signal.windows.gaussian(400, 50)
    expected = scipy.signal.hilbert(smooth).imag
    np.testing.assert_allclose(
        np.convolve(smooth, taps("hilbert", size=151), mode="same"), expected, atol=1e-3
    )


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"name": "firwin", "cutoff": [0.2, 0.4]}, "/kernel/cutoff"),
        ({"name": "firwin", "response": "bandpass"}, "/kernel/cutoff"),
        ({"name": "firwin", "response": "bandpass", "cutoff": [0.4, 0.2]}, "/kernel/cutoff"),
        ({"name": "firwin", "response": "bandpass", "cutoff": [0.4, 0.4]}, "/kernel/cutoff"),
        ({"name": "firwin", "cutoff": 1}, "/kernel/cutoff"),
        ({"name": "firwin", "fs": 0.9}, "/kernel/cutoff"),
        ({"name": "firwin", "response": "highpass", "size": 20}, "/kernel/size"),
        (
            {"name": "firwin", "response": "bandstop", "cutoff": [0.1, 0.2], "size": 20},
            "/kernel/size",
        ),
        ({"name": "firwin", "window": "gauss"}, "/kernel/window"),
        ({"name": "firwin", "window": 8.6}, "/kernel/window"),
        ({"name": "firwin", "window": {"beta": 3}}, "/kernel/window"),
        ({"name": "firwin", "window": {"name": ["kaiser"]}}, "/kernel/window"),
        ({"name": "firwin", "window": {"name": "kaiser", "beta": 701}}, "/kernel/window"),
        ({"name": "firwin", "window": {"name": "kaiser", "size": 5}}, "/kernel/window"),
        ({"name": "firwin", "window": {"name": "hann", "sym": False}}, "/kernel/window"),
        ({"name": "firwin", "window": "kaiser_bessel_derived"}, "/kernel/window"),
        ({"name": "sinc", "window": "dpss", "size": 4}, "/kernel/window"),
        ({"name": "sinc", "cutoff": 1.5}, "/kernel/cutoff"),
        ({"name": "sinc", "size": 0}, "/kernel/size"),
        ({"name": "butterworth", "cutoff": 1}, "/kernel/cutoff"),
        ({"name": "butterworth", "order": 11}, "/kernel/order"),
        ({"name": "hilbert", "size": 50}, "/kernel/size"),
        ({"name": "hilbert", "size": 1}, "/kernel/size"),
    ],
)
def test_a_filter_that_can_not_be_is_refused(document: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel(document)
    assert [fault.pointer for fault in refusal.value.faults] == [pointer]


def test_what_is_wrong_with_a_window_is_told() -> None:
    with pytest.raises(InvalidRequest, match="beta must be at most 700"):
        parse_kernel({"name": "sinc", "window": {"name": "kaiser", "beta": 701}})
    with pytest.raises(InvalidRequest, match="beta; its size is the filter's"):
        parse_kernel({"name": "sinc", "window": {"name": "kaiser", "secret": 701}})


def test_a_window_with_parameters_survives_the_filters_own_json() -> None:
    document = {"name": "firwin", "window": {"name": "kaiser", "beta": 5}, "size": 9}
    spec = parse_kernel(document)
    dumped = spec.model_dump(mode="json")
    assert dumped["window"] == {"name": "kaiser", "beta": 5}
    assert parse_kernel(dumped) == spec


def test_a_butterworth_over_the_limit_is_refused_where_its_length_comes_from() -> None:
    for document, place in (({"cutoff": 1e-6}, "cutoff"), ({"length": 30}, "length")):
        with pytest.raises(LimitExceeded) as refusal:
            parse_kernel({"name": "butterworth", **document}).build(1, limits=KernelLimits(50))
        assert refusal.value.faults[0].pointer == f"/kernel/{place}"


FREQUENCIES = st.floats(0, 1) | st.sampled_from([1e-6, 1e-5, 1 - 1e-6, 1 - 2**-53])


@given(
    st.sampled_from(["firwin", "butterworth"]),
    st.sampled_from(list(CUTOFFS)),
    st.lists(FREQUENCIES, min_size=1, max_size=2),
    st.floats(1e-6, 1e9),
    st.integers(1, 10),
)
def test_any_band_gives_finite_taps_of_moderate_size_or_is_refused(
    name: str, response: str, relative: list[float], fs: float, order: int
) -> None:
    document = {
        "name": name,
        "response": response,
        "fs": fs,
        "cutoff": [edge * fs / 2 for edge in relative],
        "order" if name == "butterworth" else "size": order,
    }
    try:
        bank = parse_kernel(document).build(1, limits=KernelLimits(max_taps=5_000))
    except ServiceError:
        return
    assert np.abs(bank.kernels[0].taps).max() < 10
