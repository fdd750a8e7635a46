"""The OpenAPI document against the real server: generated requests, sound and unsound."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
def test_the_service_does_what_its_document_says(server, tmp_path):
    command = [sys.executable, "-m", "schemathesis.cli"]
    options = ["--config-file", str(HERE / "schemathesis.toml"), "run"]
    ran = subprocess.run(
        [*command, *options, f"{server.url}/openapi.json"],
        cwd=tmp_path,
        env=os.environ
        | {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE), "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
