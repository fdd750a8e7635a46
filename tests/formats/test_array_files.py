"""Arrays as .npy, CSV and JSON: exact both ways, and strict about what comes in."""

import struct
from io import BytesIO, StringIO

import numpy as np
import orjson
import pytest

from service.errors import InvalidRequest, LimitExceeded, ResultNotFinite, ServiceError
from service.formats.delimited import decode_csv, encode_csv
from service.formats.json_arrays import encode_json
from service.formats.npy import decode_npy, empty_npy, encode_npy
from service.formats.table import FORMATS

POINTER = "/signal"
LIMIT = 1000
BOTH_WAYS = [entry for entry in FORMATS.values() if entry.decode_array and entry.encode_array]
WRITTEN = [entry for entry in FORMATS.values() if entry.encode_array]
NUMBER_TYPES = ["i1", "u1", "<i2", ">i2", "<u4", ">i8", "<u8", "<f2", "<f4", ">f4", "<f8", ">f8"]


def npy_file(array, version=None):
    file = BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


def npy_with_header(header, body=b"", version=(1, 0)):
    length = struct.pack("<H" if version == (1, 0) else "<I", len(header))
    return b"\x93NUMPY" + bytes(version) + length + header + body


def refused(decode, data, error=InvalidRequest):
    with pytest.raises(error) as caught:
        decode(data, POINTER, LIMIT)
    assert caught.value.faults[0].pointer.startswith(POINTER)
    return caught.value


@pytest.mark.parametrize("entry", BOTH_WAYS, ids=lambda entry: entry.name)
@pytest.mark.parametrize("shape", [(1,), (7,), (3, 5), (5, 3)])
def test_an_array_reads_back_exactly(entry, shape):
    array = np.random.default_rng(9).normal(0, 1, shape) * 10.0 ** np.arange(shape[-1])
    result = entry.decode_array(entry.encode_array(array), POINTER, LIMIT)
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result, array)


@pytest.mark.parametrize("entry", BOTH_WAYS, ids=lambda entry: entry.name)
def test_the_extremes_of_float64_read_back_exactly(entry):
    information = np.finfo(np.float64)
    array = np.array([information.max, -information.tiny, 5e-324, 0.1, 1 / 3, -0.0, 2.0**53])
    result = entry.decode_array(entry.encode_array(array), POINTER, LIMIT)
    assert result.tobytes() == array.tobytes()


@pytest.mark.parametrize("entry", BOTH_WAYS, ids=lambda entry: entry.name)
def test_more_samples_than_allowed_are_refused_with_both_numbers(entry):
    data = entry.encode_array(np.zeros(LIMIT + 1))
    detail = refused(entry.decode_array, data, LimitExceeded).detail
    assert str(LIMIT) in detail
    assert str(LIMIT + 1) in detail
    assert entry.decode_array(entry.encode_array(np.zeros(LIMIT)), POINTER, LIMIT).size == LIMIT


@pytest.mark.parametrize("entry", WRITTEN, ids=lambda entry: entry.name)
@pytest.mark.parametrize("dtype", NUMBER_TYPES)
@pytest.mark.parametrize("layout", ["C", "F", "strided"])
def test_an_array_of_any_type_and_layout_is_written(entry, dtype, layout):
    array = np.arange(24).reshape(4, 6).astype(dtype)
    array = array[::2, ::3] if layout == "strided" else np.array(array, order=layout)
    data = entry.encode_array(array)
    if entry.decode_array:
        result = entry.decode_array(data, POINTER, LIMIT)
    else:
        result = np.array(orjson.loads(data))
    np.testing.assert_array_equal(result, array)


@pytest.mark.parametrize("dtype", NUMBER_TYPES)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_npy_of_every_number_type_order_and_version_is_read(dtype, order, version):
    array = np.arange(12).reshape(3, 4).astype(dtype, order=order)
    result = decode_npy(memoryview(npy_file(array, version)), POINTER, LIMIT)
    assert result.dtype == np.float64
    assert result.flags.c_contiguous
    np.testing.assert_array_equal(result, array)


