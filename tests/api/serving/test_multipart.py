"""Forms, however they arrive."""

from __future__ import annotations

import pytest

from service.api.serving.multipart import FormLimits, read_multipart
from service.errors import BodyTooLarge, InvalidRequest, UnsupportedMediaType
from tests.api.harness import multipart_of, request_of

PARTS = {"kernel": b"box", "image": bytes(range(256)) + b"\r\n--front\r\n-", "empty": b""}
BODY, HEADERS = multipart_of(PARTS)
# The final line break may be missing (RFC 2046, section 5.1.1).
SHORTEST = len(BODY) - 2


async def read(body: bytes, headers=HEADERS):
    return await read_multipart(request_of([body], headers))


async def test_the_parts_come_by_their_names():
    assert await read(BODY) == PARTS


async def test_a_body_broken_at_any_byte_gives_the_same_parts():
    for place in range(len(BODY) + 1):
        request = request_of([BODY[:place], BODY[place:]], HEADERS)
        assert await read_multipart(request) == PARTS, place


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
async def test_a_body_in_many_small_chunks_gives_the_same_parts(size):
    chunks = [BODY[start : start + size] for start in range(0, len(BODY), size)]
    assert await read_multipart(request_of(chunks, HEADERS)) == PARTS


async def test_a_body_cut_off_anywhere_is_refused():
    for length in range(SHORTEST):
        with pytest.raises(InvalidRequest):
            await read(BODY[:length])
    assert await read(BODY[:SHORTEST]) == PARTS


async def test_a_body_that_ends_within_a_part_names_the_part():
    with pytest.raises(InvalidRequest, match="closing boundary") as caught:
        await read(BODY[: BODY.index(b"box") + 2])
    assert [fault.pointer for fault in caught.value.faults] == ["/kernel"]


async def test_a_name_may_be_given_only_once():
    body, headers = multipart_of([("kernel", b"box"), ("mode", b"same"), ("kernel", b"hann")])
    with pytest.raises(InvalidRequest, match="only once") as caught:
        await read(body, headers)
    assert [fault.pointer for fault in caught.value.faults] == ["/kernel"]


async def test_sixty_four_parts_are_taken_and_one_more_is_not():
    body, headers = multipart_of({f"part{number}": b"x" for number in range(64)})
    assert len(await read(body, headers)) == 64
    body, headers = multipart_of({f"part{number}": b"x" for number in range(65)})
    with pytest.raises(InvalidRequest, match="at most 64 parts"):
        await read(body, headers)


@pytest.mark.parametrize(
    "head",
    [
        "Content-Type: text/plain",
        "Content-Disposition: form-data",
        'Content-Disposition: form-data; name=""',
        'Content-Disposition: form-data; filename="a.png"',
        f'Content-Disposition: form-data; name="{"n" * 65}"',
    ],
)
async def test_a_part_without_a_name_of_reasonable_length_is_refused(head):
    body, headers = multipart_of([(head, b"x")])
    with pytest.raises(InvalidRequest, match="must have a name"):
        await read(body, headers)


@pytest.mark.parametrize("size", [10_000, 1_000_000])
async def test_a_header_of_unreasonable_length_is_refused(size):
    head = f'Content-Disposition: form-data; name="a"\r\nX-Long: {"x" * size}'
    body, headers = multipart_of([(head, b"x")])
    with pytest.raises(InvalidRequest):
        await read(body, headers)


async def test_more_headers_than_reasonable_are_refused():
    head = 'Content-Disposition: form-data; name="a"' + "\r\nX-Other: 1" * 1000
    body, headers = multipart_of([(head, b"x")])
    with pytest.raises(InvalidRequest):
        await read(body, headers)


@pytest.mark.parametrize(
    "parameters",
    [
        'name="image"; filename="a.png"',
        'name="image"; filename="a; name=b.png"',
        'filename="a\\"b.png"; name="image"',
        'name="image"; filename=""',
        "name=image; filename=a.png",
        'NAME="image"; FILENAME="a.png"',
        "name=\"image\"; filename*=UTF-8''%e2%82%ac.png",
    ],
)
async def test_a_filename_in_quotes_never_confuses_the_name(parameters):
    head = f"content-disposition: form-data; {parameters}\r\nContent-Type: image/png"
    body, headers = multipart_of([(head, b"data")])
    assert await read(body, headers) == {"image": b"data"}


async def test_a_name_that_is_no_utf_8_is_refused():
    body, headers = multipart_of([('Content-Disposition: form-data; name="\xff\xfe"', b"x")])
    with pytest.raises(InvalidRequest):
        await read(body, headers)


