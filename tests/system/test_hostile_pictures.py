"""Pictures made to do harm, sent to the real server, while others ask it for what is right."""

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.signal import convolve2d

from tests.fuzz import jpeg_files, other_files, png_files, tiff_bombs
from tests.system.server import running_server, wait_until

pytestmark = pytest.mark.slow

PICTURES = "/v1/images/convolve"
# One of each kind of harm, of each format.
CHOSEN = {
    "png": (
        *("pixels-bomb", "pixels-missing", "ztxt-many-bombs", "iccp-bomb", "exif-bomb"),
        *("chunks-200000", "chunks-200000-idat", "two-headers-deep", "sides-of-two-billion"),
        *("palette-long", "deep-bomb", "animation-100000-frames", "animation-frame-enormous"),
    ),
    "jpeg": (
        *("scans-20000", "segments-200000-exif", "segments-1000000-empty", "tables-100000"),
        *("size-65535", "arithmetic", "bits-12", "components-255", "padding-8000000"),
        *("inks-with-nonsense-for-a-profile", "exif-bomb"),
    ),
    "tiff": (
        *("directory-in-a-circle", "pages-100000", "values-shared-that-are-read", "deflate-bomb"),
        *("strips-12000000", "tiles-enormous-of-jpeg", "channels-16-of-64-bits", "packbits-bomb"),
        *("lzma-of-a-large-dictionary", "fax-lines-of-errors", "big-of-2-to-the-64-entries"),
    ),
    "other": (
        *("gif-lzw-bomb", "gif-100000-frames", "gif-1000000-extensions", "webp-canvas-16383"),
        *("webp-20000-frames", "webp-exif-bomb", "bmp-runs-of-nothing", "pnm-spaces"),
        *("pnm-plain-comments", "pnm-plain-missing", "polyglot-gif-and-script", "zip-bomb"),
    ),
}
FAMILIES = {
    "png": png_files.HOSTILE,
    "jpeg": jpeg_files.HOSTILE,
    "tiff": tiff_bombs.HOSTILE,
    "other": other_files.HOSTILE,
}
HOSTILE = {
    f"{family}-{name}": FAMILIES[family][name] for family, names in CHOSEN.items() for name in names
}
# What glibc and Python keep of a picture's memory for the next: it is not given back, but another
# round takes no more, unless the workers share the work in another way.
MOST_KEPT = 400 << 20
PIXELS = np.random.default_rng(3).integers(0, 256, (40, 50), np.uint8)
KERNEL = [[0, 1, 0], [2, -5, 3], [1, 0, 0]]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacked")
    # No worker is replaced but one that was ended.
    settings = {"workers": 2, "job_timeout_seconds": 60, "jobs_per_worker": 10**6}
    with running_server(folder, measured=False, **settings) as server:
        yield server


@pytest.fixture(scope="module")
def attacker(attacked):
    with attacked.client() as client:
        client.timeout = 120
        yield client


def saved(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def assert_right(client):
    answer = client.post(
        PICTURES,
        files={"image": saved(PIXELS)},
        data={"kernel": str(KERNEL), "format": "npy", "scaling": "none"},
    )
    assert answer.status_code == 200, answer.text
    expected = convolve2d(PIXELS.astype(float), KERNEL, "same", "symm")
    np.testing.assert_array_equal(np.load(io.BytesIO(answer.content)), expected)


def resident_bytes(server):
    """The memory of the server and its workers that is their own."""
    total = 0
    for pid in (server.process.pid, *server.workers()):
        fields = Path(f"/proc/{pid}/statm").read_text().split()
        total += 4096 * (int(fields[1]) - int(fields[2]))
    return total


@contextmanager
def others_asking(server):
    """Somebody else asks again and again meanwhile; what they did not get right is raised."""
    done, counted = threading.Event(), []

    def ask():
        with server.client() as client:
            while not done.is_set():
                assert_right(client)
                counted.append(1)

    with ThreadPoolExecutor(1) as executor:
        asking = executor.submit(ask)
        try:
            yield counted
        finally:
            done.set()
        asking.result()


def send(client, data, **fields):
    return client.post(PICTURES, files={"image": data}, data={"kernel": "laplacian", **fields})


@pytest.mark.parametrize("name", HOSTILE)
def test_a_picture_made_to_do_harm_is_answered_and_harms_nobody(attacked, attacker, name):
    data = HOSTILE[name]()
    with others_asking(attacked) as asked:
        answer = send(attacker, data)
        wait_until(lambda: asked)
    assert answer.status_code in (200, 415, 422), answer.text
    if answer.status_code != 200:
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_second_round_of_them_takes_no_more_memory_and_no_worker(attacked, attacker):
    workers = attacked.workers()
    after = []
    for _ in range(2):
        for make in HOSTILE.values():
            assert send(attacker, make()).status_code < 500
        wait_until(lambda: attacked.statistics()["running"] == 0)
        after.append(resident_bytes(attacked))
    assert attacked.workers() == workers
    assert after[1] - after[0] < MOST_KEPT
    assert_right(attacker)


def test_pictures_made_to_do_harm_all_at_once_harm_nobody(attacked):
    names = sorted(HOSTILE)
    with attacked.client() as client, others_asking(attacked), ThreadPoolExecutor(8) as crowd:
        client.timeout = 120
        answers = list(crowd.map(lambda name: send(client, HOSTILE[name]()), names))
    statuses = {name: each.status_code for name, each in zip(names, answers, strict=True)}
    assert set(statuses.values()) <= {200, 415, 422}, statuses


def test_nothing_that_other_callers_sent_is_seen_in_a_picture_cut_short(attacker):
    secret = np.frombuffer(b"another caller's secret " * 200_000, np.uint8)[: 2000 * 2000]
    assert send(attacker, saved(secret.reshape(2000, 2000)), format="npy").status_code == 200
    for kind in (b"P2", b"P3"):
        for maximum in (b"255", b"65535"):
            for _ in range(3):
                cut = kind + b" 1000 1000 " + maximum + b" 1 2 3"
                assert send(attacker, cut).status_code == 422


def test_a_picture_of_many_scans_does_not_hold_a_worker_for_its_deadline(attacked, attacker):
    workers = attacked.workers()
    answer = send(attacker, jpeg_files.scan_bomb(7000, 7000, 900))
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/limit-exceeded"
    assert "scans" in answer.json()["detail"]
    assert attacked.workers() == workers
