"""Figures: what stands in them, as their SVG tells it, and that they are pictures."""

from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from service.plots.kernels import kernel_figure
from service.plots.lines import _envelope
from service.plots.rendering import render
from service.plots.signals import TITLES, matrix_figure, signal_figure

SIGNAL = np.repeat([0.0, 1.0, -0.5], 40)
TAPS = np.array([1.0, 2.0, -4.0, 0.5])
SQUARE = np.outer([1.0, 2.0, 4.0], [1.0, 0.0, -1.0])
FIGURES = {
    "signal": signal_figure(SIGNAL, [TAPS], np.convolve(SIGNAL, TAPS, "same")),
    "signal and two kernels": signal_figure(SIGNAL, [TAPS, TAPS[::-1]], SIGNAL),
    "full signal": signal_figure(SIGNAL, [TAPS], np.convolve(SIGNAL, TAPS), first=-2),
    "constant signal": signal_figure(np.zeros(1), [np.ones(1)], np.zeros(1)),
    "matrix": matrix_figure(np.outer(SIGNAL, TAPS), [SQUARE, SQUARE.T], np.outer(TAPS, SIGNAL)),
    "matrix of gaps": matrix_figure(np.full((3, 4), np.nan), [SQUARE], np.full((2, 2), np.nan)),
    "kernel of one dimension": kernel_figure("mine", [TAPS]),
    "kernel of zeros": kernel_figure("mine", [np.zeros(5)]),
    "kernel of one tap": kernel_figure("mine", [np.ones(1)]),
    "kernel of two dimensions": kernel_figure("mine", [SQUARE]),
    "constant kernel": kernel_figure("mine", [np.ones((2, 3))]),
    "large kernel": kernel_figure("mine", [np.outer(np.arange(70.0), np.arange(60.0))]),
    "bank": kernel_figure("mine", [np.roll(SQUARE, i, axis=0) for i in range(9)]),
}


def texts(svg):
    return [
        "".join(each.itertext()).strip()
        for each in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")  # noqa: S314
    ]


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("file_type", ["png", "svg"])
def test_a_figure_drawn_twice_is_the_same_file(name, file_type):
    first, second = (render(FIGURES[name], file_type) for _ in range(2))
    assert first == second
    if file_type == "png":
        with Image.open(BytesIO(first)) as picture:
            assert len(set(picture.convert("L").get_flattened_data())) > 10
    else:
        assert len(texts(first)) > 3


def test_the_signal_figure_has_the_three_panels_of_the_notebook():
    assert set(TITLES) <= set(texts(render(FIGURES["signal"], "svg")))
    assert set(TITLES) <= set(texts(render(FIGURES["matrix"], "svg")))


def test_small_kernels_are_labelled_with_their_taps():
    taps = np.array([[0.25, -3.0], [17.0, 1e-9]])
    assert {"0.25", "-3", "17", "1e-09"} <= set(texts(render(kernel_figure("k", [taps]), "svg")))


def test_a_kernel_of_one_dimension_comes_with_its_frequency_response():
    assert "Frequency response" in texts(render(FIGURES["kernel of one dimension"], "svg"))


def test_a_long_curve_keeps_its_extremes_and_becomes_no_large_file():
    values = np.zeros(1_000_000)
    values[123_456], values[654_321] = 7, -9
    positions, shown = _envelope(values)
    assert (shown.max(), shown.min()) == (7, -9)
    assert abs(positions[shown.argmax()] - 123_456) < 1000
    assert len(render(signal_figure(values, [TAPS], values), "svg")) < 1_000_000


def test_gaps_are_left_where_there_is_no_number():
    values = np.ones(10_000)
    values[2_000:8_000] = np.nan
    _, shown = _envelope(values)
    assert 0.5 < np.isnan(shown).mean() < 0.7
    render(signal_figure(values, [TAPS], values), "png")
