"""The guide: its pages are served, lead to one another, and its programs do what they say."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from importlib.resources import files

import pytest
from PIL import Image

from service.api.routes.guide import PAGES
from tests.generated_documents import GUIDE

FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = dict(FENCED.findall((GUIDE / "integrating.md").read_text()))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_served_with_its_title_and_no_script(client, name):
    answer = client.get(f"/docs/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert f"<h1>{PAGES[name]}</h1>" in answer.text
    assert "<script" not in answer.text


@pytest.mark.parametrize("name", PAGES)
def test_whatever_a_page_leads_to_is_there(client, name):
    page = client.get(f"/docs/{name}").text
    places = set(re.findall(r'(?:href|src)="([^"#]+)"', page))
    assert len(places) > len(PAGES)
    for place in places:
        assert client.get(f"/docs/{place}").status_code == 200, place


def test_every_text_of_the_guide_is_a_page():
    assert {path.stem for path in GUIDE.glob("*.md")} == set(PAGES)


@pytest.fixture
def folder(tmp_path):
    """Where a program of the guide runs: with a picture."""
    with Image.open(io.BytesIO((files("service") / "samples/ascent.png").read_bytes())) as sample:
        sample.resize((64, 48)).save(tmp_path / "picture.jpg")
    return tmp_path


def run(server, folder, *command):
    found = shutil.which(command[0])
    assert found, f"{command[0]} is missing: on Debian, apt-get install golang-go nodejs curl"
    done = subprocess.run(
        [found, *command[1:]],
        cwd=folder,
        env={**os.environ, "SERVICE": server.url, "GOCACHE": str(folder / "go"), "GOFLAGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_command_line_of_the_guide_writes_a_picture(server, folder):
    run(server, folder, "sh", "-euc", PROGRAMS["sh"])
    with Image.open(folder / "edges.png") as written:
        assert (written.format, written.mode, written.size) == ("PNG", "L", (64, 48))


def test_the_python_of_the_guide_gets_signed_numbers(server, folder):
    assert run(server, folder, sys.executable, "-c", PROGRAMS["python"]) == "float64 2"


@pytest.mark.programs
def test_the_javascript_of_the_guide_gets_a_picture(server, folder):
    program = f"""
    import {{ readFile }} from "node:fs/promises";
    const service = process.env.SERVICE;
    const picture = new Blob([await readFile("picture.jpg")]);
    {PROGRAMS["js"]}
    console.log(blurred.type, blurred.size > 100);
    """
    (folder / "program.mjs").write_text(program)
    assert run(server, folder, "node", "program.mjs") == "image/png true"


@pytest.mark.programs
def test_the_go_of_the_guide_gets_a_picture(server, folder):
    (folder / "program.go").write_text(PROGRAMS["go"])
    assert run(server, folder, "go", "run", "program.go") == "image/png"
