"""The OpenAPI document against the real server: generated requests, sound and unsound."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.kernels.catalogue import CATALOGUE

HERE = Path(__file__).parent


def with_one_kernel_a_family(document):
    """The document with one kernel of each family: all of them at every place of a kernel make
    some thousand requests an operation, and each has its own tests over the catalogue.
    """
    families = {entry.family: name for name, entry in reversed(CATALOGUE.items())}
    kept = {*families.values(), "custom", "combination"}
    for component in ("Kernel", "SingleKernel"):
        for alternative in document["components"]["schemas"][component]["anyOf"]:
            if "enum" in alternative:
                alternative["enum"] = [name for name in alternative["enum"] if name in kept]
            if "oneOf" in alternative:
                mapping = alternative["discriminator"]["mapping"]
                for name in mapping.keys() - kept:
                    alternative["oneOf"].remove({"$ref": mapping.pop(name)})
    return document


def with_forms_spelt_out(document):
    """The document with each form as what its condition makes of it: one of several objects.

    Schemathesis (4.x) can't judge files by a condition.
    """
    for operation in document["paths"].values():
        content = operation.get("post", {}).get("requestBody", {}).get("content", {})
        if form := content.get("multipart/form-data"):
            form["schema"] = spelt_out(form["schema"])
    return document


def spelt_out(form):
    (by_spec,) = form.pop("if")["required"]
    form.pop("then")
    sources = [source for one in form.pop("else")["oneOf"] for source in one.get("required", [])]
    whole = form["properties"]
    file = form["required"]
    options = {name: field for name, field in whole.items() if name not in {*sources, by_spec}}
    ways = [({source}, options) for source in sources] or [(set(), options)]
    ways.append(({by_spec}, {name: whole[name] for name in file}))
    return {
        "anyOf": [
            {
                **form,
                "required": [*file, *added],
                "properties": {**fields, **{name: whole[name] for name in added}},
            }
            for added, fields in ways
        ]
    }


@pytest.mark.slow
def test_the_service_does_what_its_document_says(start, tmp_path):
    command = [sys.executable, "-m", "schemathesis.cli"]
    options = ["--config-file", str(HERE / "schemathesis.toml"), "run"]
    # Not measured by coverage, under which thousands of requests take minutes.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    hooks = {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE), "NO_PROXY": "*"}
    file = tmp_path / "openapi.json"
    with start(measured=False) as server, server.client() as client:
        document = client.get("/openapi.json").json()
        file.write_text(json.dumps(with_forms_spelt_out(with_one_kernel_a_family(document))))
        ran = subprocess.run(
            [*command, *options, "--url", server.url, str(file)],
            cwd=tmp_path,
            env=inherited | hooks,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
