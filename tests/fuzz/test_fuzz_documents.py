"""Requests as JSON text: whatever it is, the caller is told, and where."""

import random
import re
import time
from contextlib import suppress

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.errors import ServiceError
from service.pipelines.plans import PlanRequest
from service.pipelines.requests import PictureRequest, SignalRequest
from tests.fuzz import mutations
from tests.fuzz.hostile_json import MILLION_DIGITS, NEVER_A_VALUE, random_document
from tests.fuzz.jail import Jail
from tests.fuzz.jobs import JOBS

DOCUMENTS = {
    "signal document": (SignalRequest, {"signal": [[1, 2, 5], [3, -4, 0]], "kernel": "box"}),
    "picture document": (PictureRequest, {"kernel": "box"}),
    "plan document": (PlanRequest, {"shape": [6, 7, 3], "kernel": "box"}),
}
FIELDS = [(job, name) for job, (model, _) in DOCUMENTS.items() for name in model.model_fields]
PLACES = {"picture document": "/spec"}
MARK = "@@"


def written(value):
    return value.encode("utf-8", "surrogateescape")


def with_value(job, field, text):
    """The job's document, in which the field has the text for a value."""
    document = DOCUMENTS[job][1] | {field: MARK}
    if field == "steps":
        del document["kernel"]
    return orjson.dumps(document).replace(f'"{MARK}"'.encode(), written(text))


def refusal(job, document):
    with pytest.raises(ServiceError) as caught:
        JOBS[job](document)
    return caught.value


def place_of_json(job):
    return PLACES.get(job, "")


@pytest.mark.parametrize("value", NEVER_A_VALUE)
@pytest.mark.parametrize(("job", "field"), FIELDS, ids=lambda each: each)
def test_what_is_no_value_is_refused_with_its_place(job, field, value):
    error = refusal(job, with_value(job, field, NEVER_A_VALUE[value]))
    assert error.faults
    place = place_of_json(job)
    for fault in error.faults:
        # Broken or boundless JSON is told as a whole; what it says wrongly, with the field.
        whole = re.search("line|levels deep|keys; at most", fault.detail)
        told_where = whole and fault.pointer == place
        assert told_where or fault.pointer.startswith((f"/{field}", f"{place}/{field}")), fault


@pytest.mark.parametrize(("job", "field"), FIELDS, ids=lambda each: each)
def test_a_field_that_stands_twice_is_refused_by_its_name(job, field):
    document = orjson.dumps(DOCUMENTS[job][1] | {field: None})
    twice = document[:-1] + f',"{field}":1}}'.encode()
    (fault,) = refusal(job, twice).faults
    assert fault.pointer == f"{place_of_json(job)}/{field}"
    assert "more than once" in fault.detail


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ('{"kernel":{"name":"hann","size":3,"size":5},"signal":[1]}', "/kernel/size"),
        ('{"steps":["box",{"kernel":"box","bias":1,"bias":2}],"signal":[1]}', "/steps/1/bias"),
        ('{"kernel":[{"name":"box"},{"name":"box","name":"hann"}]}', "/kernel/1/name"),
        (r'{"kernel":"box","k\u0065rnel":"hann","signal":[1]}', "/kernel"),
        ('{"signal":[1],"kernel":"box" , "signal" : [2]}', "/signal"),
        ('{"signal":[[1,2],[3,4]],"x":[[1],[2],{"a":1,"a":2}]}', "/x/2/a"),
        ('{"signal":[1],"\u00e9":1,"\u00e9":2}', ""),
        ('{"signal":[1],"<b>":1,"<b>":2}', ""),
    ],
)
def test_a_key_that_stands_twice_is_refused_wherever_its_object_stands(document, pointer):
    (fault,) = refusal("signal document", document.encode()).faults
    assert fault.pointer == pointer


@pytest.mark.parametrize(
    "document",
    [
        '{"signal":[1,2,3],"steps":[{"kernel":[1,2],"bias":1},{"kernel":[1,2],"bias":1}]}',
        '{"signal":[1,2,3],"kernel":{"name":"combination","kernels":["hann",{"name":"hann"}]}}',
        r'{"signal":[1,2,3],"k\u0065rnel":"hann"}',
    ],
)
def test_the_same_key_in_several_objects_is_as_good_as_any(document):
    assert JOBS["signal document"](document.encode())


def test_strings_are_no_keys_whatever_is_in_them():
    with pytest.raises(ServiceError) as caught:
        JOBS["signal document"](rb'{"signal":["mode\":","a",":","a",":","\\"],"kernel":"box"}')
    assert caught.value.faults[0].pointer == "/signal/0"


@pytest.mark.parametrize(
    ("signal", "kernel"),
    [
        ("[1e308,1e308]", "[9,9]"),
        ("[1e308,-1e308,1e308]", "[1e308,1e308]"),
        ("[[1e308,1e308],[1e308,1e308]]", "[[1,2],[3,4]]"),
        ("[1,2]", '{"name":"custom","values":[1e308,1e308],"normalize":"sum"}'),
        ("[1,2]", '{"name":"custom","values":[1e308,1],"scale":1e9}'),
    ],
)
def test_products_beyond_float64_are_refused(signal, kernel):
    error = refusal("signal document", f'{{"signal":{signal},"kernel":{kernel}}}'.encode())
    assert error.code in ("result-not-finite", "invalid-request")


@pytest.mark.parametrize(
    "document", [MILLION_DIGITS, "", " ", "null", "[]", '"box"', "1 2", "{}{}", "\ufeff{}", "{}\0"]
)
@pytest.mark.parametrize("job", DOCUMENTS)
def test_a_document_that_is_no_object_is_refused_as_a_whole(job, document):
    assert refusal(job, document.encode()).faults[0].pointer == place_of_json(job)


@pytest.mark.parametrize(
    "name", ["__proto__", "constructor", "model_fields", "\u202eeman", "a" * 99]
)
def test_no_name_that_means_something_elsewhere_means_anything_here(name):
    document = orjson.dumps({"signal": [1], "kernel": "box", name: 1})
    assert refusal("signal document", document).code == "invalid-request"


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
@given(st.integers(0, 2**32), st.sampled_from([*DOCUMENTS, "kernel document", "kernel"]))
def test_any_document_is_answered_or_refused(seed, job):
    # Another exception fails the test by itself.
    with suppress(ServiceError):
        assert JOBS[job](written(random_document(random.Random(seed))))


@pytest.mark.slow
def test_twenty_seconds_of_random_documents_are_answered_or_refused():
    chance = random.Random(22)
    end = time.monotonic() + 20
    with Jail(seconds=120) as jail:
        while time.monotonic() < end:
            document = written(random_document(chance))
            if chance.random() < 0.3:
                (document,) = mutations.spliced(document, 1, chance.random())
            verdict = jail.judge(document, chance.choice([*DOCUMENTS, "kernel document"]))
            assert verdict.sound or verdict.refused, (verdict, document)
