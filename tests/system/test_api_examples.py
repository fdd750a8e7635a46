"""The examples beside the OpenAPI document are what the service answers."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tests.api_examples import REQUESTS, answer_of, stored
from tests.system.server import running_server

EXAMPLES = dict(stored())


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Of a server without compiled engines, whose plans are the same on any machine."""
    with (
        running_server(tmp_path_factory.mktemp("server"), native="off") as server,
        server.client() as connected,
    ):
        yield connected


def pixels(answer):
    with Image.open(io.BytesIO(base64.b64decode(answer.pop("base64")))) as picture:
        return np.asarray(picture)


def test_every_request_has_its_example():
    assert {name: each["request"] for name, each in EXAMPLES.items()} == REQUESTS


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_answered_as_it_is_written_down(client, name):
    written = EXAMPLES[name]["answer"]
    answer = answer_of(client, EXAMPLES[name]["request"])
    if "base64" in written:
        np.testing.assert_array_equal(pixels(answer), pixels(written))
    assert answer == written
