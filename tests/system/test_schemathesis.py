"""The OpenAPI document against the real server: generated requests, sound and unsound."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
def test_the_service_does_what_its_document_says(start, tmp_path):
    command = [sys.executable, "-m", "schemathesis.cli"]
    options = ["--config-file", str(HERE / "schemathesis.toml"), "run"]
    # Not measured by coverage, under which thousands of requests take minutes.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    hooks = {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE), "NO_PROXY": "*"}
    with start(measured=False) as server:
        ran = subprocess.run(
            [*command, *options, f"{server.url}/openapi.json"],
            cwd=tmp_path,
            env=inherited | hooks,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
