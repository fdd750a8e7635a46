"""The image, run with a read-only root, no capabilities and little memory."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import httpx
import numpy as np
import pytest
from PIL import Image
from scipy.signal import convolve2d

import service
from tests.containers.podman import image, podman, running

pytestmark = pytest.mark.container

# What may be laid on the base, in bytes: of 350 MB, python:3.11-slim-bookworm takes about 130.
LARGEST_WITHOUT_BASE = 220_000_000
SAY_WHAT_OPENCV_HAS = "import cv2; print(cv2.getBuildInformation())"
PICTURE = (files("service") / "samples/ascent.png").read_bytes()
KERNEL = [[1, 2], [0, -3]]


@pytest.fixture(scope="module")
def container():
    with running() as started:
        yield started


def convolved(container, **fields):
    return httpx.post(
        f"{container.url}/v1/images/convolve",
        files={"image": PICTURE},
        data={"kernel": json.dumps(KERNEL), **fields},
        timeout=60,
        trust_env=False,
    )


def status(container, field):
    told = container.run("cat", "/proc/1/status").stdout
    return re.search(rf"^{field}:\s+(\S+)", told, re.MULTILINE)[1]


def test_it_filters_a_picture(container):
    answer = convolved(container, boundary="constant")
    assert answer.status_code == 200, answer.text
    with Image.open(io.BytesIO(PICTURE)) as picture:
        exact = convolve2d(np.asarray(picture, np.int64), KERNEL, "same")
    with Image.open(io.BytesIO(answer.content)) as picture:
        np.testing.assert_array_equal(np.asarray(picture), np.clip(exact, 0, 255))


def test_it_is_the_version_that_is_here(container):
    told = httpx.get(f"{container.url}/version", trust_env=False).json()
    assert told["version"] == service.__version__


def test_it_serves_the_filters_that_ship_with_it(container):
    answer = httpx.get(f"{container.url}/v1/vgg16/block1_conv1/filters", trust_env=False)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")


def test_it_draws_figures_with_nothing_to_write_to(container):
    answer = httpx.get(
        f"{container.url}/v1/kernels/hann", headers={"accept": "image/svg+xml"}, trust_env=False
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")


def test_it_runs_as_a_user_of_no_rights(container):
    assert container.run("id", "-u").stdout.strip() == "10001"
    assert int(status(container, "CapEff"), 16) == 0
    assert status(container, "NoNewPrivs") == "1"
    assert status(container, "Seccomp") == "2"


@pytest.mark.parametrize("place", ["/", "/opt/convolution", "/etc", "/home", "/var/tmp"])
def test_nothing_outside_tmp_can_be_written(container, place):
    refused = container.run("touch", f"{place}/file")
    assert refused.returncode != 0
    assert "Read-only file system" in refused.stderr


def test_it_holds_neither_a_compiler_nor_what_only_builds_need(container):
    for command in ("cc", "gcc", "g++", "c++", "make"):
        assert container.run("sh", "-c", f"command -v {command}").returncode != 0
    left = container.run(
        *("find", "/opt/convolution", "/root", "/tmp", "-name", "tests", "-o", "-name", "*.whl")
    )
    assert left.stdout == ""


def test_it_has_the_compiled_engines(container):
    load = "from service.convolution.native import load; assert load('base')"
    assert container.run("python", "-c", load).returncode == 0


def test_it_is_small_unless_it_has_the_whole_of_opencv(container):
    if re.search("FFMPEG: +YES", container.run("python", "-c", SAY_WHAT_OPENCV_HAS).stdout):
        pytest.skip("built with OPENCV=wheel")
    base = container.inspect("Config", "Labels")["org.opencontainers.image.base.name"]
    whole, below = (
        int(podman("image", "inspect", "--format", "{{.Size}}", name).stdout)
        for name in (image(), base)
    )
    assert whole - below < LARGEST_WITHOUT_BASE


def test_its_log_is_json_without_what_was_sent(container):
    convolved(container)
    line = next(each for each in container.log() if each.get("route") == "/v1/images/convolve")
    assert (line["method"], line["status"]) == ("POST", 200)


def test_the_image_says_how_to_stop_it_and_how_it_feels(container):
    config = container.inspect("Config")
    assert config["StopSignal"] in ("SIGTERM", 15)
    assert config["User"] == "10001:10001"
    assert config["Labels"]["org.opencontainers.image.licenses"] == "MIT"
    assert podman("healthcheck", "run", container.id).returncode == 0


def test_health_turns_bad_when_the_process_stands_still():
    with running() as container:
        os.kill(container.pid, signal.SIGSTOP)
        try:
            assert podman("healthcheck", "run", container.id, check=False).returncode != 0
        finally:
            os.kill(container.pid, signal.SIGCONT)
        assert podman("healthcheck", "run", container.id).returncode == 0


def slow(container):
    """A request of some seconds: sums computed one by one."""
    file = io.BytesIO()
    np.save(file, np.random.default_rng(1).random(200_000))
    return httpx.post(
        f"{container.url}/v1/signals/convolve?format=npy",
        files={"signal": file.getvalue()},
        data={"kernel": '{"name": "hann", "size": 150000}', "method": "direct"},
        timeout=60,
        trust_env=False,
    )


def test_what_runs_when_it_is_told_to_stop_is_finished():
    with running() as container, ThreadPoolExecutor() as threads:
        answer = threads.submit(slow, container)
        ready = f"{container.url}/readyz"
        while not httpx.get(ready, trust_env=False).json()["running"]:
            time.sleep(0.02)
        podman("stop", "--time", "40", container.id)
        assert answer.result().status_code == 200
        assert container.inspect("State", "ExitCode") == 0


def test_a_job_that_takes_too_much_memory_ends_alone():
    # A worker may take as much as it likes, and the container has little.
    with running(worker_memory_bytes=0, workers=1, express_workers=0) as container:
        pid = container.pid
        large = io.BytesIO()
        Image.new("RGB", (7000, 7000), (1, 2, 3)).save(large, "PNG")
        answer = httpx.post(
            f"{container.url}/v1/images/convolve?format=npy",
            files={"image": large.getvalue()},
            data={"kernel": json.dumps(KERNEL), "depth": "16", "alpha": "premultiplied"},
            timeout=60,
            trust_env=False,
        )
        assert answer.status_code >= 400, answer.status_code
        container.wait_until_ready()
        assert convolved(container).status_code == 200
        assert container.pid == pid
        assert container.inspect("RestartCount") == 0
