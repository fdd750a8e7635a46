"""A job takes little more memory than its picture, whatever is computed on the way."""

from __future__ import annotations

import tracemalloc
from dataclasses import asdict

import numpy as np
import pytest

from service.pipelines import rows, written
from service.pipelines.pictures import convolve_picture
from tests.pipelines.calling import LIMITS, png_of, text_of

SHAPE = (1400, 750, 3)
GAUSSIAN = {"name": "gaussian", "size": 15}
JOBS = {
    "whole taps": {"kernel": "laplacian"},
    "fractions": {"kernel": GAUSSIAN},
    "a bank": {"kernel": "sobel"},
    "stretched": {"kernel": GAUSSIAN, "absolute": True, "scaling": "minmax"},
    "light": {"kernel": GAUSSIAN, "linear_light": True},
    "luma": {"kernel": "laplacian", "channels": "luma"},
    "steps": {"steps": ["laplacian", {"kernel": GAUSSIAN, "bias": 3}, "sobel"]},
    "large samples": {"kernel": GAUSSIAN, "scaling": "clip", "bias": 0.3},
}


@pytest.fixture
def peak(monkeypatch):
    """The largest memory that a job holds at once, as a multiple of its picture's."""
    # As small beside this picture as bands are beside large ones.
    monkeypatch.setattr(rows, "_SAMPLES_AT_ONCE", 2**14)
    monkeypatch.setattr(written, "_MOST_KEPT", 0)

    def measured(picture, output, **options):
        fields = {"image": png_of(picture)} | {name: text_of(v) for name, v in options.items()}
        parts = {name: memoryview(data) for name, data in fields.items()}
        tracemalloc.start()
        try:
            convolve_picture(parts, output=output, include=(), limits=asdict(LIMITS))
            return tracemalloc.get_traced_memory()[1] / picture.nbytes
        finally:
            tracemalloc.stop()

    return measured


@pytest.mark.parametrize("name", JOBS)
def test_numbers_of_a_picture_are_never_held_as_a_whole(draw, peak, name):
    # The picture, the result, and what its encoding takes.
    assert peak(draw(*SHAPE), output="tiff", **JOBS[name]) < 4


def test_opacity_takes_no_more(draw, peak):
    options = {"kernel": GAUSSIAN, "alpha": "premultiplied"}
    assert peak(draw(*SHAPE[:2], 4), output="tiff", **options) < 4


def test_a_file_of_numbers_is_held_once(draw, peak):
    numbers = np.dtype(np.float64).itemsize
    assert peak(draw(*SHAPE), kernel=GAUSSIAN, output="npy", scaling="none") < numbers + 2.5
