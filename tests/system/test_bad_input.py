"""Bad requests, one after another: each is refused with a reason, and none harms the server."""

import gzip
import io
import re
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from scipy import signal

from tests.system.server import running_server

# The byte limit of the server that the tests of it have for themselves.
LIMIT = 5_000
# Stands in the input where it may be repeated by mistake.
CANARY = "canary7f3"
LEAKS = re.compile(
    rf"{CANARY}|Traceback|\.py\b|/usr/|/tmp/|/home/|site-packages|<class|0x[0-9a-f]+"
    r"| object at |\b[A-Za-z]+(Error|Exception|Request|Kernel|Window|Specification)\b"
    r"|pydantic|pillow|PIL\b|orjson|opencv|scipy\.|numpy\.",
)
SIGNALS = "/v1/signals/convolve"
PICTURES = "/v1/images/convolve"
PREVIEW = "/v1/kernels/preview"
JSON = {"content-type": "application/json"}
GZIPPED = JSON | {"content-encoding": "gzip"}
FORM = {"content-type": "multipart/form-data; boundary=edge"}


def encoded(kind, side=24):
    pixels = np.random.default_rng(1).integers(0, 256, (side, side + 5, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def png_that_claims(width, height):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    chunks = [chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


PNG, JPEG = encoded("PNG"), encoded("JPEG")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><text>canary7f3</text></svg>'


def picture(image=PNG, kernel="laplacian", query=None, accept="*/*", **fields):
    """A request for a picture's convolution; an argument of None leaves the field out."""
    given = {"kernel": kernel, **fields}
    data = {name: value for name, value in given.items() if value is not None}
    files = {"image": ("canary7f3.png", image)} if image is not None else {"no": (None, b"file")}
    headers = {"accept": accept}
    return {"url": PICTURES, "files": files, "data": data, "params": query, "headers": headers}


def number_array(**fields):
    """A request for a signal's convolution; an argument of None leaves the field out."""
    given = {"signal": [1, 2, 3, 4], "kernel": [1, 2, 4], **fields}
    return {"url": SIGNALS, "json": {k: v for k, v in given.items() if v is not None}}


def text(body, url=SIGNALS, headers=JSON):
    return {"url": url, "content": body, "headers": headers}


def with_kernel(values):
    """A signal's convolution with a kernel that is JSON text, so that it may be no JSON."""
    return text(f'{{"signal": [1, 2, 3], "kernel": {values}}}')


def form(*parts, end=b"--edge--\r\n"):
    """A form as bytes, of pairs of a name and content."""
    head = '--edge\r\nContent-Disposition: form-data; name="{}"\r\n\r\n'
    body = b"".join(head.format(name).encode() + content + b"\r\n" for name, content in parts)
    return text(body + end, PICTURES, FORM)


# What is wrong: the request, its status, and the pointers that its errors must name.
BAD = {
    # pictures
    "text for a picture": (picture(b"canary7f3 " * 9), 415, ["/image"]),
    "an SVG for a picture": (picture(SVG), 415, ["/image"]),
    "an empty picture": (picture(b""), 422, ["/image"]),
    "a truncated PNG": (picture(PNG[:700]), 422, ["/image"]),
    "a truncated JPEG": (picture(JPEG[:-300]), 422, ["/image"]),
    "a JPEG that is a header alone": (picture(JPEG[:30]), 422, ["/image"]),
    "a PNG that claims 100,000 x 100,000": (
        picture(png_that_claims(100_000, 100_000)),
        422,
        ["/image"],
    ),
    "a PNG that claims 20,000 x 20,000": (
        picture(png_that_claims(20_000, 20_000)),
        422,
        ["/image"],
    ),
    "no picture": (form(("kernel", b"laplacian")), 422, ["/image"]),
    "no picture but another file": (picture(None), 422, ["/no"]),
    "no kernel for a picture": (picture(kernel=None), 422, ["/kernel"]),
    # forms
    "a picture cut off before the closing boundary": (
        form(("kernel", b"laplacian"), ("image", PNG), end=b""),
        422,
        ["/image"],
    ),
    "a form without parts": (form(end=b""), 422, []),
    "a form that is no form": (text(b"canary7f3", PICTURES, FORM), 422, []),
    "a form without its boundary": (
        text(b"canary7f3", PICTURES, {"content-type": "multipart/form-data"}),
        422,
        [],
    ),
    "a repeated field": (
        form(("image", PNG), ("kernel", b"laplacian"), ("kernel", b"sobel")),
        422,
        ["/kernel"],
    ),
    "a repeated picture": (form(("image", PNG), ("image", PNG)), 422, ["/image"]),
    "a part without a name": (form(("", b"canary7f3")), 422, []),
    "a hundred parts": (form(*((f"part{i}", b"1") for i in range(100))), 422, []),
    "an unknown form field": (picture(colour="canary7f3"), 422, ["/colour"]),
    "a form field with an unsound name": (picture(**{"canary7f3\x07<b>": "1"}), 422, []),
    "a form field that is not UTF-8": (
        form(("image", PNG), ("kernel", b"\xff\xfecanary7f3")),
        422,
        ["/kernel"],
    ),
    "spec beside fields": (picture(spec='{"kernel": "laplacian"}'), 422, ["/spec"]),
    "spec that is no JSON": (picture(kernel=None, spec="{canary7f3"), 422, ["/spec"]),
    "spec that is an array": (picture(kernel=None, spec='["canary7f3"]'), 422, ["/spec"]),
    # fields
    "text for a number": (picture(bias="canary7f3"), 422, ["/bias"]),
    "a numeric string for a number": (picture(bias='"1.5"'), 422, ["/bias"]),
    "NaN for a number": (picture(bias="NaN"), 422, ["/bias"]),
    "1e400 for a number": (picture(bias="1e400"), 422, ["/bias"]),
    "an enormous number for a bias": (
        picture(bias="1e308", format="tiff", scaling="none"),
        422,
        [],
    ),
    "a number for a truth value": (picture(absolute="1"), 422, ["/absolute"]),
    "an empty field": (picture(mode=""), 422, ["/mode"]),
    "an unknown mode": (picture(mode="canary7f3"), 422, ["/mode"]),
    "an unknown boundary": (picture(boundary="canary7f3"), 422, ["/boundary"]),
    "unknown channels": (picture(channels="canary7f3"), 422, ["/channels"]),
    "an unknown scaling": (picture(scaling="canary7f3"), 422, ["/scaling"]),
    "a NUL in a field": (picture(mode="sa\0me"), 422, ["/mode"]),
    "several faults at once": (
        picture(mode="canary7f3", bias="x", boundary="y"),
        422,
        ["/mode", "/bias", "/boundary"],
    ),
    "floats asked of a PNG": (picture(scaling="none"), 422, ["/scaling"]),
    "an unknown field of a signal": (number_array(canary="canary7f3"), 422, ["/canary"]),
    "an unknown mode of a signal": (number_array(mode="canary7f3"), 422, ["/mode"]),
    "an unknown boundary of a signal": (number_array(boundary=7), 422, ["/boundary"]),
    "an unknown method": (number_array(method="canary7f3"), 422, ["/method"]),
    "an unknown normalisation": (number_array(normalize="canary7f3"), 422, ["/normalize"]),
    "no kernel for a signal": (number_array(kernel=None), 422, ["/kernel"]),
    "no signal": (number_array(signal=None), 422, ["/signal"]),
    "an empty signal": (number_array(signal=[]), 422, ["/signal"]),
    "a signal of texts": (number_array(signal=[1, "canary7f3"]), 422, ["/signal/1"]),
    "a signal of three dimensions": (number_array(signal=[[[1.0]]]), 422, ["/signal/0/0"]),
    "a signal that is an object": (number_array(signal={"canary7f3": 1}), 422, ["/signal"]),
    # kernels
    "a ragged kernel": (with_kernel("[[1, 2], [3]]"), 422, ["/kernel/1"]),
    "an empty kernel": (with_kernel("[]"), 422, ["/kernel"]),
    "a kernel of empty rows": (with_kernel("[[], []]"), 422, ["/kernel/0"]),
    "NaN in a kernel": (with_kernel("[1, NaN]"), 422, [""]),
    "Infinity in a kernel": (with_kernel("[1, -Infinity]"), 422, [""]),
    "1e400 in a kernel": (with_kernel("[1, 1e400]"), 422, [""]),
    "a string in a kernel": (with_kernel('[1, "canary7f3"]'), 422, ["/kernel/1"]),
    "a numeric string in a kernel": (with_kernel('[1, "2.5"]'), 422, ["/kernel/1"]),
    "a boolean in a kernel": (with_kernel("[1, true]"), 422, ["/kernel/1"]),
    "null in a kernel": (with_kernel("[[1, null]]"), 422, ["/kernel/0/1"]),
    "an integer beyond float64 in a kernel": (with_kernel(f"[1, {'9' * 400}]"), 422, [""]),
    "a number for a kernel": (with_kernel("7"), 422, ["/kernel"]),
    "a kernel without a name": (with_kernel('{"size": 3}'), 422, ["/kernel/name"]),
    "an unknown parameter of a kernel": (
        with_kernel('{"name": "hann", "canary": "canary7f3"}'),
        422,
        ["/kernel/canary"],
    ),
    "a parameter out of range": (with_kernel('{"name": "hann", "size": 0}'), 422, ["/kernel/size"]),
    "a parameter of the wrong type": (
        with_kernel('{"name": "hann", "size": "canary7f3"}'),
        422,
        ["/kernel/size"],
    ),
    "an integer of 400 digits for a size": (
        with_kernel(f'{{"name": "hann", "size": {"9" * 400}}}'),
        422,
        [""],
    ),
    "a kernel of too many taps": (
        with_kernel('{"name": "hann", "size": 1048577}'),
        422,
        ["/kernel/size"],
    ),
    "a kernel too large for a picture": (
        picture(kernel='{"name": "boxcar", "size": 1025}'),
        422,
        ["/kernel/size"],
    ),
    "a kernel of two dimensions for a signal": (with_kernel('"laplacian"'), 422, ["/kernel"]),
    "a kernel name in the wrong case with a lone surrogate": (
        with_kernel(r'"\ud800"'),
        422,
        [""],
    ),
    "a NUL in a kernel's name": (with_kernel(r'"ha\u0000nn"'), 422, ["/kernel"]),
    # what can't be computed
    "valid with a kernel larger than the signal": (
        number_array(kernel=[1, 2, 3, 4, 5], mode="valid"),
        422,
        ["/mode"],
    ),
    "valid with a kernel larger than the picture": (
        picture(kernel='{"name": "boxcar", "size": 27}', mode="valid"),
        422,
        ["/mode"],
    ),
    "separable passes of a kernel that has none": (
        picture(kernel="[[1, 0], [0, 2]]", method="separable"),
        422,
        ["/method"],
    ),
    "division by a sum of zero": (
        with_kernel('{"name": "custom", "values": [1, 0, -1], "normalize": "sum"}'),
        422,
        ["/kernel/normalize"],
    ),
    "division by a sum of zero, asked for beside the kernel": (
        number_array(kernel=[1, 0, -1], normalize="sum"),
        422,
        ["/normalize"],
    ),
    "a sum larger than a float64": (number_array(signal=[1e308, 1e308], kernel=[9, 9]), 422, []),
    "more work than is taken on": (
        number_array(
            signal=[1] * 250_000, kernel={"name": "hann", "size": 1_048_576}, method="direct"
        ),
        422,
        [],
    ),
    # JSON
    "an empty body": (text(b""), 422, [""]),
    "a body of spaces": (text(b"   "), 422, [""]),
    "a body that is no JSON": (text(b'{"signal": canary7f3'), 422, [""]),
    "a body that is an array": (text(b'["canary7f3"]'), 422, [""]),
    "a body that is not UTF-8": (text(b'{"signal": "\xff\xfe"}'), 422, [""]),
    "100,000 open brackets": (text(b"[" * 100_000), 422, [""]),
    "a signal 100,000 deep": (
        text(b'{"signal": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        422,
        [""],
    ),
    "a lone surrogate in a key": (text(rb'{"\ud800canary7f3": 1}'), 422, [""]),
    # No encoding of a body is undone, so its bytes are what is judged.
    "a body of gzip": (text(gzip.compress(b'{"signal": [1]}'), headers=GZIPPED), 422, [""]),
    "a body that calls itself gzip and is none": (text(b"canary7f3", headers=GZIPPED), 422, [""]),
    "an empty kernel to preview": (text(b"", PREVIEW), 422, [""]),
    "no kernel's name to preview": (text(b'"canary7f3"', PREVIEW), 422, [""]),
    # types, queries and paths
    "a text body": (text(b"canary7f3", headers={"content-type": "text/plain"}), 415, []),
    "a body without a type": (text(b"{}", headers={}), 415, []),
    "a JSON body for a picture": (text(b"{}", PICTURES), 415, []),
    "a form to preview": (text(b"canary7f3", PREVIEW, FORM), 415, []),
    "a type that is none": (text(b"{}", headers={"content-type": b"canary7f3;;=\xff"}), 415, []),
    "an unknown query parameter": (picture(query={"canary": "canary7f3"}), 422, ["/canary"]),
    "a repeated query parameter": (
        picture(query=[("format", "png"), ("format", "npy")]),
        422,
        ["/format"],
    ),
    "a format both in the query and the form": (
        picture(query={"format": "png"}, format="npy"),
        422,
        ["/format"],
    ),
    "an impossible format": (picture(format="canary7f3"), 406, ["/format"]),
    "a format of other things": (picture(format="csv"), 406, ["/format"]),
    "an impossible Accept": (picture(accept="text/canary7f3"), 406, []),
    "a refusal of everything": (picture(accept="*/*;q=0"), 406, []),
    "an Accept that is none": (picture(accept=";;,;q=canary7f3"), 406, []),
    "more of a picture than it has": (picture(query={"include": "kernel"}), 422, ["/include"]),
    "an unknown thing to include": (picture(query={"include": "canary7f3"}), 422, ["/include"]),
    "an unknown sample": ({"url": "/v1/samples/canary7f3", "method": "GET"}, 404, []),
    "an unknown kernel": ({"url": "/v1/kernels/canary7f3", "method": "GET"}, 404, []),
    "an unknown parameter of a kernel in a query": (
        {"url": "/v1/kernels/hann?canary=canary7f3", "method": "GET"},
        422,
        ["/canary"],
    ),
    "a path that leads upwards": (
        {"url": "/v1/samples/..%2f..%2fcanary7f3", "method": "GET"},
        404,
        [],
    ),
    "an unknown path": ({"url": "/canary7f3", "method": "GET"}, 404, []),
    "the wrong method": ({"url": SIGNALS, "method": "DELETE"}, 405, []),
    "a method for nothing here": ({"url": "/healthz", "method": "PATCH"}, 405, []),
}


def send(client, request):
    return client.request(**{"method": "POST", **request})


def assert_problem(answer, status):
    """The body of a problem that is whole and tells nothing it should not."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("/problems/")
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["title"]
    assert problem["detail"]
    assert not LEAKS.search(answer.text), answer.text
    return problem


@pytest.mark.parametrize("what", BAD)
def test_a_bad_request_is_told_what_is_wrong_and_where(client, what):
    request, status, pointers = BAD[what]
    problem = assert_problem(send(client, request), status)
    named = [fault["pointer"] for fault in problem.get("errors", [])]
    assert set(pointers) <= set(named), problem


def test_after_all_of_them_the_server_serves_with_the_workers_it_had(client, server):
    before = server.workers()
    for request, _, _ in BAD.values():
        send(client, request)
    want = signal.convolve([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 4.0], mode="same")
    assert send(client, number_array()).json()["result"] == want.tolist()
    assert server.workers() == before


@pytest.mark.parametrize(
    "what",
    [
        "a PNG that claims 20,000 x 20,000",
        "a kernel too large for a picture",
        "more work than is taken on",
    ],
)
def test_what_is_over_a_limit_is_told_the_limit_and_what_was_measured(client, what):
    problem = assert_problem(send(client, BAD[what][0]), 422)
    assert problem["type"] == "/problems/limit-exceeded"
    assert len(re.findall(r"\d[\d,.]*(?:e\+?\d+)?", problem["detail"])) >= 2, problem["detail"]


@pytest.mark.parametrize(
    ("misspelt", "meant"), [("gausian", "gaussian"), ("Laplacian", "laplacian"), ("hannn", "hann")]
)
def test_an_unknown_kernel_is_answered_with_the_nearest_names(client, misspelt, meant):
    problem = assert_problem(send(client, number_array(kernel=misspelt)), 422)
    assert problem["type"] == "/problems/unknown-kernel"
    assert meant in problem["detail"]


@pytest.mark.parametrize("path", ["/healthz", "/v1/kernels", "/v1/samples/ascent", "/nowhere"])
def test_every_answer_has_a_request_id_of_its_own(client, path):
    first, second = (client.get(path).headers["x-request-id"] for _ in range(2))
    assert first
    assert first != second


@pytest.mark.parametrize("identity", ["a", "order-66_b.1:2/3+4=", "x" * 128])
def test_a_sound_request_id_comes_back(client, identity):
    answer = client.post(SIGNALS, headers={"x-request-id": identity, **JSON}, content=b"{}")
    assert answer.headers["x-request-id"] == identity
    assert answer.json()["request_id"] == identity


@pytest.mark.parametrize(
    "identity", [b"", b"x" * 129, b"two words", b"<b>", b"a\tb", b"\xff", b"a;b", b'"quoted"']
)
def test_an_unsound_request_id_is_replaced(client, identity):
    answer = client.post(SIGNALS, headers={"x-request-id": identity, **JSON}, content=b"{}")
    given = answer.headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f-]{36}", given)
    assert answer.json()["request_id"] == given


@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    folder = tmp_path_factory.mktemp("narrow")
    with (
        running_server(folder, max_body_bytes=LIMIT, workers=1) as server,
        server.client() as connected,
    ):
        yield connected


def body_of(size):
    start, end = b'{"kernel": [1], "signal": [1', b"]}"
    return start + b" " * (size - len(start) - len(end)) + end


def in_chunks(body):
    """Without a Content-Length, as httpx sends what it can't measure."""
    yield from (body[start : start + 999] for start in range(0, len(body), 999))


@pytest.mark.parametrize("content", [bytes, in_chunks], ids=["measured", "chunked"])
def test_a_body_of_exactly_the_limit_is_taken(narrow, content):
    assert send(narrow, text(content(body_of(LIMIT)))).status_code == 200


@pytest.mark.parametrize("content", [bytes, in_chunks], ids=["measured", "chunked"])
@pytest.mark.parametrize("url", [SIGNALS, PREVIEW])
def test_a_body_over_the_limit_is_refused(narrow, url, content):
    problem = assert_problem(send(narrow, text(content(body_of(LIMIT + 1)), url)), 413)
    assert str(LIMIT) in problem["detail"]


@pytest.mark.parametrize("content", [bytes, in_chunks], ids=["measured", "chunked"])
@pytest.mark.parametrize("url", [SIGNALS, PICTURES])
def test_a_form_over_the_limit_is_refused(narrow, url, content):
    too_much = form(("kernel", b"laplacian"), ("image", bytes(LIMIT)))["content"]
    assert_problem(send(narrow, text(content(too_much), url, FORM)), 413)


def test_a_body_over_the_limit_does_not_keep_the_next_one_from_being_served(narrow):
    assert send(narrow, text(in_chunks(body_of(10 * LIMIT)))).status_code == 413
    assert send(narrow, number_array()).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_a_preview_is_asked_for_by_post_alone(client, method):
    answer = client.request(method, "/v1/kernels/preview")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/healthz", "/v1/kernels/hann?size=5", "/v1/samples/ascent"])
def test_head_tells_what_get_would_without_the_body(client, path):
    head, get = client.head(path), client.get(path)
    assert head.status_code == get.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(get.content))
    assert head.headers["content-type"] == get.headers["content-type"]
