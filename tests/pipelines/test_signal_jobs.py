"""Signals: numbers in a body or a file, numbers back."""

from __future__ import annotations

from itertools import product

import numpy as np
import orjson
import pytest
import scipy.signal

from service.convolution.options import Boundary, Method, Mode, Operation
from service.errors import InvalidRequest, LimitExceeded, ResultNotFinite
from service.formats.table import FORMATS, Subject
from service.kernels.catalogue import CATALOGUE, complete_by_name, entry_dimensions
from service.pipelines.signals import convolve_signal
from tests.pipelines.calling import LIMITS, call, convolve_a_signal, npy_of
from tests.pipelines.expectation import expected

WRITTEN = [each for each in FORMATS.values() if Subject.SIGNAL in each.writes]
OUTPUTS = [each.name for each in WRITTEN if not each.draws]
LINE = np.array([3.5, -1, 4, 1, -5, 9, 2, -6])
MATRIX = np.array([[3.0, 1, 4, -1, 5], [9, -2, 6, 5, 3], [5, 8, -9, 7, 9], [3, 2, 3, 8, -4]])
TAPS = np.array([1.0, -2, 0.5, 3])
KERNEL = np.array([[1.0, 2, 0], [0.5, 0, -3]])


def array_of(answer, output):
    match output:
        case "json":
            return np.array(answer.json["result"])
        case "npy":
            return answer.array
        case "csv":
            return np.loadtxt(answer.body.decode().splitlines(), delimiter=",")


def test_every_output_of_numbers_is_read_back_by_these_tests():
    assert sorted(OUTPUTS) == ["csv", "json", "npy"]


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize(("signal", "kernel"), [(LINE, TAPS), (MATRIX, KERNEL)], ids=["1d", "2d"])
@pytest.mark.parametrize("mode", Mode)
def test_a_json_body_is_convolved_as_scipy_does(signal, kernel, mode, output):
    answer = convolve_a_signal(
        signal=signal.tolist(), kernel=kernel.tolist(), mode=mode, output=output
    )
    wanted = scipy.signal.convolve(signal, kernel, mode, "direct")
    np.testing.assert_allclose(array_of(answer, output), wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("signal", "kernel"), [(LINE, TAPS), (MATRIX, KERNEL)], ids=["1d", "2d"])
@pytest.mark.parametrize(
    ("mode", "boundary", "operation"), list(product(Mode, Boundary, Operation))
)
def test_every_mode_boundary_and_operation_is_that_of_the_reference(
    signal, kernel, mode, boundary, operation
):
    options = {"mode": mode, "boundary": boundary, "operation": operation, "fill_value": -2.5}
    answer = convolve_a_signal(signal=signal.tolist(), kernel=kernel.tolist(), **options)
    wanted = expected(signal, kernel, **options)
    assert answer.json["shape"] == list(wanted.shape)
    np.testing.assert_allclose(answer.json["result"], wanted, rtol=0, atol=1e-12)


def test_beyond_the_border_there_are_zeros_unless_something_else_is_asked():
    answer = convolve_a_signal(signal=LINE.tolist(), kernel=TAPS.tolist())
    np.testing.assert_allclose(
        answer.json["result"], scipy.signal.convolve(LINE, TAPS, "same"), atol=1e-12
    )


@pytest.mark.parametrize("signal", [LINE, MATRIX], ids=["1d", "2d"])
@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<i2", "|u1"])
def test_an_npy_file_of_any_numbers_is_a_signal(signal, dtype):
    stored = np.abs(signal).astype(dtype)
    answer = convolve_a_signal(file=npy_of(stored), kernel=[2, 1], output="npy")
    kernel = np.array([2.0, 1]) if signal.ndim == 1 else np.outer([2, 1], [2, 1]).astype(float)
    assert answer.array.dtype == np.float64
    np.testing.assert_array_equal(
        answer.array, scipy.signal.convolve(stored.astype(float), kernel, "same", "direct")
    )


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1\n2\n-4\n8\n", [1, 2, -4, 8]),
        ("1,2,-4,8", [1, 2, -4, 8]),
        ("1;2\r\n-4;8\r\n", [[1, 2], [-4, 8]]),
        ("1\t2\n-4\t8\n", [[1, 2], [-4, 8]]),
    ],
)
def test_a_csv_file_is_a_signal(text, values):
    answer = convolve_a_signal(file=text.encode(), kernel="identity", output="json")
    assert answer.json["result"] == values