@pytest.mark.parametrize(
    "array",
    [
        np.array([True, False]),
        np.array([1 + 2j]),
        np.array(["1", "2"]),
        np.array([1, 2], "M8[s]"),
        np.zeros(3, [("a", "f8")]),
        np.array(5.0),
        np.zeros((2, 2, 2)),
        np.zeros((3, 0)),
    ],
    ids=str,
)
def test_npy_of_other_elements_or_dimensions_is_refused(array):
    refused(decode_npy, npy_file(array))


def test_npy_of_pickled_objects_is_refused():
    file = BytesIO()
    np.save(file, np.array([{}, []], dtype=object), allow_pickle=True)
    refused(decode_npy, file.getvalue())


def test_nan_stands_for_a_missing_sample_in_npy_and_csv():
    for data in (npy_file(np.array([[1, np.nan], [3, 4]])), b"1,nan\n3,4"):
        result = (decode_npy if data.startswith(b"\x93") else decode_csv)(data, POINTER, LIMIT)
        np.testing.assert_array_equal(result, [[1, np.nan], [3, 4]])


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_npy_that_is_infinite_is_refused_at_the_element(value):
    array = np.zeros((2, 3))
    array[1, 2] = value
    assert refused(decode_npy, npy_file(array)).faults[0].pointer == "/signal/1/2"


@pytest.mark.parametrize("change", [-8, -1, 1, 8])
def test_npy_of_another_length_than_its_header_says_is_refused(change):
    data = npy_file(np.arange(6.0))
    refused(decode_npy, data[:change] if change < 0 else data + bytes(change))


HOSTILE_HEADERS = [
    b"",
    b"{",
    b"[]",
    b"{}",
    b"1",
    b"\xff\xfe",
    b"(" * 5000,
    b"-" * 9000 + b"1",
    b"[" * 90 + b"]" * 90,
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (" + b"(" * 3000,
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (-2, -3)}",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999999999999999,)}",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (1e3,)}",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': 3}",
    b"{'descr': '<f8', 'fortran_order': 2, 'shape': (3,)}",
    b"{'descr': '<f9', 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': 'f8,,', 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': ('<f8', -3), 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': [('a', '<f8', (99999999999,))], 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': None, 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': '|a8', 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (3L,)}x'",
    b"{[]: 1}",
    b"__import__('os').getcwd()",
    b" " * 20_000,
]


@pytest.mark.parametrize("header", HOSTILE_HEADERS, ids=lambda header: repr(header[:60]))
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_npy_with_a_hostile_header_is_refused(header, version):
    data = npy_with_header(header + b"\n", bytes(24), version)
    with pytest.raises(ServiceError):
        decode_npy(data, POINTER, LIMIT)


def test_npy_cut_off_anywhere_is_refused():
    data = npy_file(np.arange(6.0))
    for length in range(len(data)):
        refused(decode_npy, data[:length])


def test_npy_with_flipped_bytes_is_an_array_or_refused():
    generator = np.random.default_rng(10)
    data = npy_file(np.arange(6.0))
    for _ in range(1000):
        changed = bytearray(data)
        for position in generator.integers(0, 80, generator.integers(1, 4)):
            changed[position] = generator.integers(0, 256)
        try:
            assert decode_npy(bytes(changed), POINTER, LIMIT).dtype == np.float64
        except ServiceError:
            continue


def test_npy_keeps_the_type_and_shape_of_what_is_written():
    array = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
    result = np.load(BytesIO(encode_npy(array)))
    assert result.dtype == np.uint16
    np.testing.assert_array_equal(result, array)


@pytest.mark.parametrize("dtype", NUMBER_TYPES)
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4)])
def test_a_file_that_is_filled_afterwards_is_the_one_that_is_written_at_once(dtype, shape):
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    file, numbers = empty_npy(array.shape, array.dtype)
    numbers[...] = array
    assert bytes(file) == encode_npy(array) == npy_file(array)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", ", "])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_is_read_with_any_delimiter_line_end_and_byte_order_mark(delimiter, line_end, mark):
    rows = [["1", "-2.5", "3e2"], ["4", "5", ".5"]]
    text = mark + line_end.join(delimiter.join(row) for row in rows)
    expected = [[1, -2.5, 300], [4, 5, 0.5]]
    np.testing.assert_array_equal(decode_csv(text.encode(), POINTER, LIMIT), expected)


