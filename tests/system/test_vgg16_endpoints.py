"""VGG16 over HTTP: validators, links, and a service whose weights are damaged."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from tests.system.server import wait_until

GRID = "/v1/vgg16/block1_conv1/filters"
LINKS = ['<https://creativecommons.org/licenses/by/4.0/>; rel="license"', 'rel="author"']


@pytest.fixture(scope="module")
def ascent(client):
    return client.get("/v1/samples/ascent").raise_for_status().content


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/v1/vgg16", GRID, f"{GRID}?format=npy", f"{GRID}/5"])
def test_what_a_client_has_is_not_sent_again(client, path):
    first = client.get(path).raise_for_status()
    tag = first.headers["etag"]
    assert tag.startswith('"')
    assert "max-age" in first.headers["cache-control"]
    again = client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == tag
    assert head.headers["content-length"] == str(len(first.content))
    assert client.get(path, headers={"If-None-Match": '"other"'}).content == first.content


@pytest.mark.slow
def test_each_format_has_a_tag_of_its_own(client):
    tags = {client.get(GRID, params={"format": name}).headers["etag"] for name in ("png", "npy")}
    assert len(tags) == 2


@pytest.mark.slow
def test_answers_link_to_the_licence_and_tell_the_axes(client, ascent):
    grid = client.get(GRID, headers={"Accept": "application/x-npy"})
    assert grid.headers["array-layout"] == "height, width, channel, filter"
    seen = client.post(
        "/v1/vgg16/block1_conv1/activations", params={"format": "npy"}, files={"image": ascent}
    )
    assert seen.headers["array-layout"] == "height, width, filter"
    assert "activate;dur=" in seen.headers["server-timing"]
    for answer in (grid, seen, client.get("/v1/vgg16"), client.get(f"{GRID}/0")):
        assert all(link in answer.headers["link"] for link in LINKS)


@pytest.mark.slow
def test_a_filter_goes_from_one_endpoint_to_the_other(client, ascent):
    kernel = client.get(f"{GRID}/2", params={"channel": 1}).raise_for_status()
    convolved = client.post(
        "/v1/images/convolve",
        params={"format": "npy"},
        files={"image": ascent},
        data={"kernel": kernel.text, "mode": "valid"},
    ).raise_for_status()
    got = np.load(io.BytesIO(convolved.content))
    weights = np.load(io.BytesIO(client.get(GRID, params={"format": "npy"}).content))
    plane = np.asarray(Image.open(io.BytesIO(ascent)), float)
    want = sum(
        weights[u, v, 1, 2].astype(float) * plane[u : u + 510, v : v + 510]
        for u in range(3)
        for v in range(3)
    )
    np.testing.assert_allclose(got, want, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "status", "code", "told"),
    [
        ("/v1/vgg16/block6_conv1/filters", 404, "not-found", "block5_conv3"),
        ("/v1/vgg16/block3_conv1/filters", 404, "weights-missing", "fetch"),
        ("/v1/vgg16/block1_conv1/filters/64", 422, "invalid-request", "0 to 63"),
        ("/v1/vgg16/block1_conv1/filters?count=65", 422, "invalid-request", "1 to 64"),
        ("/v1/vgg16/block1_conv1/filters?channel=1&channel=2", 422, "invalid-request", "once"),
        ("/v1/vgg16/block1_conv1/filters?format=webp", 406, "not-acceptable", "png"),
    ],
)
def test_what_can_not_be_answered_is_told(client, path, status, code, told):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{code}"
    assert told in answer.text


@pytest.mark.slow
def test_damaged_weights_are_named_at_the_start_and_cost_their_endpoints_alone(start, tmp_path):
    damaged = tmp_path / "damaged-weights.h5"
    damaged.write_bytes(b"\x89HDF\r\n\x1a\n" + b"\xff" * 4000)
    with start(workers=1, vgg16_weights=damaged) as server, server.client() as client:
        wait_until(lambda: "damaged-weights.h5" in server.log.read_text())
        for path in ("/v1/vgg16", GRID, f"{GRID}/0"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert answer.json()["type"] == "/problems/weights-unavailable"
            assert "damaged-weights" not in answer.text
        signal = json.dumps({"signal": [0, 1, 0], "kernel": [1, 2, 3]})
        json_type = {"content-type": "application/json"}
        sound = client.post("/v1/signals/convolve", content=signal, headers=json_type)
        assert sound.json()["result"] == [1, 2, 3]


@pytest.mark.slow
def test_a_weights_file_that_is_absent_is_named_and_what_ships_is_served(start, tmp_path):
    with start(workers=1, vgg16_weights=tmp_path / "later.h5") as server, server.client() as client:
        wait_until(lambda: "later.h5" in server.log.read_text())
        assert client.get(GRID).status_code == 200
        assert client.get("/v1/vgg16/block4_conv1/filters").status_code == 404