async def test_a_part_may_hold_any_bytes():
    data = b"\r\n\r\n--frontie\r\n\r--\0\xff"
    body, headers = multipart_of({"image": data})
    assert await read(body, headers) == {"image": data}


async def test_what_follows_the_closing_boundary_is_no_part():
    assert await read(BODY + b"epilogue") == PARTS


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"--other\r\n",
        b"--frontier",
        b"--frontier\r\nno colon\r\n\r\n",
        b"\0" * 99,
    ],
)
async def test_a_body_that_is_no_form_is_refused(body):
    with pytest.raises(InvalidRequest):
        await read(body)


@pytest.mark.parametrize("kind", [None, "", "application/json", "multipart/mixed; boundary=a"])
async def test_another_type_of_body_is_not_read(kind):
    headers = {} if kind is None else {"Content-Type": kind}
    with pytest.raises(UnsupportedMediaType, match="multipart/form-data"):
        await read(BODY, headers)


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary="])
async def test_the_boundary_must_be_named(kind):
    with pytest.raises(InvalidRequest, match="boundary"):
        await read(BODY, {"Content-Type": kind})


@pytest.mark.parametrize(
    "kind", ["Multipart/Form-Data; boundary=frontier", 'multipart/form-data; boundary="frontier"']
)
async def test_the_type_is_read_in_any_case_and_the_boundary_in_quotes(kind):
    assert await read(BODY, {"Content-Type": kind}) == PARTS


async def test_a_boundary_of_unreasonable_length_is_refused():
    body, headers = multipart_of(PARTS, boundary="b" * 5000)
    with pytest.raises(InvalidRequest):
        await read(body, headers)


async def test_a_repeated_name_is_not_echoed_where_it_is_none():
    body, headers = multipart_of([("<b>", b"1"), ("<b>", b"2")])
    with pytest.raises(InvalidRequest) as caught:
        await read(body, headers)
    assert not any("<b>" in fault.pointer for fault in caught.value.faults)


NAMED = 'Content-Disposition: form-data; name="kernel"'


@pytest.mark.parametrize("size", [1, 7, 99])
async def test_a_field_has_a_limit_of_its_own_however_it_comes(size):
    for length, fits in ((99, True), (100, True), (101, False)):
        body, headers = multipart_of([(NAMED, b"x" * length)])
        chunks = [body[start : start + size] for start in range(0, len(body), size)]
        reading = read_multipart(request_of(chunks, headers), FormLimits(max_field_bytes=100))
        if fits:
            assert await reading == {"kernel": b"x" * length}
        else:
            with pytest.raises(BodyTooLarge, match="at most 100 bytes") as caught:
                await reading
            assert [fault.pointer for fault in caught.value.faults] == ["/kernel"]


async def test_a_file_may_be_larger_than_a_field():
    body, headers = multipart_of([(NAMED + '; filename="kernel.json"', b"x" * 101)])
    parts = await read_multipart(request_of([body], headers), FormLimits(max_field_bytes=100))
    assert parts == {"kernel": b"x" * 101}


async def test_a_part_may_say_only_once_what_it_is():
    body, headers = multipart_of([(f"{NAMED}\r\n{NAMED.replace('kernel', 'image')}", b"x")])
    with pytest.raises(InvalidRequest, match="only one Content-Disposition"):
        await read(body, headers)


HOSTILE_FILE_NAMES = {
    "line breaks, encoded": "a%0d%0aX-Evil: 1.png",
    "a quote": 'a\\".png',
    "UTF-8": "\u202e\u20ac.png".encode().decode("latin-1"),
    "no UTF-8": "\xff\xfe.png",
    "a path": "../../../etc/passwd",
    "another path": "C:\\\\Windows\\\\a.png",
    "NUL": "a\0.png",
    "escapes of a terminal": "\x1b[31m.png",
    "as long as may be": "n" * 4000,
}


@pytest.mark.parametrize("name", HOSTILE_FILE_NAMES.values(), ids=HOSTILE_FILE_NAMES.keys())
async def test_of_a_file_name_nothing_is_left(name):
    body, headers = multipart_of([(f'{NAMED}; filename="{name}"', b"x")])
    assert await read(body, headers) == {"kernel": b"x"}


async def test_a_file_name_that_is_too_long_is_refused_and_not_repeated():
    body, headers = multipart_of([(f'{NAMED}; filename="{"n" * 65_536}"', b"x")])
    with pytest.raises(InvalidRequest) as caught:
        await read(body, headers)
    assert "nnn" not in caught.value.detail


async def test_a_file_name_that_breaks_its_line_adds_a_header_and_no_part():
    body, headers = multipart_of([(f'{NAMED}; filename="a\r\nX-Evil: 1.png"', b"x")])
    assert await read(body, headers) == {"kernel": b"x"}