def test_csv_comes_back_as_it_would_be_sent():
    text = b"1.5,2,-4.25\n8,0.1,1e-7\n"
    answer = convolve_a_signal(file=text, kernel="identity", output="csv")
    again = convolve_a_signal(file=answer.body, kernel="identity", output="csv")
    assert again.body == answer.body
    rows = [[float(cell) for cell in row.split(",")] for row in answer.body.decode().splitlines()]
    assert rows == [[1.5, 2, -4.25], [8, 0.1, 1e-7]]


@pytest.mark.parametrize(
    ("axes", "kernel"),
    [
        ("both", np.outer(TAPS, TAPS)),
        ("rows", TAPS[np.newaxis, :]),
        ("columns", TAPS[:, np.newaxis]),
    ],
    ids=["both", "rows", "columns"],
)
def test_taps_of_one_dimension_lie_on_a_matrix_along_their_axes(axes, kernel):
    specification = {"name": "custom", "values": TAPS.tolist(), "axes": axes}
    answer = convolve_a_signal(signal=MATRIX.tolist(), kernel=specification, output="npy")
    wanted = scipy.signal.convolve(MATRIX, kernel, "full")
    first = [(k - 1) // 2 for k in kernel.shape]
    rows, columns = MATRIX.shape
    wanted = wanted[first[0] : first[0] + rows, first[1] : first[1] + columns]
    np.testing.assert_allclose(answer.array, wanted, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", [n for n, e in CATALOGUE.items() if complete_by_name(e)])
def test_each_name_alone_is_a_kernel_for_what_it_has_the_dimensions_for(name):
    assert convolve_a_signal(signal=MATRIX.tolist(), kernel=name).json["shape"] == [4, 5]
    if 1 in entry_dimensions(CATALOGUE[name]):
        assert convolve_a_signal(signal=LINE.tolist(), kernel=name).json["shape"] == [8]
    else:
        with pytest.raises(InvalidRequest, match="two dimensions") as caught:
            convolve_a_signal(signal=LINE.tolist(), kernel=name)
        assert [fault.pointer for fault in caught.value.faults] == ["/kernel"]


@pytest.mark.parametrize("method", Method)
def test_every_method_gives_the_same_numbers(method):
    answer = convolve_a_signal(
        signal=MATRIX.tolist(), kernel=[1, -2, 0.5, 3], method=method, output="npy"
    )
    reference = convolve_a_signal(signal=MATRIX.tolist(), kernel=[1, -2, 0.5, 3], output="npy")
    np.testing.assert_allclose(answer.array, reference.array, rtol=0, atol=1e-11)


def test_separable_can_not_be_forced_on_a_kernel_that_is_not():
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_signal(signal=MATRIX.tolist(), kernel=KERNEL.tolist(), method="separable")
    assert [fault.pointer for fault in caught.value.faults] == ["/method"]


def test_integers_give_exact_integers_even_by_fft():
    random = np.random.default_rng(5)
    signal, taps = random.integers(-999, 1000, 3000), random.integers(-99, 100, 500)
    answer = convolve_a_signal(
        file=npy_of(signal), kernel=taps.tolist(), method="fft", mode="full", output="npy"
    )
    np.testing.assert_array_equal(answer.array, np.convolve(signal, taps))


def test_a_bank_on_a_matrix_is_combined():
    x = scipy.signal.convolve2d(MATRIX, np.outer([3, 10, 3], [1, 0, -1]), "same")
    y = scipy.signal.convolve2d(MATRIX, np.outer([1, 0, -1], [3, 10, 3]), "same")
    answer = convolve_a_signal(signal=MATRIX.tolist(), kernel="scharr")
    np.testing.assert_allclose(answer.json["result"], np.hypot(x, y), rtol=1e-14)
    assert len(answer.json["plan"]) == 2


def test_the_kernel_is_included_as_it_was_computed_with():
    answer = convolve_a_signal(
        signal=LINE.tolist(), kernel=[1, 3], normalize="sum", include=["kernel"]
    )
    (kernel,) = answer.json["kernel"]["kernels"]
    assert kernel["values"] == [0.25, 0.75]
    assert (kernel["sum"], kernel["shape"]) == (1.0, [2])
    assert answer.json["kernel"]["combine"] is None


@pytest.mark.parametrize("output", [each.name for each in WRITTEN if each.name != "json"])
def test_only_json_has_room_for_the_kernel(output):
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_signal(signal=[1], kernel=[1], include=["kernel"], output=output)
    assert [fault.pointer for fault in caught.value.faults] == ["/include"]


def test_one_field_for_all_is_the_same_as_a_field_each():
    options = {"kernel": TAPS.tolist(), "mode": "full", "boundary": "wrap", "normalize": "l1"}
    file = npy_of(LINE)
    single = convolve_a_signal(file=file, output="npy", **options)
    whole = convolve_a_signal(file=file, output="npy", spec=orjson.dumps(options).decode())
    body = convolve_a_signal(signal=LINE.tolist(), output="npy", **options)
    assert single.body == whole.body == body.body


def test_a_signal_in_a_form_is_a_file_of_its_own():
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_signal(file=b"1,2", spec='{"kernel": "box", "signal": [1]}')
    assert [fault.pointer for fault in caught.value.faults] == ["/signal"]


def test_a_form_without_a_signal_is_refused():
    with pytest.raises(InvalidRequest) as caught:
        call(convolve_signal, {"kernel": b"box"}, LIMITS, output="json", include=())
    assert [fault.pointer for fault in caught.value.faults] == ["/signal"]


@pytest.mark.parametrize("file", [None, npy_of(np.ones(9)), b"1,1,1,1,1,1,1,1,1"])
def test_the_limit_on_samples_holds_however_they_come(file):
    given = {"signal": [1] * 9} if file is None else {"file": file}
    with pytest.raises(LimitExceeded, match=r"9 samples.*8") as caught:
        convolve_a_signal(kernel=[1, 2], limits={"max_signal_samples": 8}, **given)
    assert [fault.pointer for fault in caught.value.faults] == ["/signal"]
    assert convolve_a_signal(kernel=[1, 2], limits={"max_signal_samples": 9}, **given).body


@pytest.mark.parametrize(
    ("limits", "options", "pointer"),
    [
        ({"max_kernel_taps": 4}, {"kernel": {"name": "hann", "size": 5}}, "/kernel/size"),
        ({"max_kernel_taps": 4}, {"kernel": {"name": "gaussian", "sigma": 9.0}}, "/kernel/sigma"),
        ({"max_kernel_taps": 4}, {"kernel": [1, 2, 3, 4, 5]}, "/kernel"),
    ],
)
def test_a_kernel_over_its_limit_is_refused_before_it_is_computed(limits, options, pointer):
    with pytest.raises(LimitExceeded) as caught:
        convolve_a_signal(signal=LINE.tolist(), limits=limits, **options)
    assert [fault.pointer for fault in caught.value.faults] == [pointer]


def test_work_over_its_limit_is_refused():
    with pytest.raises(LimitExceeded, match="multiply-adds"):
        convolve_a_signal(signal=[1] * 1000, kernel=[1] * 9, limits={"max_multiply_adds": 1000})


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"kernel": [1]}, "/signal"),
        ({"signal": [1]}, "/kernel"),
        ({"signal": [], "kernel": [1]}, "/signal"),
        ({"signal": [[1, 2], [3]], "kernel": [1]}, "/signal/1"),
        ({"signal": [1, "2"], "kernel": [1]}, "/signal/1"),
        ({"signal": [1, True], "kernel": [1]}, "/signal/1"),
        ({"signal": [1, None], "kernel": [1]}, "/signal/1"),
        ({"signal": [[[1]]], "kernel": [1]}, "/signal/0/0"),
        ({"signal": "1,2", "kernel": [1]}, "/signal"),
        ({"signal": [1], "kernel": []}, "/kernel"),
        ({"signal": [1], "kernel": 3}, "/kernel"),
        ({"signal": [1], "kernel": [[1, 2]]}, "/kernel"),
        ({"signal": [1], "kernel": [1], "colour": 1}, "/colour"),
        ({"signal": [1], "kernel": [1], "fill_value": "0"}, "/fill_value"),
        ({"signal": [1], "kernel": [1, 2], "mode": "valid"}, "/mode"),
        ({"signal": [1], "kernel": [1, -1], "normalize": "sum"}, "/normalize"),
    ],
)
def test_a_fault_is_told_with_the_pointer_to_its_field(options, pointer):
    with pytest.raises(InvalidRequest) as caught:
        convolve_a_signal(**options)
    assert [fault.pointer for fault in caught.value.faults] == [pointer]


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e400", b"-1e999"])
def test_numbers_that_are_not_finite_are_no_json(number):
    body = b'{"kernel": [1], "signal": [1, ' + number + b"]}"
    with pytest.raises(InvalidRequest, match="not valid JSON"):
        call(convolve_signal, {"": body}, LIMITS, output="json", include=())


def test_a_result_beyond_float64_is_an_error():
    with pytest.raises(ResultNotFinite):
        convolve_a_signal(signal=[1e308, 1e308], kernel=[1, 1], mode="full")
    largest = convolve_a_signal(signal=[1e308, -1e308], kernel=[1, 1], mode="full")
    assert largest.json["result"] == [1e308, 0.0, -1e308]