def test_csv_comments_and_blank_lines_are_skipped():
    text = b"# a, b; c\n\n  \n1,2 # here\n\t\n3,4\n\n"
    np.testing.assert_array_equal(decode_csv(text, POINTER, LIMIT), [[1, 2], [3, 4]])


@pytest.mark.parametrize("text", [b"1,2,3", b"1\n2\n3\n", b"\n1;2;3\n\n", b"1\t2\t3"])
def test_csv_of_one_row_or_one_column_is_a_signal(text):
    np.testing.assert_array_equal(decode_csv(text, POINTER, LIMIT), [1, 2, 3])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"1,2\n3\n", 2),
        (b"# head\n1,2\n\n3,4,5\n", 4),
        (b"a,b\n1,2\n", 1),
        (b"1,2\n3,x\n", 2),
        (b"1,2\n3,\n", 2),
        (b"1,2,\n3,4\n", 1),
        (b"1\n1_000\n", 2),
        (b"1 2 3\n", 1),
        (b"1\n0x10\n", 2),
        (b'"1","2"\n', 1),
        (b"1,2\r\n \r\n3,x\r\n", 3),
    ],
)
def test_csv_that_is_no_table_of_numbers_is_refused_with_its_line(text, line):
    assert f"line {line} " in refused(decode_csv, text).detail


@pytest.mark.parametrize("text", [b"", b"\n\n", b"# nothing\n", b"\xff\xfe1", b" ", b"1;2,3"])
def test_csv_without_readable_numbers_is_refused(text):
    refused(decode_csv, text)


@pytest.mark.parametrize("value", [b"inf", b"-Infinity", b"1e400"])
def test_csv_that_is_infinite_is_refused_at_the_element(value):
    text = b"1,2\n3," + value
    assert refused(decode_csv, text).faults[0].pointer == "/signal/1/1"


def test_csv_is_written_a_row_a_line_with_the_shortest_exact_digits():
    assert encode_csv(np.array([[1.0, 0.1], [-2.5, 1e300]])) == b"1.0,0.1\n-2.5,1e+300\n"
    assert encode_csv(np.array([3, 4])) == b"3\n4\n"


def test_csv_is_read_by_numpy():
    array = np.random.default_rng(11).normal(size=(4, 3))
    text = encode_csv(array).decode()
    np.testing.assert_array_equal(np.loadtxt(StringIO(text), delimiter=","), array)


def test_csv_of_three_dimensions_is_refused_at_the_format():
    with pytest.raises(InvalidRequest) as caught:
        encode_csv(np.zeros((2, 2, 2)))
    assert caught.value.faults[0].pointer == "/format"


@pytest.mark.parametrize(
    ("encode", "value"),
    [
        (encode_json, np.nan),
        *((encode, value) for encode in (encode_json, encode_csv) for value in (np.inf, -np.inf)),
    ],
)
def test_text_never_holds_what_is_not_finite(encode, value):
    with pytest.raises(ResultNotFinite):
        encode(np.array([1.0, value]))


def test_a_gap_in_csv_is_read_back():
    array = np.array([[1.5, np.nan], [np.nan, -2.0]])
    text = encode_csv(array)
    assert text == b"1.5,nan\nnan,-2.0\n"
    np.testing.assert_array_equal(decode_csv(text, "/signal", 10), array)


@pytest.mark.parametrize(
    "document",
    [
        {"a": [1.0, float("nan")]},
        {"a": {"b": np.array([np.inf])}},
        [np.float32("inf")],
        (1, [float("-inf")]),
    ],
)
def test_json_looks_for_infinities_at_any_depth(document):
    with pytest.raises(ResultNotFinite):
        encode_json(document)


def test_json_documents_hold_arrays_among_other_things():
    document = {"result": np.array([[1.5, -2.0]]), "shape": (1, 2), "plan": "direct", "none": None}
    expected = {"result": [[1.5, -2.0]], "shape": [1, 2], "plan": "direct", "none": None}
    assert orjson.loads(encode_json(document)) == expected


def test_json_floats_read_back_exactly():
    array = np.random.default_rng(12).normal(size=500) * 10.0 ** np.arange(-250, 250)
    assert np.array(orjson.loads(encode_json(array))).tobytes() == array.tobytes()
