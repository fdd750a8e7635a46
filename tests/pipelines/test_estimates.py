"""Estimates refuse what the job would refuse, and nothing that it would do."""

from __future__ import annotations

from io import BytesIO

import orjson
import pytest
from PIL import Image

from service.errors import InvalidRequest, LimitExceeded, NotFound, ServiceError, UnknownKernel
from service.formats.measuring import measured_size
from service.formats.table import FORMATS, Subject
from service.pipelines.activations import activate
from service.pipelines.estimates import (
    estimate_activations,
    estimate_filters,
    estimate_kernel,
    estimate_named_kernel,
    estimate_picture,
    estimate_plan,
    estimate_signal,
)
from service.pipelines.filters import show_filters
from service.pipelines.kernels import show_kernel
from service.pipelines.pictures import convolve_picture
from service.pipelines.plans import plan_convolution
from service.pipelines.signals import JSON_BODY, convolve_signal
from service.settings import Settings
from tests.pipelines.calling import LIMITS, call, png_of, text_of

TIGHT = LIMITS.__class__(**{**vars(LIMITS), "max_multiply_adds": 2e4})


def outcome(job, parts, **arguments):
    try:
        return call(job, parts, TIGHT, **arguments).facts
    except ServiceError as error:
        return type(error), [fault.pointer for fault in error.faults]


PICTURE_REQUESTS = {
    "sound": {"kernel": "box"},
    "too much work": {"kernel": {"name": "box", "size": 101}, "method": "direct"},
    "too much work in two steps": {"steps": [{"name": "box", "size": 15}] * 9},
    "an unknown kernel": {"kernel": "bocks"},
    "an unknown field": {"kernel": "box", "colour": 1},
    "valid with a kernel that is too large": {
        "kernel": {"name": "box", "size": 99},
        "mode": "valid",
    },
    "a sum of zero": {"kernel": [1, -1], "normalize": "sum"},
    "no kernel": {},
}


@pytest.mark.parametrize("name", PICTURE_REQUESTS)
def test_a_picture_is_refused_by_its_estimate_as_by_its_job(draw, name):
    fields = PICTURE_REQUESTS[name]
    parts = {key: text_of(value) for key, value in fields.items()} | {"image": png_of(draw(40, 41))}
    estimated = outcome(estimate_picture, parts, output="png", include=[])
    done = outcome(convolve_picture, parts, output="png", include=[])
    if isinstance(estimated, dict):
        assert isinstance(done, dict)
        assert estimated == {"express": True}
    else:
        assert estimated == done


@pytest.mark.parametrize("body", [{"signal": [1, 2, 3], "kernel": "box"}, {"kernel": "box"}, {}])
def test_a_signal_is_refused_by_its_estimate_as_by_its_job(body):
    parts = {JSON_BODY: orjson.dumps(body)}
    estimated = outcome(estimate_signal, parts, output="json", include=[])
    done = outcome(convolve_signal, parts, output="json", include=[])
    assert estimated == ({"express": True} if isinstance(done, dict) else done)


def test_a_signal_of_too_much_work_is_refused():
    body = {"signal": [1.0] * 5000, "kernel": {"name": "hann", "size": 999}, "method": "direct"}
    parts = {JSON_BODY: orjson.dumps(body)}
    assert outcome(estimate_signal, parts, output="json", include=[])[0] is LimitExceeded


LONG_PICTURES = {
    "a large kernel": {"kernel": {"name": "disk", "radius": 40}, "method": "direct"},
    "a slow format": {"kernel": "box", "output": "webp"},
    "a large kernel to tell of": {"kernel": {"name": "box", "size": 201}, "include": ["kernel"]},
    "a kernel that takes long to build": {"kernel": {"name": "gaussian", "size": 999}},
}


@pytest.mark.parametrize("name", LONG_PICTURES)
def test_a_picture_that_would_take_long_is_no_short_job(draw, name):
    fields = dict(LONG_PICTURES[name])
    asking = {"output": fields.pop("output", "png"), "include": fields.pop("include", [])}
    parts = {key: text_of(value) for key, value in fields.items()}
    facts = call(estimate_picture, parts | {"image": png_of(draw(300, 310))}, **asking).facts
    assert facts == {"express": False}


