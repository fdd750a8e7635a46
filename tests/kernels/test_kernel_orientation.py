"""What every entry takes: rotate, flip, scale and bias, in their order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.errors import InvalidRequest, LimitExceeded
from service.kernels.catalogue import CATALOGUE, complete_by_name
from service.kernels.edges import COMPASS
from service.kernels.kernel import Combine, KernelLimits, Normalize
from service.kernels.parsing import parse_kernel

NAMED = [name for name, entry in CATALOGUE.items() if complete_by_name(entry)]
VALUES = [[1, 2, 3], [4, 5, 6]]
SQUARE = [[1, 2, 3], [8, 9, 4], [7, 6, 5]]


def taps(spec: object, dimensions: int = 2) -> Any:
    (kernel,) = parse_kernel(spec).build(dimensions).kernels
    return kernel.taps


def custom(values: Any, **parameters: Any) -> dict[str, Any]:
    return {"name": "custom", "values": values, **parameters}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"rotate": 0}, VALUES),
        ({"rotate": 90}, [[3, 6], [2, 5], [1, 4]]),
        ({"rotate": 180}, [[6, 5, 4], [3, 2, 1]]),
        ({"rotate": 270}, [[4, 1], [5, 2], [6, 3]]),
        ({"rotate": -90}, [[4, 1], [5, 2], [6, 3]]),
        ({"flip": "horizontal"}, [[3, 2, 1], [6, 5, 4]]),
        ({"flip": "vertical"}, [[4, 5, 6], [1, 2, 3]]),
        ({"flip": "both"}, [[6, 5, 4], [3, 2, 1]]),
        ({"rotate": 90, "flip": "horizontal"}, [[6, 3], [5, 2], [4, 1]]),
    ],
)
def test_a_kernel_is_turned_anticlockwise_and_then_mirrored(
    parameters: dict[str, Any], expected: Any
) -> None:
    np.testing.assert_array_equal(taps(custom(VALUES, **parameters)), expected)


@pytest.mark.parametrize("steps", range(-8, 9))
def test_the_ring_of_nine_taps_turns_by_one_tap_for_45_degrees(steps: int) -> None:
    ring = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
    turned = taps(custom(SQUARE, rotate=45 * steps))
    assert turned[1, 1] == 9
    assert [turned[place] for place in ring] == [(step + steps) % 8 + 1 for step in range(8)]


def test_turned_by_45_degrees_twice_is_turned_by_90() -> None:
    once = taps(custom(SQUARE, rotate=45))
    np.testing.assert_array_equal(taps(custom(once.tolist(), rotate=45)), np.rot90(SQUARE))


@pytest.mark.parametrize("name", ["kirsch", "robinson", "prewitt_compass"])
def test_turning_a_compass_kernel_turns_its_direction_anticlockwise(name: str) -> None:
    for steps in range(8):
        turned = taps({"name": name, "direction": "N", "rotate": 45 * steps})
        named = taps({"name": name, "direction": COMPASS[-steps]})
        np.testing.assert_array_equal(turned, named)


def test_a_signals_kernel_is_reversed_by_a_flip_or_half_a_turn() -> None:
    for parameters in ({"flip": "horizontal"}, {"rotate": 180}, {"rotate": -180}):
        np.testing.assert_array_equal(taps(custom([1, 2, 4], **parameters), 1), [4, 2, 1])
    both = custom([1, 2, 4], flip="horizontal", rotate=180)
    np.testing.assert_array_equal(taps(both, 1), [1, 2, 4])


def test_a_line_is_turned_after_it_lies_on_the_picture() -> None:
    row = custom([1, 2, 4], axes="rows", rotate=90)
    np.testing.assert_array_equal(taps(row), [[4], [2], [1]])
    outer = custom([1, 2, 4], flip="vertical")
    np.testing.assert_array_equal(taps(outer), np.outer([1, 2, 4], [1, 2, 4])[::-1])


@pytest.mark.parametrize(
    ("spec", "dimensions", "place"),
    [
        (custom([1, 2, 4], rotate=90), 1, "rotate"),
        (custom([1, 2, 4], rotate=45), 1, "rotate"),
        (custom([1, 2, 4], flip="vertical"), 1, "flip"),
        (custom([1, 2, 4], flip="both"), 1, "flip"),
        (custom(VALUES, rotate=45), 2, "rotate"),
        ({"name": "sobel", "size": 5, "rotate": -45}, 2, "rotate"),
        ({"name": "roberts", "rotate": 135}, 2, "rotate"),
    ],
)
def test_what_cannot_be_turned_so_is_refused_at_its_place(
    spec: dict[str, Any], dimensions: int, place: str
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel(spec, "/steps/1/kernel").build(dimensions, pointer="/steps/1/kernel")
    assert [fault.pointer for fault in refusal.value.faults] == [f"/steps/1/kernel/{place}"]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("rotate", 30),
        ("rotate", 405),
        ("rotate", 90.0),
        ("rotate", None),
        ("flip", "left"),
        ("flip", True),
        ("scale", 0),
        ("scale", "2"),
        ("scale", 2e9),
        ("bias", None),
        ("bias", 1e13),
    ],
)
def test_what_is_no_such_parameter_is_refused(parameter: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel({"name": "box", parameter: value})
    assert [fault.pointer for fault in refusal.value.faults] == [f"/kernel/{parameter}"]


@pytest.mark.parametrize("name", NAMED)
def test_every_entry_is_turned_scaled_and_biased(name: str) -> None:
    plain = parse_kernel(name).build(2)
    spec = {"name": name, "rotate": 90, "flip": "vertical", "scale": -0.5, "bias": 7}
    changed = parse_kernel(spec).build(2)
    assert changed.combine is plain.combine
    for before, after in zip(plain.kernels, changed.kernels, strict=True):
        np.testing.assert_allclose(after.taps, np.rot90(before.taps)[::-1] / -2, rtol=1e-13)
    whole, single = changed.bias, [kernel.bias for kernel in changed.kernels]
    assert (whole, single) == ((0, [7]) if plain.combine is None else (7, [0] * len(single)))


@pytest.mark.parametrize(
    ("scale", "values", "divisor"),
    [(3, [3, 6, -9], 5), (0.5, [1, 2, -3], 10), (-0.3, [-3, -6, 9], 50), (1 / 3, [1, 2, -3], 15)],
)
def test_scaling_keeps_whole_values_whole(scale: float, values: list[int], divisor: float) -> None:
    spec = custom([0.2, 0.4, -0.6], scale=scale)
    (kernel,) = parse_kernel(spec).build(1).kernels
    np.testing.assert_array_equal(kernel.values, values)
    assert kernel.divisor == divisor


def test_scaling_comes_after_normalising() -> None:
    spec = {"name": "box", "size": 5, "scale": 2**0.5}
    np.testing.assert_allclose(taps(spec, 1), [2**0.5 / 5] * 5, rtol=1e-15)
    np.testing.assert_allclose(taps(spec), np.full((5, 5), 2**0.5 / 25), rtol=1e-15)


def test_a_scale_that_overflows_is_refused_at_its_place() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel(custom([1e300, 1], scale=1e9)).build(1)
    assert refusal.value.faults[0].pointer == "/kernel/scale"


def test_the_magnitude_takes_the_bias_once() -> None:
    bank = parse_kernel({"name": "sobel", "bias": 128}).build(2)
    assert (bank.combine, bank.bias) == (Combine.MAGNITUDE, 128)
    single = parse_kernel({"name": "sobel", "direction": "x", "bias": 128}).build(2)
    assert (single.bias, single.kernels[0].bias) == (0, 128)


SIZED = [
    name
    for name in NAMED
    if "size" in CATALOGUE[name].model_fields and name != "kaiser_bessel_derived"
    if CATALOGUE[name].model_json_schema()["properties"]["size"].get("enum") is None
]


@pytest.mark.parametrize("name", SIZED)
def test_an_entry_that_has_a_size_is_refused_there_before_it_is_computed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object) -> None:
        raise AssertionError("computed")

    monkeypatch.setattr(CATALOGUE[name], "compute", fail)
    with pytest.raises(LimitExceeded, match=r"21.*20") as refusal:
        parse_kernel({"name": name, "size": 21}).build(2, Normalize.NONE, KernelLimits(20, 20))
    assert refusal.value.faults[0].pointer == "/kernel/size"
