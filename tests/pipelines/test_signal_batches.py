"""Many signals at once: each row, or each column, as a signal of its own."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from service.convolution.options import Boundary, Method, Mode, Operation
from service.errors import InvalidRequest, LimitExceeded
from service.kernels.catalogue import CATALOGUE, complete_by_name, entry_dimensions
from tests.pipelines.calling import convolve_a_signal, npy_of

BATCH = np.random.default_rng(11).normal(size=(5, 9))
LINES = [n for n, e in CATALOGUE.items() if complete_by_name(e) and 1 in entry_dimensions(e)]


def one_by_one(batch, axis, **options):
    """The results of the single signals, put together again."""
    rows = batch if axis % 2 == 1 else batch.T
    results = [
        convolve_a_signal(file=npy_of(np.ascontiguousarray(row)), output="npy", **options).array
        for row in rows
    ]
    return np.stack(results, axis=0 if axis % 2 == 1 else 1)


def together(batch, axis, **options):
    return convolve_a_signal(file=npy_of(batch), output="npy", axis=axis, **options).array


@pytest.mark.parametrize(("mode", "boundary"), list(product(Mode, Boundary)))
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("taps", [1, 2, 3, 4, 12], ids=lambda taps: f"{taps}-taps")
def test_each_signal_gives_what_it_gives_alone(mode, boundary, axis, taps):
    options = {
        "kernel": np.random.default_rng(taps).normal(size=taps).tolist(),
        "mode": mode,
        "boundary": boundary,
        "fill_value": 1.5,
    }
    if mode is Mode.VALID and taps > BATCH.shape[axis]:
        with pytest.raises(InvalidRequest) as caught:
            together(BATCH, axis, **options)
        assert [fault.pointer for fault in caught.value.faults] == ["/mode"]
        return
    wanted = one_by_one(BATCH, axis, **options)
    np.testing.assert_allclose(together(BATCH, axis, **options), wanted, rtol=0, atol=1e-12)


OPTIONS = {
    "correlate": {"kernel": [1, -2, 4, 0.5], "operation": Operation.CORRELATE},
    "direct": {"kernel": [1, -2, 4], "method": Method.DIRECT},
    "fft": {"kernel": [1, -2, 4], "method": Method.FFT},
    "stride": {"kernel": [1, -2, 4, 0.5], "stride": 2},
    "stride of full": {"kernel": [1, -2, 4, 0.5], "stride": 3, "mode": "full"},
    "dilation": {"kernel": [1, -2, 4], "dilation": 2, "mode": "full"},
    "normalize": {"kernel": [1, -2, 4], "normalize": "l2"},
    "several": {"kernel": ["box", {"name": "custom", "values": [1, -3]}], "combine": "max"},
    "steps": {
        "steps": [[1, -2, 4], {"kernel": "hann", "stride": 2, "bias": 3, "absolute": True}],
        "boundary": "reflect",
    },
}


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("axis", [-1, 0, -2])
def test_every_option_holds_for_each_of_them(name, axis):
    options = OPTIONS[name]
    wanted = one_by_one(BATCH, axis, **options)
    np.testing.assert_allclose(together(BATCH, axis, **options), wanted, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", LINES)
def test_every_kernel_of_signals_is_one_of_batches(name):
    wanted = one_by_one(BATCH, -1, kernel=name)
    np.testing.assert_allclose(together(BATCH, -1, kernel=name), wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("axis", [0, -1])
def test_each_has_gaps_of_its_own(axis):
    batch = BATCH.copy()
    batch[1, 2:8] = np.nan
    batch[:3, 4] = np.nan
    options = {"kernel": [1, 2, 0.5], "nan": "ignore", "boundary": "edge"}
    np.testing.assert_allclose(
        together(batch, axis, **options), one_by_one(batch, axis, **options), atol=1e-12
    )


def test_without_an_axis_a_matrix_is_one_signal_of_two_dimensions():
    whole = convolve_a_signal(file=npy_of(BATCH), kernel=[1, -2], output="npy").array
    assert not np.allclose(whole, together(BATCH, -1, kernel=[1, -2]))


def test_the_kernel_included_is_one_of_signals():
    answer = convolve_a_signal(
        signal=BATCH.tolist(), axis=-1, kernel=[1, -2, 4], include=["kernel"]
    )
    assert answer.json["kernel"]["kernels"][0]["values"] == [1, -2, 4]


def test_a_signal_of_one_dimension_is_no_batch():
    for axis in (0, -1):
        with pytest.raises(InvalidRequest, match="two dimensions") as caught:
            convolve_a_signal(signal=[1, 2, 3], kernel=[1], axis=axis)
        assert [fault.pointer for fault in caught.value.faults] == ["/axis"]


@pytest.mark.parametrize("axis", [2, -3, 1.0, "1", True, [0], {}, 10**9])
def test_what_is_no_axis_is_refused(axis):
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_signal(signal=BATCH.tolist(), kernel=[1], axis=axis)
    assert [fault.pointer for fault in caught.value.faults] == ["/axis"]


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"kernel": [[1, 2], [3, 4]]}, "/kernel"),
        ({"kernel": "sobel"}, "/kernel"),
        ({"kernel": {"name": "box", "axes": "rows"}}, "/kernel/axes"),
        ({"kernel": {"name": "box", "rotate": 90}}, "/kernel/rotate"),
        ({"steps": ["box", {"kernel": "sobel"}]}, "/steps/1/kernel"),
        ({"kernel": [1, 2], "stride": [1, 2]}, "/stride"),
        ({"kernel": [1, 2], "dilation": [1, 2]}, "/dilation"),
        ({"steps": [[1], {"kernel": [1, 2], "stride": [1, 2]}]}, "/steps/1/stride"),
        ({"steps": [[1], {"kernel": [1, 2], "dilation": [1, 2]}]}, "/steps/1/dilation"),
        ({"kernel": [1, 2, 3], "method": "separable", "normalize": "sum", "axis": 5}, "/axis"),
    ],
)
def test_what_has_two_dimensions_is_nothing_for_signals(options, pointer):
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_signal(**({"signal": BATCH.tolist(), "axis": -1} | options))
    assert [fault.pointer for fault in caught.value.faults] == [pointer]


def test_the_limit_on_taps_is_that_of_signals():
    options = {"kernel": {"name": "hann", "size": 9}, "limits": {"max_kernel_taps": 9}}
    tight = {"max_kernel_taps": 8}
    assert convolve_a_signal(signal=BATCH.tolist(), axis=-1, **options).body
    with pytest.raises(LimitExceeded) as caught:
        convolve_a_signal(signal=BATCH.tolist(), axis=-1, **(options | {"limits": tight}))
    assert [fault.pointer for fault in caught.value.faults] == ["/kernel/size"]