def test_a_picture_as_the_kernel_is_estimated_by_its_header(draw):
    def estimated(side, kernel_side):
        parts = {"image": png_of(draw(side, side)), "kernel_image": png_of(draw(*kernel_side))}
        parts["method"] = b"direct"
        return call(estimate_picture, parts, output="png", include=[]).facts

    assert estimated(20, (3, 5)) == {"express": True}
    assert estimated(400, (150, 150)) == {"express": False}
    assert estimated(20, (700, 700)) == {"express": False}


@pytest.mark.parametrize("beside", [{"kernel": b"box"}, {"mode": b"valid"}])
def test_a_request_with_a_picture_as_the_kernel_is_refused_as_by_its_job(draw, beside):
    parts = {"image": png_of(draw(5, 6)), "kernel_image": png_of(draw(7, 3)), **beside}
    refused = outcome(estimate_picture, parts, output="png", include=[])
    assert refused == outcome(convolve_picture, parts, output="png", include=[])
    assert refused[0] is InvalidRequest


def test_what_a_header_does_not_tell_is_left_to_the_job(draw):
    for parts in (
        {"image": b"no picture", "kernel": b"box"},
        {"image": png_of(draw(9, 9)), "kernel_image": b"no picture"},
        {"kernel": b"box"},
    ):
        assert call(estimate_picture, parts, output="png", include=[]).facts == {"express": False}


def test_the_limits_of_a_picture_as_the_kernel_are_left_to_the_job(draw):
    limits = LIMITS.__class__(**{**vars(LIMITS), "max_picture_side": 20})
    parts = {"image": png_of(draw(9, 9)), "kernel_image": png_of(draw(3, 30))}
    facts = call(estimate_picture, parts, limits, output="png", include=[]).facts
    assert facts == {"express": False}


BATCHES = {
    "few short ones": ((3, 8), "box", 1, {}, True),
    "long ones": ((4, 3000), {"name": "hann", "size": 59_999}, -1, {"method": "direct"}, False),
    "many columns": ((16, 1000), {"name": "hann", "size": 499}, 0, {"mode": "full"}, False),
}


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_of_signals_takes_as_long_as_all_of_them(draw, name):
    shape, kernel, axis, options, short = BATCHES[name]
    body = {"signal": draw(*shape).tolist(), "kernel": kernel, "axis": axis, **options}
    parts = {JSON_BODY: orjson.dumps(body)}
    assert call(estimate_signal, parts, output="json", include=[]).facts == {"express": short}


@pytest.mark.parametrize("wrong", [{"kernel": [[1, 2], [3, 5]]}, {"stride": 0}, {"axis": 2}])
def test_a_batch_is_refused_by_its_estimate_as_by_its_job(wrong):
    body = {"signal": [[1, 2, 3], [4, 5, 7]], "kernel": [1, 2], "axis": 1, **wrong}
    parts = {JSON_BODY: orjson.dumps(body)}
    refused = outcome(estimate_signal, parts, output="json", include=[])
    assert refused == outcome(convolve_signal, parts, output="json", include=[])
    assert refused[0] is InvalidRequest


def test_what_only_one_kind_of_signal_may_ask_for_is_left_to_the_job():
    for wrong in ({"signal": [1, 2, 3]}, {"stride": [1, 2]}):
        body = {"signal": [[1, 2, 3], [4, 5, 7]], "kernel": [1, 2], "axis": 1, **wrong}
        parts = {JSON_BODY: orjson.dumps(body)}
        refused = outcome(convolve_signal, parts, output="json", include=[])
        assert refused[0] is InvalidRequest
        estimated = outcome(estimate_signal, parts, output="json", include=[])
        assert estimated in (refused, {"express": True})


@pytest.mark.parametrize("output", ["png", "svg"])
def test_a_signal_that_is_drawn_is_no_short_job(output):
    parts = {JSON_BODY: b'{"signal": [1, 2, 3], "kernel": "box"}'}
    assert call(estimate_signal, parts, output=output, include=[]).facts == {"express": False}
    assert call(estimate_signal, parts, output="csv", include=[]).facts == {"express": True}


@pytest.mark.parametrize(
    "kernel",
    [{"name": "hann", "size": 40_000}, [{"name": "box", "size": 99}] * 64, {"name": "no"}],
)
def test_a_plan_of_large_kernels_is_no_short_job(kernel):
    def planned(kernel, job=estimate_plan):
        body = {"shape": [9] if "size" in kernel else [9, 9], "kernel": kernel}
        return outcome(job, {JSON_BODY: orjson.dumps(body)})

    if kernel == {"name": "no"}:
        assert planned(kernel) == planned(kernel, plan_convolution)
    else:
        assert planned(kernel) == {"express": False}
        assert planned("box") == {"express": True}


