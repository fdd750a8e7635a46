"""What the text of a form's field means."""

from __future__ import annotations

import pytest

from service.errors import InvalidRequest
from service.pipelines.fields import read_fields, read_json, read_object, read_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("laplacian", "laplacian"),
        ("  laplacian \r\n", "laplacian"),
        ('"laplacian"', "laplacian"),
        ("0.5", 0.5),
        ("-3", -3),
        ("1e3", 1000.0),
        ("true", True),
        ("null", None),
        ("[[0, 1], [2, 3]]", [[0, 1], [2, 3]]),
        ('{"name": "box", "size": 5}', {"name": "box", "size": 5}),
        ("", ""),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("1e400", "1e400"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("007", "007"),
        ("weiß", "weiß"),
    ],
)
def test_a_field_is_json_or_else_a_bare_word(text, value):
    found = read_value(text.encode(), "/field")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text", ["[[0, 1], [2, 3]", '{"name": box}', '"box', "[1, NaN]", "[1e400]"]
)
def test_what_begins_like_json_must_be_json(text):
    with pytest.raises(InvalidRequest, match="line 1, column") as caught:
        read_value(text.encode(), "/kernel")
    assert [fault.pointer for fault in caught.value.faults] == ["/kernel"]
    assert text not in caught.value.detail


def test_a_field_that_is_no_utf_8_is_refused():
    with pytest.raises(InvalidRequest, match="UTF-8"):
        read_value(b"\xff\xfe", "/kernel")


def test_each_part_but_the_files_is_a_field():
    parts = {"kernel": b"box", "bias": b"1.5", "image": b"\x89PNG"}
    views = {name: memoryview(data) for name, data in parts.items()}
    assert read_fields(views, files=("image",)) == {"kernel": "box", "bias": 1.5}


def test_one_field_can_hold_all_the_others():
    views = {"spec": memoryview(b'{"kernel": "box", "bias": 1.5}'), "image": memoryview(b"...")}
    assert read_fields(views, files=("image",)) == {"kernel": "box", "bias": 1.5}


def test_nothing_may_stand_beside_the_field_that_holds_all():
    views = {"spec": memoryview(b"{}"), "kernel": memoryview(b"box")}
    with pytest.raises(InvalidRequest) as caught:
        read_fields(views, files=())
    assert [fault.pointer for fault in caught.value.faults] == ["/spec", "/kernel"]


@pytest.mark.parametrize("text", [b"[]", b"1", b'"box"', b"null"])
def test_a_whole_specification_must_be_an_object(text):
    with pytest.raises(InvalidRequest, match="must be a JSON object"):
        read_object(memoryview(text), "/spec")


@pytest.mark.parametrize(
    "text", [b"", b"{", b"NaN", b"Infinity", b"1e400", b"{'a': 1}", b"\xff", b"[1,]", b"1 2"]
)
def test_json_is_read_by_its_own_grammar_alone(text):
    with pytest.raises(InvalidRequest, match="not valid JSON"):
        read_json(memoryview(text), "/spec")


def test_json_nested_beyond_reason_is_refused_rather_than_followed():
    with pytest.raises(InvalidRequest):
        read_json(memoryview(b"[" * 100_000 + b"]" * 100_000))


@pytest.mark.parametrize("others", [{}, {"spec": b"{}"}], ids=["alone", "beside-spec"])
def test_the_name_of_a_field_is_not_echoed_where_it_is_none(others):
    views = {name: memoryview(data) for name, data in {"<b>": b"[1", **others}.items()}
    with pytest.raises(InvalidRequest) as caught:
        read_fields(views, files=())
    assert "<b>" not in caught.value.detail
    assert not any("<b>" in fault.pointer for fault in caught.value.faults)


@pytest.mark.parametrize(("text", "value"), [(b"True", True), (b"False", False), (b"true", True)])
def test_booleans_may_be_written_as_python_writes_them(text, value):
    assert read_value(text, "/absolute") is value
