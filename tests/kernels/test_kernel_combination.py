"""Several kernels at once: where they lie, how they are combined, and where faults are."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import scipy.signal
from pydantic import ValidationError

from service.convolution.options import Mode
from service.errors import InvalidRequest, LimitExceeded, ServiceError
from service.kernels.catalogue import CATALOGUE, complete_by_name
from service.kernels.description import describe
from service.kernels.kernel import Combine, KernelLimits, Normalize
from service.kernels.parsing import parse_kernel

SOBEL_X = {"name": "sobel", "direction": "x"}
ROWS = [[1, 2, 0], [-3, 0, 5]]


def combination(*kernels: Any, **parameters: Any) -> dict[str, Any]:
    return {"name": "combination", "kernels": list(kernels), **parameters}


def taps(spec: object, dimensions: int = 2) -> list[Any]:
    return [kernel.taps for kernel in parse_kernel(spec).build(dimensions).kernels]


def test_names_objects_and_arrays_stand_side_by_side() -> None:
    found = taps(["outline", SOBEL_X, [[1, 2, 3], [4, 5, 6], [7, 8, 9]]])
    np.testing.assert_array_equal(found[0], [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])
    np.testing.assert_array_equal(found[1], [[1, 0, -1], [2, 0, -2], [1, 0, -1]])
    np.testing.assert_array_equal(found[2], [[1, 2, 3], [4, 5, 6], [7, 8, 9]])


@pytest.mark.parametrize("combine", Combine)
def test_a_list_is_combined_as_is_said_beside_it_and_an_object_as_it_says(
    combine: Combine,
) -> None:
    members = ["box", {"name": "box", "size": 5}]
    assert parse_kernel(members, combine=combine).build(2).combine is combine
    spec = combination(*members, combine=combine.value)
    assert parse_kernel(spec).build(2).combine is combine
    assert parse_kernel(spec, combine=Combine.MAX).build(2).combine is combine
    assert parse_kernel(combination(*members), combine=combine).build(2).combine is combine
    assert parse_kernel(members).build(2).combine is Combine.MAGNITUDE


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("sides", [(3, 5), (2, 5), (4, 1), (4, 3), (2, 3), (6, 4)])
def test_each_of_different_sizes_gives_what_it_gives_alone(mode: Mode, sides: Any) -> None:
    generator = np.random.default_rng(5)
    kernels = [generator.integers(-9, 9, side) for side in sides]
    signal = generator.integers(-9, 9, 20)
    bank = parse_kernel([{"name": "custom", "values": k.tolist()} for k in kernels]).build(1)
    for alone, framed in zip(kernels, bank.kernels, strict=True):
        assert len(framed.values) == max(sides)
        found = scipy.signal.convolve(signal, framed.values, mode.value)
        wanted = scipy.signal.convolve(signal, alone, mode.value)
        middle = scipy.signal.convolve(signal, alone, "same")
        if mode is Mode.SAME:
            np.testing.assert_array_equal(found, wanted)
        elif mode is Mode.VALID:
            start = (max(sides) - 1) - (max(sides) - 1) // 2
            np.testing.assert_array_equal(found, middle[start : start + len(found)])
        else:
            trimmed = found[(max(sides) - 1) // 2 - (len(alone) - 1) // 2 :][: len(wanted)]
            np.testing.assert_array_equal(trimmed, wanted)


def test_kernels_of_different_shapes_lie_in_zeros_with_their_origins_on_one_another() -> None:
    first, second = taps([{"name": "custom", "values": ROWS}, {"name": "box", "size": 5}])
    np.testing.assert_array_equal(first, np.pad(ROWS, [(2, 1), (1, 1)]))
    np.testing.assert_array_equal(second, np.full((5, 5), 1 / 25))


def test_members_and_the_whole_are_turned_about_their_own_origins() -> None:
    wide = {"name": "custom", "values": ROWS}
    turned = taps(combination({**wide, "rotate": 90}, {"name": "box", "axes": "rows", "size": 3}))
    assert turned[0].shape == (3, 3)
    np.testing.assert_array_equal(turned[0][:, 1:], np.rot90(ROWS))
    whole = taps(combination(wide, "outline", rotate=90, flip="vertical", scale=2, bias=5))
    np.testing.assert_array_equal(whole[0][:, 1:], 2 * np.rot90(ROWS)[::-1])
    bank = parse_kernel(combination(wide, "outline", bias=5)).build(2)
    assert (bank.bias, [kernel.bias for kernel in bank.kernels]) == (5, [0, 0])


def test_each_member_keeps_its_own_normalisation_scale_and_bias() -> None:
    spec = [
        {"name": "box", "size": 3, "bias": 4},
        {"name": "custom", "values": [1, 2, 4], "normalize": "l1", "scale": 3},
        [1, -2, 4],
    ]
    assert taps([*spec[:2]], 1)[1].tolist() == [3 / 7, 6 / 7, 12 / 7]
    bank = parse_kernel(combination(*spec, normalize="peak")).build(1, Normalize.L2)
    np.testing.assert_allclose(bank.kernels[0].taps, [1, 1, 1])
    np.testing.assert_allclose(bank.kernels[1].taps, [3 / 7, 6 / 7, 12 / 7])
    np.testing.assert_allclose(bank.kernels[2].taps, [0.25, -0.5, 1])
    assert [kernel.bias for kernel in bank.kernels] == [4, 0, 0]


def test_one_kernel_alone_is_as_it_is() -> None:
    bank = parse_kernel(["outline"]).build(2)
    assert bank.combine is None
    np.testing.assert_array_equal(bank.kernels[0].taps, taps("outline")[0])


@pytest.mark.parametrize(("name", "combine"), [("sobel", "magnitude"), ("kirsch", "max")])
def test_an_entry_of_several_kernels_joins_those_that_are_combined_alike(
    name: str, combine: str
) -> None:
    bank = parse_kernel(combination("outline", name, combine=combine)).build(2)
    alone = parse_kernel(name).build(2)
    assert bank.combine is alone.combine
    for joined, own in zip(bank.kernels[1:], alone.kernels, strict=True):
        np.testing.assert_array_equal(joined.taps, own.taps)
    for other in set(Combine) - {alone.combine}:
        with pytest.raises(InvalidRequest) as refusal:
            parse_kernel(combination("outline", name, combine=other.value)).build(2)
        assert refusal.value.faults[0].pointer == "/kernel/kernels/1"
    biased = combination({"name": name, "bias": 1}, "outline", combine=combine)
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel(biased).build(2)
    assert refusal.value.faults[0].pointer == "/kernel/kernels/0/bias"


FAULTS: list[tuple[list[Any], str]] = [
    (["box", {"name": "gaussian", "sigma": 0}], "/1/sigma"),
    (["box", "nothing"], "/1"),
    (["box", {"name": "nothing"}], "/1/name"),
    (["box", {"sigma": 1}], "/1/name"),
    (["box", [1, "2"]], "/1/1"),
    ([{"name": "custom", "values": [1, "2"]}, "box"], "/0/values/1"),
    (["box", ["box"]], "/1/0"),
    (["box", combination("box")], "/1"),
    (["box"] * 65, ""),
]


@pytest.mark.parametrize(("members", "place"), FAULTS)
def test_every_fault_is_pointed_at_where_it_stands(members: list[Any], place: str) -> None:
    for spec, below in ((members, "/k"), (combination(*members), "/k/kernels")):
        with pytest.raises(ServiceError) as refusal:
            parse_kernel(spec, "/k")
        assert [fault.pointer for fault in refusal.value.faults] == [below + place]


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        (combination(), "/kernels"),
        ({"name": "combination"}, "/kernels"),
        ({"name": "combination", "kernels": "box"}, "/kernels"),
        (combination("box", combine="min"), "/combine"),
        (combination("box", 3), "/kernels/1"),
        (["box", 3], "/0"),
        (["box", None], "/0"),
        ("combination", "/kernels"),
    ],
)
def test_what_is_no_combination_is_refused(spec: Any, place: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_kernel(spec)
    assert [fault.pointer for fault in refusal.value.faults] == [f"/kernel{place}"]


def test_the_model_itself_takes_specifications_alone() -> None:
    for held in ({"name": "box"}, parse_kernel(combination("box"))):
        with pytest.raises(ValidationError):
            CATALOGUE["combination"].model_validate({"name": "combination", "kernels": [held]})


def test_faults_of_building_are_pointed_at_too() -> None:
    wide = [{"name": "box", "size": 7}, {"name": "box", "size": 9}]
    for spec, below in ((wide, "/k"), (combination(*wide), "/k/kernels")):
        with pytest.raises(LimitExceeded) as refusal:
            parse_kernel(spec).build(1, limits=KernelLimits(max_taps=8), pointer="/k")
        assert refusal.value.faults[0].pointer == f"{below}/1/size"
        with pytest.raises(LimitExceeded, match=r"18.*15") as refusal:
            parse_kernel(spec).build(1, limits=KernelLimits(max_taps=15), pointer="/k")
        assert refusal.value.faults[0].pointer == below
        with pytest.raises(LimitExceeded, match=r"162.*100") as refusal:
            parse_kernel(spec).build(2, limits=KernelLimits(max_side=10), pointer="/k")
        assert refusal.value.faults[0].pointer == below


def test_a_rule_that_fails_is_pointed_at_where_it_stands() -> None:
    for spec, beside, place in (
        ([{"name": "sobel", "normalize": "sum"}], None, "/kernel/0/normalize"),
        (combination("sobel", normalize="sum"), None, "/kernel/normalize"),
        (["sobel"], Normalize.SUM, "/normalize"),
    ):
        with pytest.raises(InvalidRequest) as refusal:
            parse_kernel(spec).build(2, beside)
        assert refusal.value.faults[0].pointer == place


def test_the_total_counts_the_kernels_that_entries_have_of_themselves() -> None:
    spec = parse_kernel(combination("kirsch", {"name": "box", "size": 9}, combine="max"))
    assert len(spec.build(2, limits=KernelLimits(max_side=27)).kernels) == 9
    with pytest.raises(LimitExceeded, match=r"729.*676"):
        spec.build(2, limits=KernelLimits(max_side=26))


def test_its_dimensions_are_those_of_its_kernels() -> None:
    assert describe(CATALOGUE["combination"])["dimensions"] == [1, 2]
    assert parse_kernel([{"name": "box"}, "hann"]).extent().shape == (50,)
    assert parse_kernel(["box", "sobel"]).extent().shape == (3, 3)
    rows = {"name": "box", "axes": "rows", "size": 7}
    assert parse_kernel([rows, "box"]).extent().shape == (3, 7)


@pytest.mark.parametrize("spec", [["box", SOBEL_X, [[1, 2]]], combination("box", "hann")])
def test_a_combination_survives_pickling_and_its_own_json(spec: Any) -> None:
    parsed = parse_kernel(spec)
    again = parse_kernel(parsed.model_dump(mode="json"))
    for twin in (again, pickle.loads(pickle.dumps(parsed))):  # noqa: S301
        for one, other in zip(parsed.build(2).kernels, twin.build(2).kernels, strict=True):
            np.testing.assert_array_equal(one.values, other.values)


@pytest.mark.parametrize("name", [n for n, e in CATALOGUE.items() if complete_by_name(e)])
def test_every_entry_can_be_one_of_several(name: str) -> None:
    alone = parse_kernel(name).build(2)
    how = alone.combine or Combine.MEAN
    bank = parse_kernel([[[1, 2]], {"name": name}], combine=how).build(2)
    assert bank.combine is how
    for joined, own in zip(bank.kernels[1:], alone.kernels, strict=True):
        assert joined.divisor == own.divisor
        np.testing.assert_array_equal(
            joined.values[np.nonzero(joined.values)], own.values[np.nonzero(own.values)]
        )
