"""The whole application, with a real worker, without a socket."""

from __future__ import annotations

import asyncio
from io import BytesIO

import httpx
import numpy as np
import orjson
import pytest
import pytest_asyncio
import scipy.signal
from PIL import Image

from service import __version__
from service.api.problems import PROBLEMS
from service.app import create_app
from service.convolution.compiled import native_in_use
from service.kernels.catalogue import CATALOGUE
from service.settings import Settings
from tests.api.description.test_openapi_document import DOCUMENT, accepts

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = Settings(workers=1, max_body_bytes=100_000, max_picture_pixels=10_000)
KERNEL = [[1, 2, 0], [0, 1, -3]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client():
    app = create_app(SETTINGS)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://service") as client,
    ):
        for _ in range(1500):
            if (await client.get("/readyz")).status_code == 200:
                break
            await asyncio.sleep(0.02)
        yield client


@pytest.fixture
def picture():
    return np.random.default_rng(2).integers(0, 256, (9, 11), np.uint8)


def png(samples):
    file = BytesIO()
    Image.fromarray(samples).save(file, "png")
    return file.getvalue()


async def test_a_picture_goes_in_and_its_convolution_comes_out(client, picture):
    answer = await client.post(
        "/v1/images/convolve",
        files={"image": ("a.png", png(picture), "image/png")},
        data={"kernel": orjson.dumps(KERNEL).decode(), "boundary": "wrap"},
        headers={"X-Request-ID": "mine"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-request-id"] == "mine"
    assert "decode;dur=" in answer.headers["server-timing"]
    assert "multiply-adds" in answer.headers["convolution-plan"]
    wanted = scipy.signal.convolve2d(picture.astype(int), KERNEL, "same", "wrap")
    shown = np.asarray(Image.open(BytesIO(answer.content)))
    np.testing.assert_array_equal(shown, np.clip(wanted, 0, 255))


async def test_the_answers_format_is_negotiated(client, picture):
    parts = {"image": png(picture), "kernel": b"laplacian"}
    for accept, kind in [("image/webp", "image/webp"), ("application/x-npy", "application/x-npy")]:
        answer = await client.post("/v1/images/convolve", files=parts, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["vary"] == "Accept"
    wanted = scipy.signal.convolve2d(
        picture.astype(int), [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], "same", "symm"
    )
    np.testing.assert_array_equal(np.load(BytesIO(answer.content)), wanted)


async def test_a_signal_goes_in_and_its_convolution_comes_out(client):
    body = {"signal": [1, 2, -4, 8], "kernel": [1, 0.5, -1], "mode": "full"}
    answer = await client.post("/v1/signals/convolve?include=kernel", json=body)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert document["result"] == np.convolve([1, 2, -4, 8], [1, 0.5, -1]).tolist()
    assert document["kernel"]["kernels"][0]["values"] == [1, 0.5, -1]
    assert accepts("ConvolvedArray", document)


async def test_a_signal_can_come_as_a_file(client):
    answer = await client.post(
        "/v1/signals/convolve?format=csv",
        files={"signal": ("s.csv", b"1\n2\n-4\n8\n", "text/csv"), "kernel": (None, "identity")},
    )
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (
        200,
        "text/csv",
    )
    assert [float(line) for line in answer.text.split()] == [1, 2, -4, 8]


async def test_the_catalogue_is_listed_and_each_kernel_shown(client):
    listed = (await client.get("/v1/kernels")).json()["kernels"]
    assert [each["name"] for each in listed] == list(CATALOGUE)
    answer = await client.get("/v1/kernels/gaussian?size=5&sigma=1.5")
    assert answer.json()["shape"] == [5]
    assert accepts("KernelFacts", answer.json())
    drawn = await client.get("/v1/kernels/sobel?format=png")
    assert Image.open(BytesIO(drawn.content)).format == "PNG"
    preview = await client.post("/v1/kernels/preview?dimensions=2", json=[1, 2, 4])
    assert preview.json()["shape"] == [3, 3]


async def test_the_sample_that_is_listed_is_there(client):
    (sample,) = (await client.get("/v1/samples")).json()["samples"]
    picture = await client.get(sample["url"])
    assert Image.open(BytesIO(picture.content)).size == (512, 512)


async def test_operators_are_told_how_it_is(client):
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).json()["workers_by_lane"] == {"ordinary": 1, "express": 1}
    version = (await client.get("/version")).json()
    assert version == {
        "name": "convolution-service",
        "version": __version__,
        "native": native_in_use("auto"),
    }


async def test_a_service_without_compiled_engines_says_so_and_plans_without_them():
    app = create_app(Settings(workers=1, express_workers=0, native="off"))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    plan = {"shape": [2000, 2000], "kernel": {"name": "gaussian", "size": 15}}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://service") as client,
    ):
        assert (await client.get("/version")).json()["native"] == "off"
        planned = await client.post("/v1/plans", json=plan)
    assert planned.status_code == 200
    assert "native" not in planned.text


async def test_the_document_is_served_with_its_pages(client):
    assert (await client.get("/openapi.json")).json() == DOCUMENT
    page = await client.get("/docs")
    assert page.status_code == 200
    assert "'self'" in page.headers["content-security-policy"]
    for file in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png", "start.js"):
        assert f"docs/{file}" in page.text
        assert (await client.get(f"/docs/{file}")).status_code == 200
    assert (await client.get("/")).headers["content-type"].startswith("text/html")


NPY_FORM = {"files": {"image": b"\x93NUMPY", "kernel": b"box"}}
FAULTS = {
    "unknown path": ("GET", "/v2", {}, "not-found"),
    "trailing slash": ("GET", "/v1/kernels/", {}, "not-found"),
    "unknown kernel in the path": ("GET", "/v1/kernels/nothing", {}, "not-found"),
    "unknown sample": ("GET", "/v1/samples/nothing", {}, "not-found"),
    "unknown file": ("GET", "/docs/..%2fapp.py", {}, "not-found"),
    "wrong method": ("PUT", "/v1/kernels", {}, "method-not-allowed"),
    "unknown query": ("GET", "/healthz?verbose=1", {}, "invalid-request"),
    "unknown parameter": ("GET", "/v1/kernels/box?sigma=1", {}, "invalid-request"),
    "wrong dimensions": ("GET", "/v1/kernels/box?dimensions=3", {}, "invalid-request"),
    "unknown format": ("GET", "/v1/kernels/box?format=gif", {}, "not-acceptable"),
    "not acceptable": (
        "GET",
        "/v1/kernels/box",
        {"headers": {"Accept": "text/html"}},
        "not-acceptable",
    ),
    "unknown kernel": (
        "POST",
        "/v1/signals/convolve",
        {"json": {"signal": [1], "kernel": "nothing"}},
        "unknown-kernel",
    ),
    "not JSON": (
        "POST",
        "/v1/signals/convolve",
        {"content": b"{", "headers": {"Content-Type": "application/json"}},
        "invalid-request",
    ),
    "no media type": ("POST", "/v1/signals/convolve", {"content": b"1"}, "unsupported-media-type"),
    "JSON for a picture": ("POST", "/v1/images/convolve", {"json": {}}, "unsupported-media-type"),
    "no picture": ("POST", "/v1/images/convolve", NPY_FORM, "unsupported-media-type"),
    "too large": (
        "POST",
        "/v1/signals/convolve",
        {"content": b" " * 100_001, "headers": {"Content-Type": "application/json"}},
        "body-too-large",
    ),
    "too many pixels": (
        "POST",
        "/v1/images/convolve",
        {"files": {"image": png(np.zeros((101, 100), np.uint8)), "kernel": b"box"}},
        "limit-exceeded",
    ),
    "overflow": (
        "POST",
        "/v1/signals/convolve",
        {"json": {"signal": [1e308, 1e308], "kernel": [1, 1], "mode": "full"}},
        "result-not-finite",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
async def test_what_goes_wrong_is_answered_with_its_problem(client, case):
    method, url, content, code = FAULTS[case]
    answer = await client.request(method, url, **content)
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["type"] == f"/problems/{code}"
    assert answer.status_code == document["status"] == PROBLEMS[code].status
    assert accepts("Problem", document)
    assert answer.headers["x-request-id"] == document["request_id"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("case", FAULTS)
async def test_a_problem_that_a_documented_endpoint_gives_is_one_that_it_declares(client, case):
    method, url, content, _ = FAULTS[case]
    path = url.partition("?")[0]
    for prefix in ("/v1/kernels/", "/v1/samples/"):
        if path.startswith(prefix) and path != prefix:
            path = prefix + "{name}"
    operation = DOCUMENT["paths"].get(path, {}).get(method.lower())
    if operation is not None:
        answer = await client.request(method, url, **content)
        assert str(answer.status_code) in operation["responses"]
