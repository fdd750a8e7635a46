"""Costs as data: that a file of them is read as it was written, and nothing else is."""

import json
from dataclasses import replace

import numpy as np
import pytest

from service.convolution.costs import DEFAULT_COSTS, Costs, costs, use_costs


def changed(path, value):
    document = json.loads(DEFAULT_COSTS.to_json())
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return json.dumps(document)


def test_costs_are_read_as_they_were_written():
    other = replace(DEFAULT_COSTS, line_tap=0.25)
    assert Costs.from_json(other.to_json()) == other


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "3",
        changed(["line_tap"], -1.0),
        changed(["line_tap"], "1"),
        changed(["line_tap"], value=True),
        changed(["unheard_of"], 1.0),
        changed(["float32"], 1.0),
        changed(["float32", "direct_tap"], 0),
        changed(["float64", "signal_tiles"], {}),
        changed(["float64", "signal_tiles"], {"many": 1.0}),
        changed(["float64", "signal_tiles"], {"-64": 1.0}),
        changed(["float64", "picture_tiles", "64"], None),
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match=r"cost|tile"):
        Costs.from_json(text)


def test_tables_are_in_order_whatever_the_files_is():
    text = changed(["float32", "picture_tiles"], {"256": 3.0, "64": 4.0})
    assert list(Costs.from_json(text).float32.picture_tiles) == [64, 256]


def test_costs_in_use_are_told_and_given_back():
    other = replace(DEFAULT_COSTS, call=1.0)
    with use_costs(other):
        assert costs() is other
    assert costs() is DEFAULT_COSTS


def test_each_precision_has_its_own():
    assert DEFAULT_COSTS.of(np.float32) is DEFAULT_COSTS.float32
    assert DEFAULT_COSTS.of(np.float64) is DEFAULT_COSTS.float64
