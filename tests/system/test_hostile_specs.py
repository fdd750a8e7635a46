"""Specifications made to do harm, sent to the real server as raw bodies and form fields."""

import re

import numpy as np
import pytest

from tests.fuzz.hostile_json import NEVER_A_VALUE
from tests.system.server import running_server

pytestmark = pytest.mark.slow

SIGNALS, PREVIEW, PLANS = "/v1/signals/convolve", "/v1/kernels/preview", "/v1/plans"
PICTURES = "/v1/images/convolve"
JSON = {"content-type": "application/json"}
PICTURE = b"P5 4 3 255\n" + bytes(range(12))
LEAKS = re.compile(r"Traceback|\.py\b|site-packages|pydantic|orjson|numpy|0x[0-9a-f]{6}")
# Bodies around a value, by where they go; none of these places takes such a value.
AROUND = {
    "a signal's kernel": (SIGNALS, '{"signal": [1, 2, 3], "kernel": %s}'),
    "a signal": (SIGNALS, '{"kernel": [1, 2], "signal": %s}'),
    "a signal's mode": (SIGNALS, '{"signal": [1, 2], "kernel": [1, 2], "mode": %s}'),
    "a signal's stride": (SIGNALS, '{"signal": [1, 2], "kernel": [1, 2], "stride": %s}'),
    "a signal's fill value": (SIGNALS, '{"signal": [1, 2], "kernel": [1], "fill_value": %s}'),
    "a step": (SIGNALS, '{"signal": [1, 2], "steps": [{"kernel": %s}]}'),
    "a kernel's size": (PREVIEW, '{"name": "hann", "size": %s}'),
    "a kernel's taps": (PREVIEW, '{"name": "custom", "values": [1, %s]}'),
    "a plan's shape": (PLANS, '{"kernel": "box", "shape": [5, %s]}'),
}
BEYOND = {
    "work": ('{"signal": [1, 2], "kernel": {"name": "hann", "size": 1000000000}}', "/kernel/size"),
    "an overflow": ('{"signal": [1e308, 1e308], "kernel": [9, 9]}', None),
    "a doubled key": ('{"signal": [1], "kernel": "hann", "mode": "full", "mode": "same"}', "/mode"),
    "a doubled key below": (
        '{"signal": [1], "kernel": {"name": "hann", "size": 3, "size": 5}}',
        "/kernel/size",
    ),
    "seventeen steps": ('{"signal": [1], "steps": [' + '"hann",' * 16 + '"hann"]}', "/steps"),
    "a million steps": ('{"signal": [1], "steps": [' + '"hann",' * 10**6 + '"hann"]}', "/steps"),
    "a million kernels": ('{"signal": [1], "kernel": [' + '"hann",' * 10**6 + "1]}", "/kernel"),
    "a million names": (
        '{"signal": [1], ' + ",".join(f'"n{i}": 1' for i in range(10**6)) + "}",
        None,
    ),
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("asked")
    # No worker is replaced but one that was ended.
    settings = {"workers": 1, "jobs_per_worker": 10**6}
    with running_server(folder, measured=False, **settings) as server:
        yield server


@pytest.fixture(scope="module")
def asking(asked):
    with asked.client() as client:
        yield client


def assert_problem(answer):
    assert answer.status_code in (404, 413, 422), answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["detail"]
    assert not LEAKS.search(answer.text), answer.text[:500]
    # What is wrong is told in a few words, however much of it there is.
    assert len(answer.content) < 20_000
    return problem


@pytest.mark.parametrize("value", NEVER_A_VALUE)
@pytest.mark.parametrize("place", AROUND)
def test_what_is_no_value_is_a_problem_wherever_it_stands(asking, place, value):
    url, around = AROUND[place]
    body = (around % NEVER_A_VALUE[value]).encode("utf-8", "surrogateescape")
    assert assert_problem(asking.post(url, content=body, headers=JSON))["errors"]


@pytest.mark.parametrize("name", ["kernel", "mode", "stride", "bias", "spec"])
@pytest.mark.parametrize("value", NEVER_A_VALUE)
def test_what_is_no_value_is_a_problem_in_a_form(asking, value, name):
    text = NEVER_A_VALUE[value].encode("utf-8", "surrogateescape")
    fields = {"image": PICTURE, name: text}
    if name not in ("kernel", "spec"):
        fields["kernel"] = b"box"
    files = {field: (None if field != "image" else "a.pgm", data) for field, data in fields.items()}
    assert assert_problem(asking.post(PICTURES, files=files))["errors"][0]["pointer"]


@pytest.mark.parametrize("what", BEYOND)
def test_what_is_beyond_all_bounds_is_a_problem_that_names_the_field(asking, what):
    body, pointer = BEYOND[what]
    problem = assert_problem(asking.post(SIGNALS, content=body.encode(), headers=JSON))
    if pointer is not None:
        assert problem["errors"][0]["pointer"].startswith(pointer)


@pytest.mark.parametrize("value", ["NaN", "1e400", "9" * 5_000, "%00", "%ud800", "%ff", "true"])
def test_what_is_no_size_is_a_problem_in_a_query(asking, value):
    answer = asking.get(f"/v1/kernels/hann?size={value}")
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_after_all_of_them_the_worker_is_the_one_that_there_was(asked, asking):
    before = asked.workers()
    for value in NEVER_A_VALUE.values():
        for url, around in AROUND.values():
            body = (around % value).encode("utf-8", "surrogateescape")
            assert asking.post(url, content=body, headers=JSON).status_code < 500
    assert asked.workers() == before
    signal, kernel = [3, 1, 4, 1, 5], [2, 7, 1]
    answer = asking.post(SIGNALS, json={"signal": signal, "kernel": kernel})
    assert answer.json()["result"] == np.convolve(signal, kernel, "same").tolist()
