"""What is copied runs: in a shell, in Python, in a browser; and gives what the page shows."""

import os
import subprocess
import sys
from io import BytesIO

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.web.pictures import noise, upload

pytestmark = pytest.mark.browser

AWKWARD = """it's; a, "pic" 100%.png"""
SETTINGS = {
    "kernel": {"name": "gaussian", "size": 7, "sigma": 1.5},
    "mode": "full",
    "boundary": "constant",
    "fill_value": 30,
    "bias": -12.5,
    "absolute": False,
}


def snippet(playground, language):
    playground.page.click(f".snippets .segments >> text={language}")
    return playground.page.inner_text(".snippets code")


def run_in(folder, language, text):
    command = {"curl": ["sh", "-ec", text], "Python": [sys.executable, "-c", text]}[language]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True, timeout=60, env=_no_proxy()
    ).stdout


def _no_proxy():
    left_out = ("http_proxy", "https_proxy", "all_proxy", "coverage_")
    kept = {
        name: value for name, value in os.environ.items() if not name.lower().startswith(left_out)
    }
    return kept | {"NO_PROXY": "*", "no_proxy": "*"}


@pytest.mark.parametrize("language", ["curl", "Python"])
def test_a_request_for_the_sample_runs_and_gives_the_picture_shown(playground, tmp_path, language):
    playground.open("picture", **SETTINGS)
    run_in(tmp_path, language, snippet(playground, language))
    given = np.array(Image.open(tmp_path / "convolved.png"))
    assert np.array_equal(given, np.array(playground.result())[..., 0])


@pytest.mark.parametrize("language", ["curl", "Python"])
def test_a_file_with_an_awkward_name_is_sent_all_the_same(playground, tmp_path, language):
    samples = noise(9, 10, 3)
    playground.open("picture", **SETTINGS)
    playground.page.set_input_files(".source input[type=file]", upload(samples, AWKWARD))
    playground.page.wait_for_function(
        "() => document.querySelector('.about').textContent.includes('pic')"
    )
    playground.settle()
    (tmp_path / AWKWARD).write_bytes(upload(samples)["buffer"])
    run_in(tmp_path, language, snippet(playground, language))
    given = np.array(Image.open(tmp_path / "convolved.png"))
    assert np.array_equal(given, np.array(playground.result())[..., :3])


def test_the_request_in_javascript_runs_in_a_browser(playground):
    playground.open("picture", **SETTINGS)
    text = snippet(playground, "JavaScript")
    script = f"async () => {{ {text}\nreturn [...new Uint8Array(await convolved.arrayBuffer())]; }}"
    given = np.array(Image.open(BytesIO(bytes(playground.run(script)))))
    assert np.array_equal(given, np.array(playground.result())[..., 0])


@pytest.mark.parametrize("language", ["curl", "Python"])
def test_a_request_for_a_signal_runs(playground, tmp_path, language):
    playground.open(
        "signal", source="own", values=[0, 1, 2.5, -1], kernel={"name": "box"}, boundary="wrap"
    )
    text = run_in(tmp_path, language, snippet(playground, language))
    body = {"signal": [0, 1, 2.5, -1], "kernel": "box", "boundary": "wrap"}
    answer = httpx.post(f"{playground.url}/v1/signals/convolve", json=body, trust_env=False).json()
    assert all(str(each) in text for each in answer["result"])


def test_the_curl_of_the_landing_runs(playground, tmp_path):
    playground.open()
    run_in(tmp_path, "curl", playground.page.inner_text("#landing-curl"))
    with Image.open(tmp_path / "edges.png") as edges:
        assert edges.size == (512, 512)


def test_copying_puts_the_request_on_the_clipboard(start):
    playground = start(permissions=["clipboard-read", "clipboard-write"])
    playground.open()
    playground.page.click(".snippets >> text=Copy")
    playground.page.wait_for_selector("text=Copied")
    copied = playground.run("() => navigator.clipboard.readText()")
    assert copied.strip() == playground.page.inner_text(".snippets code").strip()
