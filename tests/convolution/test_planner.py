"""Plans: that they are explained, sound data, and the cheapest by their own account."""

import json
from dataclasses import replace

import numpy as np
import pytest

from service.convolution.compiled import native_engines, use_native
from service.convolution.costs import DEFAULT_COSTS, use_costs
from service.convolution.engines import ENGINES
from service.convolution.options import Method
from service.convolution.planner import check_work, plan
from service.convolution.workload import KernelAnalysis, Workload
from service.errors import InvalidRequest, LimitExceeded
from tests.convolution.entries import BUILT

RANDOM = np.random.default_rng(8)
KERNELS = [
    *[RANDOM.normal(size=k) for k in (1, 3, 11, 12, 100, 3000)],
    *[RANDOM.normal(size=(k, k + 1)) for k in (1, 3, 7, 15, 40, 120)],
    *[np.outer(RANDOM.normal(size=k), RANDOM.normal(size=k + 1)) for k in (3, 15, 40, 120)],
    np.zeros((3, 3)),
]
every_kernel = pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: str(kernel.shape))
every_size = pytest.mark.parametrize("side", [1, 50, 1000, 8000])
every_precision = pytest.mark.parametrize("precision", [np.float32, np.float64])
WITHOUT = pytest.mark.parametrize("native", [None], ids=["without"], indirect=True)


@pytest.fixture(
    autouse=True,
    params=[None, *BUILT],
    ids=["without", *(each.instruction_set for each in BUILT)],
)
def native(request):
    """The compiled engines that the planner may choose from."""
    with use_native(request.param):
        yield request.param


def workload(kernel, side=200, precision=np.float64, channels=1):
    analysis, axes = KernelAnalysis.of(kernel), kernel.ndim
    return Workload((side,) * axes, channels, analysis, precision, stride=(1,) * axes)


def able(work):
    return [engine for engine in ENGINES if engine.can(work.kernel)]


@every_kernel
@every_size
@every_precision
def test_auto_takes_the_cheapest_engine_that_can(kernel, side, precision):
    work = workload(kernel, side, precision)
    costs = {engine.nanoseconds(work): engine for engine in able(work)}
    chosen = plan(work)
    assert chosen.engine is costs[min(costs)]
    assert not chosen.forced


@every_kernel
@every_size
def test_costs_and_work_are_positive_and_finite(kernel, side):
    work = workload(kernel, side)
    for engine in able(work):
        assert 0 < engine.nanoseconds(work) < float("inf")
        assert 0 < engine.multiply_adds(work) < float("inf")


def test_each_engine_is_the_cheapest_for_something(native):
    rank_2 = np.outer(*RANDOM.normal(size=(2, 11))) + np.outer(*RANDOM.normal(size=(2, 11)))
    long, wide = RANDOM.normal(size=2_000_000), RANDOM.normal(size=(900, 901))
    plans = {
        plan(workload(kernel, side, precision)).engine
        for kernel in [*KERNELS, rank_2, long, wide]
        for side in (50, 1000)
        for precision in (np.float32, np.float64)
    }
    # What is compiled for the processor at hand leaves the others next to nothing.
    assert plans >= {engine for engine in ENGINES if engine.native == (native is not None)}


def test_a_kernel_is_decomposed_only_where_few_terms_could_pay():
    hopeless = [RANDOM.normal(size=(3, 3)), RANDOM.normal(size=(40, 41)), np.ones((9, 9))]
    for kernel in hopeless:
        work = workload(kernel, 1000)
        plan(work).facts()
        assert "terms" not in vars(work.kernel)


@WITHOUT
@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        ("direct_tap", RANDOM.normal(size=(5, 6))),
        ("row_tap", np.outer(*RANDOM.normal(size=(2, 15)))),
        ("column_tap", np.outer(*RANDOM.normal(size=(2, 15)))),
    ],
)
def test_what_costs_more_is_not_chosen_any_more(name, kernel):
    work = workload(kernel, 1000)
    before = plan(work).engine
    dearer = replace(DEFAULT_COSTS.float64, **{name: 1e3})
    with use_costs(replace(DEFAULT_COSTS, float64=dearer)):
        assert plan(work).engine is not before
    assert plan(work).engine is before


