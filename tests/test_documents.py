"""What is written down agrees with the code."""

from __future__ import annotations

import re
import tomllib

import orjson

import service
from tests.generated_documents import OPENAPI, README, ROOT, openapi_text, with_tables

_MEND = "run `make documents` and commit what it writes"


def test_the_committed_openapi_document_is_the_apps():
    assert orjson.loads(OPENAPI.read_text()) == orjson.loads(openapi_text()), _MEND


def test_the_tables_of_the_readme_are_those_of_the_code():
    text = README.read_text()
    assert with_tables(text) == text, _MEND


def test_a_table_that_is_out_of_date_would_be_noticed():
    text = README.read_text().replace("| `hann` |", "| `hanning` |")
    assert with_tables(text) != text


def test_the_readme_stays_short_enough_to_be_a_front_door():
    assert len(README.read_text().splitlines()) < 400


def test_every_dependency_is_explained_in_contributing():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    explained = (ROOT / "CONTRIBUTING.md").read_text()
    everything = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[<>=;\[ ]", each)[0] for each in everything}
    assert {name for name in names if f"`{name}`" not in explained} == set()


def test_the_changelog_speaks_of_this_version():
    assert f"## [{service.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
