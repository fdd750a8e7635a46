"""Whatever is sent in a request's fields, the answer is a ServiceError that tells the place."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from service.api.problems import PROBLEMS
from service.convolution.options import Boundary, Method, Mode, Operation
from service.errors import InvalidRequest, ResultNotFinite, ServiceError
from service.kernels.catalogue import CATALOGUE
from service.kernels.kernel import Combine, Normalize
from service.pipelines.kernels import show_kernel
from service.pipelines.pictures import convolve_picture
from service.pipelines.plans import PlanRequest, plan_convolution
from service.pipelines.requests import PictureRequest, SignalRequest
from service.pipelines.signals import JSON_BODY, convolve_signal
from tests.pipelines.calling import LIMITS, call, png_of

# Little work for a single request: what is larger is refused, and the refusal is the test.
BOUNDS = replace(LIMITS, max_multiply_adds=3e6, max_kernel_taps=2_000, max_kernel_side=40)
PICTURE = png_of(np.random.default_rng(1).integers(0, 256, (6, 7, 4), np.uint8))
MARKUP = "<script>"


def send_signal(document):
    return call(convolve_signal, {JSON_BODY: document}, BOUNDS, output="json", include=())


def send_picture(document):
    parts = {"image": PICTURE, "spec": document}
    return call(convolve_picture, parts, BOUNDS, output="png", include=())


def send_plan(document):
    return call(plan_convolution, {JSON_BODY: document}, BOUNDS)


JOBS = {
    "signal": (send_signal, SignalRequest, {"signal": [[1, 2, 5], [3, -4, 0]], "kernel": "box"}),
    "picture": (send_picture, PictureRequest, {"kernel": "box"}),
    "plan": (send_plan, PlanRequest, {"shape": [6, 7, 3], "kernel": "box"}),
}
FIELDS = [(job, name) for job, (_, model, _) in JOBS.items() for name in model.model_fields]


def nested(depth, innermost: Any = 1):
    value = innermost
    for _ in range(depth):
        value = [value]
    return value


VALUES = {
    "null": None,
    "true": True,
    "zero": 0,
    "negative": -3,
    "fraction": 2.5,
    "large": 10**9,
    "64 bits": 2**63 - 1,
    "unsigned 64 bits": 2**64 - 1,
    "huge": 1e308,
    "tiny": 5e-324,
    "text": MARKUP,
    "empty text": "",
    "number as text": "2",
    "array": [],
    "array of null": [None],
    "array of arrays": [[]],
    "array of objects": [{}, {}],
    "array of texts": [MARKUP, "box"],
    "pair of large numbers": [10**9, 10**9],
    "object": {},
    "object of objects": {"name": {"name": "box"}},
    "object with markup": {MARKUP: MARKUP, "name": MARKUP},
    "object with its own field": {"kernel": {"kernel": {"kernel": "box"}}, "steps": [{}]},
    "deep": nested(200),
    "deep objects": {"kernel": nested(150, {"name": "box"})},
}


def problem(job, document):
    """The error that the document is answered with, None where there is none."""
    error = refusal(JOBS[job][0], document)
    if error is not None:
        assert PROBLEMS[error.code].status < 500
        assert MARKUP not in error.detail
        assert not any(MARKUP in fault.pointer + fault.detail for fault in error.faults)
    return error


def refusal(send, document):
    """The ServiceError that a job raises, if it does; another exception fails the test."""
    try:
        send(document)
    except ServiceError as error:
        return error
    return None


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(("job", "field"), FIELDS, ids=lambda each: each)
def test_what_a_field_can_not_be_is_told_at_the_field(job, field, value):
    document = JOBS[job][2] | {field: VALUES[value]}
    if field == "steps":
        del document["kernel"]
    error = problem(job, orjson.dumps(document))
    if error is None or isinstance(error, ResultNotFinite):
        return
    assert error.faults
    for fault in error.faults:
        assert fault.pointer == f"/{field}" or fault.pointer.startswith(f"/{field}/")


@pytest.mark.parametrize(("job", "field"), FIELDS, ids=lambda each: each)
def test_no_field_takes_everything(job, field):
    documents = [JOBS[job][2] | {field: value} for value in VALUES.values()]
    if field == "steps":
        documents = [{k: v for k, v in each.items() if k != "kernel"} for each in documents]
    refused = [problem(job, orjson.dumps(document)) for document in documents]
    assert sum(each is not None for each in refused) > len(VALUES) / 2


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("digits", [20, 40, 400])
@pytest.mark.parametrize("field", ["stride", "dilation", "fill_value", "kernel", "steps"])
def test_integers_of_any_length_are_numbers_or_no_json(job, field, digits):
    document = JOBS[job][2] | {field: "@"}
    if field == "steps":
        document = {key: value for key, value in document.items() if key != "kernel"}
    text = orjson.dumps(document).replace(b'"@"', b"1" + b"0" * (digits - 1))
    error = problem(job, text)
    assert error is not None or field == "fill_value"


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize(
    "opening", [b"[", b'{"kernel":', b'[{"steps":', b'{"name":"combination","kernels":[']
)
@pytest.mark.parametrize("depth", [90, 1_000, 100_000])
def test_documents_nested_beyond_reason_are_refused(job, opening, depth):
    closing = {b"[": b"]", b"{": b"}"}
    ends = b"".join(closing[bytes([each])] for each in reversed(opening) if each in b"[{")
    text = b'{"kernel":' + opening * depth + b"1" + ends * depth + b"}"
    with pytest.raises(InvalidRequest):
        JOBS[job][0](text)


@pytest.mark.parametrize(
    "name", [MARKUP, "", "__class__", "model_config", "self", "x" * 300, "a/b~c"]
)
@pytest.mark.parametrize("job", JOBS)
def test_fields_of_other_names_are_refused(job, name):
    assert isinstance(problem(job, orjson.dumps(JOBS[job][2] | {name: 1})), InvalidRequest)
    steps = JOBS[job][2] | {"steps": [{"kernel": "box", name: 1}]}
    del steps["kernel"]
    error = problem(job, orjson.dumps(steps))
    assert error is not None
    assert all(fault.pointer.startswith("/steps/0") for fault in error.faults)


PARAMETERS = sorted(
    {name for entry in CATALOGUE.values() for name in entry.model_fields} - {"name"}
)
WORDS = [*Mode, *Boundary, *Operation, *Method, *Normalize, *Combine, "x", "all", "rows", "ignore"]
NUMBERS = [0, 1, 2, 3, 4, 7, 40, -1, 0.5, 1.5, -2.25, 45, 90, 1e-300, 1e150, 1e308, 2**53]
atoms = (
    st.none()
    | st.booleans()
    | st.sampled_from(NUMBERS)
    | st.sampled_from(WORDS)
    | st.sampled_from(["", "2", MARKUP])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**63), 2**63 - 1)
)
taps = st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=5)
matrices = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.sampled_from(NUMBERS), min_size=width, max_size=width), min_size=1, max_size=4
    )
)
objects = st.builds(
    lambda name, parameters: {"name": name, **parameters},
    st.sampled_from([*CATALOGUE]),
    st.dictionaries(st.sampled_from([*PARAMETERS, "rotate", "flip", "scale"]), atoms, max_size=3),
)
single = st.sampled_from([*CATALOGUE]) | taps | matrices | objects
anything = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "kernel", "kernels", "values", "mode"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
combination = st.fixed_dictionaries(
    {"name": st.just("combination"), "kernels": st.lists(single, max_size=3)},
    optional={"combine": atoms, "bias": atoms, "scale": atoms},
)
kernels = single | st.lists(single, max_size=3) | combination | anything
distances = st.integers(1, 4) | st.tuples(st.integers(1, 3), st.integers(1, 3)) | anything
options = {
    "mode": st.sampled_from(Mode) | anything,
    "boundary": st.sampled_from(Boundary) | anything,
    "fill_value": atoms,
    "operation": st.sampled_from(Operation) | anything,
    "normalize": st.sampled_from(Normalize) | anything,
    "method": st.sampled_from(Method) | anything,
    "stride": distances,
    "dilation": distances,
    "combine": st.sampled_from(Combine) | anything,
}
step_options = options | {"absolute": atoms, "bias": atoms}
steps = st.lists(
    kernels | st.fixed_dictionaries({"kernel": kernels}, optional=step_options), max_size=3
)
common = options | {
    "nan": st.sampled_from(["ignore", "error"]) | anything,
    "steps": steps | anything,
}
fuzzed = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def requests(**more):
    """Requests with a kernel or with steps, and a few options, some of them right."""
    either = st.fixed_dictionaries({"kernel": kernels}) | st.fixed_dictionaries({"steps": steps})
    others = st.lists(st.sampled_from([*common, *more]), max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: (common | more)[name] for name in names})
    )
    return st.builds(lambda first, second: {**second, **first}, either, others)


@fuzzed
@given(requests(axis=st.sampled_from([0, 1, -1]) | atoms), matrices | taps | anything)
@example({"kernel": "box"}, [[1, None], [1e308, -1e308]])
def test_any_request_of_a_signal_is_answered_or_refused(request_, signal):
    problem("signal", orjson.dumps({"signal": signal, **request_}))


@fuzzed
@given(
    requests(
        alpha=st.sampled_from(["preserve", "premultiplied", "drop"]) | anything,
        linear_light=st.booleans() | atoms,
        channels=st.sampled_from(["luma", "red", "keep"]) | anything,
        depth=st.sampled_from([8, 16]) | atoms,
        scaling=st.sampled_from(["clip", "minmax", "none"]) | anything,
        frame=atoms,
        bias=atoms,
        absolute=atoms,
    )
)
def test_any_request_of_a_picture_is_answered_or_refused(request_):
    problem("picture", orjson.dumps(request_))


@fuzzed
@given(
    requests(dtype=st.sampled_from(["uint8", "float32", "int32"]) | atoms),
    st.lists(st.integers(1, 60), min_size=1, max_size=3) | anything,
)
def test_any_plan_is_told_or_refused(request_, shape):
    problem("plan", orjson.dumps({"shape": shape, **request_}))


@fuzzed
@given(kernels, st.sampled_from([None, 1, 2]), st.sampled_from(["json", "npy", "png"]))
def test_any_kernel_is_shown_or_refused(kernel, dimensions, output):
    show = partial(call, show_kernel, limits=BOUNDS, dimensions=dimensions, output=output)
    error = refusal(show, {"kernel": orjson.dumps(kernel)})
    if error is not None:
        assert PROBLEMS[error.code].status < 500
        assert MARKUP not in error.detail
