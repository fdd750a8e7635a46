"""Clients that others generate from the OpenAPI document compile, and get right answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from service.kernels.catalogue import CATALOGUE
from tests.generated_documents import OPENAPI, ROOT
from tests.system.server import running_server

pytestmark = pytest.mark.programs

HERE = Path(__file__).parent
# With what is installed beside this Python.
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
# The document of each release whose promises still hold.
RELEASED = sorted((ROOT / "openapi" / "released").glob("*.json"))
PICTURE = ROOT / "service" / "samples" / "ascent.png"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """Of a server of our own, or of the one that the environment tells: a container, say."""
    if told := os.environ.get("CONVOLUTION_TEST_URL"):
        yield told
        return
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running.url


def run(*command, cwd):
    found = shutil.which(command[0], path=PATH)
    assert found, f"{command[0]} is missing: on Debian, apt-get install nodejs npm"
    done = subprocess.run(
        [found, *command[1:]],
        cwd=cwd,
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_client_for_python_is_generated_without_a_warning_and_works(url, tmp_path):
    run(
        *("openapi-python-client", "generate", "--fail-on-warning", "--meta", "none"),
        *("--path", str(OPENAPI), "--config", str(HERE / "python_client.yaml")),
        *("--output-path", str(tmp_path / "generated")),
        cwd=tmp_path,
    )
    shutil.copy(HERE / "use_generated.py", tmp_path)
    # The program, not the generator's own code, which is not written for strictness.
    strictly = ("--strict", "--follow-imports", "silent")
    run(sys.executable, "-m", "mypy", *strictly, "use_generated.py", cwd=tmp_path)
    told = json.loads(run(sys.executable, "use_generated.py", url, str(PICTURE), cwd=tmp_path))
    assert told == {
        "result": [0, 0, 1, 2, 3, 0],
        "signature": ord("P"),
        "problem": "/problems/invalid-request",
        "kernels": len(CATALOGUE),
    }


@pytest.fixture(scope="module")
def node_folder(tmp_path_factory):
    """A folder with our programs for Node.js and the packages that they use."""
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "use_generated.ts", "breaking_changes.mjs"):
        shutil.copy(HERE / name, folder)
    run("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", cwd=folder)
    return folder


def test_types_for_typescript_are_generated_and_a_program_on_them_works(url, node_folder):
    # A property with a default may be left out of a request.
    options = ("--default-non-nullable=false", "--output", "api.d.ts")
    run("npx", "openapi-typescript", str(OPENAPI), *options, cwd=node_folder)
    run(
        *("npx", "tsc", "--strict", "--target", "es2022", "--module", "nodenext"),
        *("--moduleResolution", "nodenext", "--types", "node", "use_generated.ts"),
        cwd=node_folder,
    )
    told = json.loads(run("node", "use_generated.js", url, str(PICTURE), cwd=node_folder))
    assert told == {
        "result": [0, 0, 1, 2, 3, 0],
        "signature": ord("P"),
        "shape": [5],
        "problem": "/problems/invalid-request",
        "layers": 13,
    }


def breaking_changes(before, after, node_folder):
    command = ("node", "breaking_changes.mjs", str(before), str(after))
    return json.loads(run(*command, cwd=node_folder))


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: path.stem)
def test_nothing_that_was_released_is_taken_back(released, node_folder):
    assert breaking_changes(released, OPENAPI, node_folder) == []


def test_what_is_taken_back_would_be_noticed(node_folder, tmp_path):
    document = json.loads(OPENAPI.read_text())
    del document["paths"]["/v1/plans"]
    get = document["paths"]["/v1/kernels/{name}"]["get"]
    get["parameters"].append(
        {"name": "more", "in": "query", "required": True, "schema": {"type": "string"}}
    )
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(document))
    found = "\n".join(breaking_changes(OPENAPI, changed, node_folder))
    assert "remove paths / /v1/plans / post" in found
    assert "add paths / /v1/kernels/{name} / get / parameters" in found


def required_in_a_schema(name, node_folder, tmp_path):
    """The changes that break, when a schema gets a property more which is always there."""
    document = json.loads(OPENAPI.read_text())
    schema = document["components"]["schemas"][name]
    schema["properties"]["more"] = {"type": "string"}
    schema["required"] = [*schema.get("required", []), "more"]
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(document))
    return breaking_changes(OPENAPI, changed, node_folder)


def test_an_answer_may_tell_more_and_a_request_may_not_ask_for_more(node_folder, tmp_path):
    assert required_in_a_schema("Version", node_folder, tmp_path) == []
    asked = "\n".join(required_in_a_schema("SignalRequestOfKernel", node_folder, tmp_path))
    assert "components / schemas / SignalRequestOfKernel / properties / more" in asked