@WITHOUT
@pytest.mark.skipif(not BUILT, reason="no compiled engines were built")
@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        ("direct_tap", RANDOM.normal(size=(5, 6))),
        ("pass_tap", np.outer(*RANDOM.normal(size=(2, 15)))),
        ("picture_tiles", RANDOM.normal(size=(40, 41))),
        ("signal_tiles", RANDOM.normal(size=500)),
        ("line_tap", RANDOM.normal(size=20)),
    ],
)
def test_costs_of_compiled_engines_are_those_of_their_instruction_set(name, kernel):
    work = workload(kernel, 30_000 if kernel.ndim == 1 else 1000)
    with use_native(BUILT[0]):
        before = plan(work).engine
        assert before.native
        for each, own in DEFAULT_COSTS.native.items():
            dearer = replace(own, float64=replace(own.float64, **{name: 1e3}))
            with use_costs(replace(DEFAULT_COSTS, native={**DEFAULT_COSTS.native, each: dearer})):
                same = plan(work).engine is before
            assert same == (each != BUILT[0].instruction_set)


@every_kernel
@WITHOUT
def test_what_is_not_there_is_not_chosen(kernel):
    assert native_engines() is None
    assert not any(engine.native for engine in able(workload(kernel)))


@every_kernel
@pytest.mark.parametrize("method", [method for method in Method if method is not Method.AUTO])
def test_a_method_is_taken_when_forced_or_refused(kernel, method):
    work = workload(kernel)
    if any(engine.method is method and engine.forceable for engine in able(work)):
        chosen = plan(work, method)
        assert chosen.engine.method is method
        assert chosen.forced
        assert method in chosen.reason
    else:
        with pytest.raises(InvalidRequest) as refused:
            plan(work, method)
        assert [fault.pointer for fault in refused.value.faults] == ["/method"]


@every_kernel
@pytest.mark.parametrize("method", [Method.AUTO, Method.DIRECT, Method.FFT])
@every_precision
def test_the_facts_are_json_and_true(kernel, method, precision):
    work = workload(kernel, precision=precision)
    chosen = plan(work, method)
    facts = chosen.facts()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert Method(facts["method"]) is chosen.engine.method
    assert facts["engine"] == chosen.engine.name
    assert facts["passes"] == chosen.engine.passes(work)
    assert facts["separable"] == (work.kernel.factors is not None)
    assert facts["precision"] == precision.__name__
    assert facts["multiply_adds"] == round(chosen.engine.multiply_adds(work))
    assert (facts["tile"] is None) == (chosen.engine.tiling is None)
    if facts["tile"] is not None:
        assert all(tile >= k for tile, k in zip(facts["tile"], kernel.shape, strict=True))


@every_kernel
def test_the_reason_names_every_other_engine_that_can(kernel):
    work = workload(kernel)
    chosen = plan(work)
    for engine in able(work):
        assert engine is chosen.engine or engine.name in chosen.reason


@every_kernel
@every_size
def test_numbers_at_the_end_of_the_range_are_never_transformed_unless_forced(kernel, side):
    work = workload(kernel, side)
    assert plan(work, extreme=True).engine.method is not Method.FFT
    assert plan(work, Method.FFT, extreme=True).engine.method is Method.FFT


@every_kernel
def test_work_is_checked_against_the_plans_own_estimate(kernel):
    chosen = plan(workload(kernel))
    check_work([chosen], chosen.work)
    with pytest.raises(LimitExceeded) as refused:
        check_work([chosen], chosen.work * 0.999)
    assert "limit" in refused.value.detail


@pytest.mark.parametrize(
    "engine", ENGINES, ids=lambda engine: f"{engine.name}-{engine.dimensions}d"
)
def test_twice_the_channels_are_twice_the_work(engine):
    kernel = np.ones((5,) * engine.dimensions)
    if not engine.can(KernelAnalysis.of(kernel)):
        pytest.skip("it is not there")
    once, twice = (workload(kernel, 300, channels=channels) for channels in (1, 2))
    # More channels may go into tiles of another size.
    share = 0.5 if engine.native and engine.tiling else 1e-9
    assert engine.multiply_adds(twice) == pytest.approx(2 * engine.multiply_adds(once), rel=share)


def test_two_engines_of_a_kind_have_names_of_their_own():
    names = [(engine.name, engine.dimensions) for engine in ENGINES]
    assert len(set(names)) == len(names)
