"""Every command line of the README does what the README says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.generated_documents import README

_BLOCKS = re.compile(r"```console\n(.*?)```", re.DOTALL)


def _examples():
    """Each command line with the answer that stands under it."""
    lines = "".join(_BLOCKS.findall(README.read_text())).splitlines()
    examples = []
    for line in lines:
        if line.startswith("$ "):
            examples.append((line[2:], []))
        else:
            examples[-1][1].append(line)
    return [(command, "\n".join(answer)) for command, answer in examples]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the commands run, one after the other, as a reader would run them."""
    return tmp_path_factory.mktemp("readme")


@pytest.mark.parametrize(("command", "answer"), _examples())
def test_a_command_of_the_readme_gives_the_answer_under_it(command, answer, server, folder):
    assert shutil.which("curl"), "the README's examples need curl: install the package curl"
    # The README's python3 is one that has numpy: the one that runs the tests.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = subprocess.run(
        ["bash", "-c", command.replace("localhost:8000", f"localhost:{server.port}")],
        cwd=folder,
        env={**os.environ, "PATH": path, "no_proxy": "localhost"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    # An ellipsis stands for whatever the README leaves out.
    wanted = re.escape(answer).replace(re.escape("..."), ".*")
    assert re.fullmatch(wanted, ran.stdout.strip(), re.DOTALL), ran.stdout


def test_every_endpoint_stands_in_the_readme(client):
    paths = client.get("/openapi.json").json()["paths"]
    text = README.read_text()
    absent = [path for path in paths if not re.search(re.sub(r"{\w+}", r"[^/\\s]+", path), text)]
    assert not absent
