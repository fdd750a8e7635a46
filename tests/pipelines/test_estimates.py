"""Estimates refuse what the job would refuse, and nothing that it would do."""

from __future__ import annotations

from io import BytesIO

import orjson
import pytest
from PIL import Image

from service.errors import InvalidRequest, LimitExceeded, NotFound, ServiceError
from service.formats.measuring import measured_size
from service.formats.table import FORMATS, Subject
from service.pipelines.activations import activate
from service.pipelines.estimates import estimate_activations, estimate_picture, estimate_signal
from service.pipelines.pictures import convolve_picture
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


def test_what_would_take_long_is_no_short_job(draw):
    parts = {"image": png_of(draw(600, 900)), "kernel": b'{"name": "disk", "radius": 40}'}
    facts = call(estimate_picture, parts, output="png", include=[]).facts
    assert facts == {"express": False}


def test_what_a_header_does_not_tell_is_left_to_the_job(draw):
    broken = {"image": b"no picture", "kernel": b"box"}
    assert call(estimate_picture, broken, output="png", include=[]).facts == {"express": False}
    measured = {"image": png_of(draw(9, 9)), "kernel_image": png_of(draw(3, 3))}
    assert call(estimate_picture, measured, output="png", include=[]).facts == {"express": False}
    batch = {JSON_BODY: b'{"signal": [[1, 2], [3, 4]], "kernel": "box", "axis": 0}'}
    assert call(estimate_signal, batch, output="json", include=[]).facts == {"express": False}


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


def test_a_picture_without_a_file_is_left_to_the_job():
    assert call(estimate_picture, {"kernel": b"box"}).facts == {"express": False}
