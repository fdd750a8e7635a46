"""What is written down agrees with the code."""

from __future__ import annotations

import re
import tomllib
from io import BytesIO

import orjson
import pytest
from PIL import Image

import service
from tests.border_figure import FIGURE, figure, png
from tests.generated_documents import (
    OPENAPI,
    README,
    ROOT,
    TABLES,
    openapi_text,
    texts,
    with_tables,
)

_MEND = "run `make documents` and commit what it writes"


def test_the_committed_openapi_document_is_the_apps():
    assert orjson.loads(OPENAPI.read_text()) == orjson.loads(openapi_text()), _MEND


@pytest.mark.parametrize("path", texts(), ids=lambda path: path.name)
def test_the_tables_of_a_text_are_those_of_the_code(path):
    text = path.read_text()
    assert with_tables(text) == text, _MEND


@pytest.mark.parametrize("name", TABLES)
def test_every_table_stands_in_one_text_and_would_be_noticed_if_it_were_out_of_date(name):
    mark = f"<!-- table: {name} -->\n"
    (text,) = (text for path in texts() if mark in (text := path.read_text()))
    stale = text.replace(mark, f"{mark}| a row that nobody knows |\n")
    assert with_tables(stale) == text


def test_the_figure_of_the_borders_is_the_one_that_would_be_drawn():
    with Image.open(FIGURE) as committed:
        drawn = Image.open(BytesIO(png(figure())))
        assert committed.convert("RGB").tobytes() == drawn.convert("RGB").tobytes(), (
            "run `python -m tests.border_figure` and commit what it draws"
        )


def test_the_readme_stays_short_enough_to_be_a_front_door():
    assert len(README.read_text().splitlines()) < 300


def test_every_dependency_is_explained_in_contributing():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    explained = (ROOT / "CONTRIBUTING.md").read_text()
    everything = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[<>=;\[ ]", each)[0] for each in everything}
    assert {name for name in names if f"`{name}`" not in explained} == set()


def test_the_changelog_speaks_of_this_version():
    assert f"## [{service.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
