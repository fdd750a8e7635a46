"""What callers send, right and wrong, and where each fault is said to be."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidRequest, ServiceError, UnknownKernel
from service.kernels.catalogue import CATALOGUE, complete_by_name
from service.kernels.kernel import KernelLimits, Normalize
from service.kernels.parsing import parse_kernel

NAN, INFINITY = float("nan"), float("inf")

WRONG: list[tuple[object, list[str]]] = [
    (None, [""]),
    (True, [""]),
    (3, [""]),
    (NAN, [""]),
    ([], [""]),
    ([[]], ["/0"]),
    ([[1, 2], [3]], ["/1"]),
    ([[1, 2], [3, "4"]], ["/1/1"]),
    ([1, True], ["/1"]),
    ([1, None], ["/1"]),
    ([1, NAN], ["/1"]),
    ([[1, INFINITY]], ["/0/1"]),
    ([1, 10**400], [""]),
    ([[[1]]], ["/0/0"]),
    ({}, ["/name"]),
    ({"values": [1, 2]}, ["/name"]),
    ({"name": None}, ["/name"]),
    ({"name": ["hann"]}, ["/name"]),
    ("custom", ["/values"]),
    ({"name": "custom", "values": [1, "2"]}, ["/values/1"]),
    ({"name": "custom", "values": [[1], [2, 3]]}, ["/values/1"]),
    ({"name": "custom", "values": 3}, ["/values"]),
    ({"name": "custom", "values": [1], "axes": "row"}, ["/axes"]),
    ({"name": "box", "size": True}, ["/size"]),
    ({"name": "box", "size": "3"}, ["/size"]),
    ({"name": "box", "size": None}, ["/size"]),
    ({"name": "box", "size": 3.5}, ["/size"]),
    ({"name": "box", "size": 0}, ["/size"]),
    ({"name": "box", "size": 1_048_577}, ["/size"]),
    ({"name": "box", "size": 10**5000}, ["/size"]),
    ({"name": "gaussian", "sigma": True}, ["/sigma"]),
    ({"name": "gaussian", "sigma": "1"}, ["/sigma"]),
    ({"name": "gaussian", "std": "1"}, ["/std"]),
    ({"name": "gaussian", "sigma": NAN}, ["/sigma"]),
    ({"name": "gaussian", "sigma": INFINITY}, ["/sigma"]),
    ({"name": "gaussian", "sigma": 10**400}, ["/sigma"]),
    ({"name": "gaussian", "sigma": 0}, ["/sigma"]),
    ({"name": "hann", "sym": 1}, ["/sym"]),
    ({"name": "hann", "sym": "true"}, ["/sym"]),
    ({"name": "hann", "std": 3}, ["/std"]),
    ({"name": "hann", "size": "3", "spread": 3}, ["/size", "/spread"]),
    ({"name": "hann", "a/b": 3}, [""]),
    ({"name": "hann", "x" * 65: 3}, [""]),
    ({"name": "hann", "normalize": "L1"}, ["/normalize"]),
    ({"name": "hann", "normalize": 0}, ["/normalize"]),
    ({"name": "sobel", "direction": "X"}, ["/direction"]),
    ({"name": "kirsch", "direction": "n"}, ["/direction"]),
    ({"name": "laplacian", "neighbours": 6}, ["/neighbours"]),
    ({"name": "laplacian", "neighbours": "4"}, ["/neighbours"]),
]


@pytest.mark.parametrize("pointer", ["/kernel", "/steps/0/kernel"])
@pytest.mark.parametrize(("value", "places"), WRONG, ids=range(len(WRONG)))
def test_every_fault_is_pointed_at(value: object, places: list[str], pointer: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel(value, pointer)
    assert [fault.pointer for fault in refusal.value.faults] == [pointer + at for at in places]
    assert all(len(fault.detail) < 120 for fault in refusal.value.faults)


def test_what_is_allowed_is_said() -> None:
    with pytest.raises(InvalidRequest, match="'x', 'y' or 'magnitude'"):
        parse_kernel({"name": "sobel", "direction": "X"})
    with pytest.raises(InvalidRequest, match="at most 1,048,576, not 2,000,000"):
        parse_kernel({"name": "hann", "size": 2_000_000})


def test_the_input_is_never_repeated() -> None:
    markup = "<script>"
    documents: list[object] = [
        markup,
        {"name": markup},
        {"name": "hann", "size": markup},
        {"name": "hann", markup: 1},
        {"name": "sobel", "direction": markup},
        [markup],
    ]
    for document in documents:
        with pytest.raises(ServiceError) as refusal:
            parse_kernel(document)
        assert markup not in str(refusal.value.to_wire())


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("gausian", "gaussian"),
        ("Gaussian", "gaussian"),
        ("SOBEL", "sobel"),
        ("hanning", "hann"),
        ("laplace", "laplacian"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest_ones(wrong: str, right: str) -> None:
    with pytest.raises(UnknownKernel, match=right) as refusal:
        parse_kernel(wrong)
    assert refusal.value.faults[0].pointer == "/kernel"
    with pytest.raises(UnknownKernel, match=r"GET /v1/kernels") as refusal:
        parse_kernel({"name": wrong})
    assert refusal.value.faults[0].pointer == "/kernel/name"


def test_a_very_long_unknown_name_is_refused_like_a_short_one() -> None:
    with pytest.raises(UnknownKernel, match=r"^There is no kernel of that name\. GET"):
        parse_kernel("x" * 1_000_000)


@pytest.mark.parametrize("values", [[1, -2, 3], [[1, 2, 3], [4, 5, -6]]])
def test_an_array_is_short_for_custom(values: list[Any]) -> None:
    dimensions = np.ndim(values)
    for document in (values, {"name": "custom", "values": values}):
        (kernel,) = parse_kernel(document).build(dimensions).kernels
        np.testing.assert_array_equal(kernel.taps, values)
        assert kernel.divisor == 1


def test_the_taps_of_a_custom_kernel_are_read_only() -> None:
    (taps,) = parse_kernel([1, 2]).compute()
    with pytest.raises(ValueError, match="read-only"):
        taps[0] = 3


def test_custom_taps_of_one_dimension_lie_on_a_picture_as_axes_says() -> None:
    line = [1, -2, 4]
    for axes, expected in (
        ("both", np.outer(line, line)),
        ("rows", [[1, -2, 4]]),
        ("columns", [[1], [-2], [4]]),
    ):
        spec = parse_kernel({"name": "custom", "values": line, "axes": axes})
        np.testing.assert_array_equal(spec.build(2).kernels[0].taps, expected)


def test_custom_taps_of_two_dimensions_have_no_axes_and_are_for_pictures() -> None:
    for spec, dimensions, place in (
        ({"name": "custom", "values": [[1, 2]], "axes": "rows"}, 2, "/kernel/axes"),
        ({"name": "custom", "values": [[1, 2]]}, 1, "/kernel"),
    ):
        with pytest.raises(InvalidRequest) as refusal:
            parse_kernel(spec).build(dimensions)
        assert refusal.value.faults[0].pointer == place


def test_a_custom_kernel_equals_itself_alone_and_dumps_to_lists() -> None:
    spec, twin = parse_kernel([[1, 2]]), parse_kernel([[1, 2]])
    assert spec == spec
    assert spec != twin
    assert len({spec, twin}) == 2
    assert spec.model_dump(mode="json")["values"] == [[1, 2]]


@pytest.mark.parametrize("name", [name for name in CATALOGUE if complete_by_name(CATALOGUE[name])])
def test_a_specification_survives_pickling_and_its_own_json(name: str) -> None:
    spec = parse_kernel(name)
    assert pickle.loads(pickle.dumps(spec)) == spec  # noqa: S301
    assert parse_kernel(spec.model_dump(mode="json")) == spec


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
PARAMETERS = sorted({key for entry in CATALOGUE.values() for key in entry.model_fields} | {"std"})
NUMBERS = st.integers(-2, 40) | st.floats() | st.sampled_from([1e308, 1e-308, 5e-324])
WORDS = st.sampled_from([*Normalize, "rows", "columns", "x", "NE", "all"]).map(str)
SPECIFICATIONS = st.fixed_dictionaries({"name": st.sampled_from(list(CATALOGUE))}).flatmap(
    lambda named: st.dictionaries(
        st.sampled_from([key for key in PARAMETERS if key != "name"]),
        NUMBERS | WORDS | st.booleans() | st.none() | st.lists(NUMBERS, max_size=4),
        max_size=3,
    ).map(lambda parameters: named | parameters)
)


SEVERAL = st.lists(SPECIFICATIONS | st.lists(NUMBERS, max_size=4), max_size=3)
COMBINATIONS = SEVERAL | SEVERAL.map(lambda several: {"name": "combination", "kernels": several})


@given(JSON | SPECIFICATIONS | COMBINATIONS | st.lists(st.lists(NUMBERS)), st.sampled_from([1, 2]))
def test_any_json_builds_finite_taps_or_raises_an_error_of_the_service(
    value: object, dimensions: int
) -> None:
    try:
        bank = parse_kernel(value).build(dimensions, limits=KernelLimits(5_000, 64))
    except ServiceError:
        return
    for kernel in bank.kernels:
        assert kernel.taps.ndim == dimensions
        assert np.isfinite(kernel.taps).all()
