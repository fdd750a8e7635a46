"""The windows against scipy's, computed live."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.signal.windows
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidRequest
from service.kernels.catalogue import CATALOGUE, entry_name
from service.kernels.kernel import KernelLimits, Normalize
from service.kernels.parsing import parse_kernel
from service.kernels.windows import WINDOWS, Window

COMMON = set(Window.model_fields)
NOT_DEFAULT: dict[str, dict[str, Any]] = {
    "chebwin": {"at": 30},
    "dpss": {"NW": 3},
    "exponential": {"tau": 4.5, "center": 2, "sym": False},
    "general_cosine": {"a": [1, 1.9, 1.2, 0.3]},
    "general_gaussian": {"p": 0.5, "sig": 3},
    "general_hamming": {"alpha": 0.75},
    "kaiser": {"beta": 5},
    "kaiser_bessel_derived": {"beta": 5},
    "taylor": {"nbar": 6, "sll": 40, "norm": False},
    "tukey": {"alpha": 0.25},
}


def scipys(name: str, size: int, **parameters: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(scipy.signal.windows, name)(size, **parameters)


def test_every_window_of_scipy_is_in_the_catalogue() -> None:
    assert set(scipy.signal.windows.__all__) - {"get_window"} <= set(CATALOGUE)


@pytest.mark.parametrize("name", [entry_name(window) for window in WINDOWS])
@pytest.mark.parametrize("size", [8, 30, 50])
def test_a_window_is_scipys_to_the_bit_with_other_parameters_than_the_default(
    name: str, size: int
) -> None:
    parameters = NOT_DEFAULT.get(name, {})
    spec = parse_kernel({"name": name, "size": size, **parameters})
    (kernel,) = spec.build(1, Normalize.NONE).kernels
    np.testing.assert_array_equal(kernel.taps, scipys(name, size, **parameters))


@pytest.mark.parametrize(
    "name", [entry_name(window) for window in WINDOWS if "kaiser_bessel" not in entry_name(window)]
)
@pytest.mark.parametrize("size", [9, 12])
def test_a_periodic_window_is_scipys(name: str, size: int) -> None:
    defaults = parse_kernel(name).model_dump(exclude=COMMON)
    spec = parse_kernel({"name": name, "size": size, "sym": False})
    (kernel,) = spec.build(1, Normalize.NONE).kernels
    expected = scipys(name, size, **defaults, sym=False)
    np.testing.assert_array_equal(kernel.taps, expected)
    assert kernel.values[0] != kernel.values[-1] or name == "boxcar"


def test_every_window_with_parameters_of_its_own_is_tested_with_other_values() -> None:
    with_parameters = {
        entry_name(window) for window in WINDOWS if set(window.model_fields) - COMMON
    }
    assert with_parameters == set(NOT_DEFAULT)


@pytest.mark.parametrize("name", [entry_name(window) for window in WINDOWS])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_the_smallest_windows_are_finite_or_refused_and_never_warn(name: str, size: int) -> None:
    try:
        bank = parse_kernel({"name": name, "size": size}).build(1)
    except InvalidRequest:
        return
    assert bank.kernels[0].taps.shape == (size,)
    assert np.isfinite(bank.kernels[0].taps).all()


def test_a_window_over_its_sum_has_the_weight_one() -> None:
    (kernel,) = parse_kernel({"name": "hann", "size": 50}).build(1).kernels
    assert kernel.divisor == scipy.signal.windows.hann(50).sum()
    assert kernel.taps.sum() == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({"name": "exponential", "center": 3}, "/kernel/center"),
        ({"name": "kaiser_bessel_derived", "size": 7}, "/kernel/size"),
        ({"name": "kaiser_bessel_derived", "sym": False}, "/kernel/sym"),
        ({"name": "dpss", "size": 10, "NW": 5}, "/kernel/NW"),
        ({"name": "dpss", "size": 5}, "/kernel/NW"),
        ({"name": "dpss", "size": 262_145}, "/kernel/size"),
        ({"name": "taylor", "size": 1_048_576, "nbar": 9}, "/kernel/nbar"),
        ({"name": "general_cosine", "a": []}, "/kernel/a"),
        ({"name": "general_cosine", "a": [1, True]}, "/kernel/a/1"),
        ({"name": "general_cosine", "a": [1] * 17}, "/kernel/a"),
        ({"name": "kaiser", "beta": 701}, "/kernel/beta"),
    ],
)
def test_what_scipy_refuses_is_refused_with_the_parameter_named(
    spec: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel(spec)
    assert [fault.pointer for fault in refusal.value.faults] == [pointer]


def test_taps_that_overflow_are_refused() -> None:
    spec = parse_kernel({"name": "general_cosine", "a": [1e308, 1e308], "normalize": "none"})
    with pytest.raises(InvalidRequest, match="not finite"):
        spec.build(1)


@st.composite
def window_documents(draw: st.DrawFn) -> dict[str, Any]:
    """Any window with every parameter of its own somewhere in, or on, its bounds."""
    window = draw(st.sampled_from(WINDOWS))
    document: dict[str, Any] = {"name": entry_name(window), "size": draw(st.integers(1, 64))}
    for name, schema in window.model_json_schema()["properties"].items():
        if schema.get("type") == "number":
            low = schema.get("minimum", schema.get("exclusiveMinimum"))
            high = schema.get("maximum", schema.get("exclusiveMaximum"))
            document[name] = draw(st.floats(low, high))
        elif schema.get("type") == "boolean":
            document[name] = draw(st.booleans())
    return document


@given(window_documents())
def test_within_the_bounds_a_window_is_finite_or_refused_and_never_fails(
    document: dict[str, Any],
) -> None:
    try:
        bank = parse_kernel(document).build(1, Normalize.NONE, KernelLimits())
    except InvalidRequest:
        return
    assert np.isfinite(bank.kernels[0].taps).all()