SHOWN_KERNELS = {
    "a small one": ({"name": "gaussian"}, None, "json", True),
    "a window": ({"name": "hann", "size": 500}, None, "npy", True),
    "a window along the rows": ({"name": "hann", "size": 500, "axes": "rows"}, None, "npy", True),
    "a window on both axes": ({"name": "hann", "size": 500}, 2, "npy", False),
    "a large one": ({"name": "disk", "radius": 300}, None, "json", False),
    "a figure": ({"name": "box"}, None, "svg", False),
    "cells": ({"name": "box"}, None, "png", True),
    "several": ([{"name": "box", "size": 99}, "laplacian", "sobel"] * 3, None, "json", False),
    "too large a side": ({"name": "hann", "size": 5000}, 2, "json", LimitExceeded),
    "two dimensions in one": ({"name": "disk"}, 1, "json", InvalidRequest),
    "an unknown parameter": ({"name": "disk", "side": 1}, None, "json", InvalidRequest),
    "no kernel": ({"name": "bocks"}, None, "json", UnknownKernel),
}


@pytest.mark.parametrize("name", SHOWN_KERNELS)
def test_a_kernel_to_show_is_judged_by_its_size_and_refused_as_by_its_job(name):
    kernel, dimensions, output, expected = SHOWN_KERNELS[name]
    asking = {"dimensions": dimensions, "output": output}
    judged = outcome(estimate_kernel, {"kernel": orjson.dumps(kernel)}, **asking)
    if isinstance(expected, bool):
        assert judged == {"express": expected}
    else:
        assert judged[0] is expected
        assert judged == outcome(show_kernel, {"kernel": orjson.dumps(kernel)}, **asking)
    if isinstance(kernel, dict):
        named = {key: text_of(value) for key, value in kernel.items() if key != "name"}
        assert outcome(estimate_named_kernel, named, name=kernel["name"], **asking) == judged


FILTERS = {
    "a page": ("block1_conv2", "png", {}, True),
    "the largest picture": ("block1_conv2", "png", {"cell": 480}, False),
    "a small layer": ("block1_conv1", "json", {}, True),
    "a layer of many numbers": ("block5_conv2", "json", {}, False),
    "too large a picture": ("block1_conv2", "png", {"cell": 512, "columns": 1}, LimitExceeded),
    "drawing of numbers": ("block1_conv2", "npy", {"columns": 9}, InvalidRequest),
    "an unknown layer": ("block9_conv1", "png", {}, NotFound),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters_are_judged_by_their_size_and_refused_as_by_their_job(name):
    layer, output, asked, expected = FILTERS[name]
    parts = {key: text_of(value) for key, value in asked.items()}
    arguments = {"layer": layer, "output": output, "weights": None}
    judged = outcome(estimate_filters, parts, **arguments)
    if isinstance(expected, bool):
        assert judged == {"express": expected}
    else:
        assert judged[0] is expected
        assert judged == outcome(show_filters, parts, **arguments)


def test_activations_are_refused_by_their_estimate_as_by_their_job(draw):
    parts = {"image": png_of(draw(20, 21))}
    arguments = {"layer": "block2_conv2", "output": "png", "weights": None, "threads": 1}
    refused = outcome(estimate_activations, parts, **arguments)
    assert refused == outcome(activate, parts, **arguments)
    assert refused[0] is LimitExceeded
    with pytest.raises(NotFound):
        call(estimate_activations, parts, **{**arguments, "layer": "block7_conv1"})
    with pytest.raises(InvalidRequest):
        call(estimate_activations, parts | {"count": b"-1"}, **arguments)


@pytest.mark.parametrize(
    "name", [each.name for each in FORMATS.values() if Subject.PICTURE in each.reads]
)
def test_the_size_of_every_format_is_told_by_its_header(name):
    file = BytesIO()
    Image.new("RGB", (31, 17)).save(file, {"pnm": "ppm"}.get(name, name))
    assert measured_size(file.getvalue(), LIMITS.picture) == (17, 31)


def test_a_size_over_the_limits_is_refused():
    file = BytesIO()
    Image.new("1", (Settings().max_picture_side + 1, 1)).save(file, "png")
    with pytest.raises(LimitExceeded):
        measured_size(file.getvalue(), LIMITS.picture)


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0" + bytes(9)])
def test_a_header_that_is_none_tells_no_size(data):
    assert measured_size(data, LIMITS.picture) is None
