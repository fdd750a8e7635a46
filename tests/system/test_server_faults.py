"""Killed workers, deadlines, crowds, ends and departures, with the real server."""

import io
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from PIL import Image
from scipy.signal import convolve

from tests.system.direct_signals import SIGNALS, assert_direct_result, direct
from tests.system.server import PATIENCE_SECONDS, ROOT, children_of, is_alive, wait_until

pytestmark = pytest.mark.slow

SMALL = {"signal": [3, 1, 4, 1, 5], "kernel": [2, 7, 1]}
SMALL_RESULT = convolve(SMALL["signal"], SMALL["kernel"], mode="same").tolist()
# What lets a job run for minutes instead of being refused or ended.
UNBOUNDED = {
    "max_multiply_adds": 1e15,
    "job_timeout_seconds": 3600,
    "queue_limit": 8,
    "express_workers": 0,
}


def for_minutes():
    return direct(1_000_000, 1_000_000)[0]


def for_seconds():
    return direct(200_000, 150_000)


def assert_result(answer, expected):
    assert answer.status_code == 200, answer.text
    assert_direct_result(answer.content, expected)


def assert_serves(server):
    with server.client() as client:
        answer = client.post(SIGNALS, json=SMALL)
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"] == SMALL_RESULT


@contextmanager
def in_the_background(server, request):
    """The request in a thread of its own: a future of its answer."""
    with server.client() as client, ThreadPoolExecutor(1) as executor:
        client.timeout = None
        yield executor.submit(client.post, **request)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_worker_killed_at_work_costs_a_retry_and_no_more(start, number):
    request, expected = for_seconds()
    with start(workers=1, **UNBOUNDED) as server, in_the_background(server, request) as answer:
        server.wait_until_running(1)
        (before,) = server.workers()
        os.kill(before, number)
        assert_result(answer.result(), expected)
        assert server.workers() != [before]
        assert_serves(server)


def test_a_job_whose_workers_are_killed_again_is_told_so_and_the_next_succeeds(start):
    with (
        start(workers=1, **UNBOUNDED) as server,
        in_the_background(server, for_minutes()) as answer,
    ):
        while not answer.done():
            # A worker that is killed just before it gets the job costs the job nothing.
            wait_until(lambda: answer.done() or server.statistics().get("running") == 1)
            for pid in server.workers():
                os.kill(pid, signal.SIGKILL)
        problem = answer.result()
        assert problem.status_code == 503
        assert problem.json()["type"] == "/problems/worker-died"
        assert int(problem.headers["retry-after"]) > 0
        assert_serves(server)


def test_a_server_is_not_ready_until_its_killed_worker_is_replaced(start):
    with start(workers=1, express_workers=0) as server:
        (before,) = server.workers()
        (fork_server,) = children_of(server.process.pid)
        os.kill(fork_server, signal.SIGSTOP)  # else it is too quick to be seen
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: not server.ready())
        os.kill(fork_server, signal.SIGCONT)
        wait_until(server.ready)
        assert_serves(server)
        assert server.workers() != [before]


def test_a_killed_fork_server_costs_a_retry_and_no_more(start):
    request, expected = for_seconds()
    with start(workers=1, **UNBOUNDED) as server, in_the_background(server, request) as answer:
        server.wait_until_running(1)
        (before,) = server.workers()
        (fork_server,) = children_of(server.process.pid)
        os.kill(fork_server, signal.SIGKILL)
        assert_result(answer.result(), expected)
        assert not is_alive(before)
        assert_serves(server)


def test_a_hanging_worker_costs_one_request(start):
    settings = UNBOUNDED | {"job_timeout_seconds": 5}
    with start(workers=1, **settings) as server, server.client() as client:
        (before,) = server.workers()
        os.kill(before, signal.SIGSTOP)
        problem = client.post(SIGNALS, json=SMALL)
        assert problem.status_code == 504
        wait_until(server.ready)
        assert_serves(server)
        assert server.workers() != [before]


def test_a_picture_beyond_a_workers_memory_costs_one_request(start):
    picture = io.BytesIO()
    Image.new("RGB", (7000, 7000)).save(picture, "PNG")
    # Just more than the imports need.
    with (
        start(workers=1, express_workers=0, worker_memory_bytes=650_000_000) as server,
        server.client() as client,
    ):
        problem = client.post(
            "/v1/images/convolve",
            params={"format": "npy"},  # 1.2 GB of it
            files={"image": picture.getvalue()},
            data={"kernel": "sobel"},
        )
        assert problem.status_code == 503
        assert problem.json()["type"] == "/problems/out-of-memory"
        wait_until(server.ready)
        assert_serves(server)


def test_no_worker_holds_the_listening_socket(start):
    with start(workers=2) as server:
        listening = listeners(server.process.pid, server.port)
        assert listening & sockets(server.process.pid)
        workers = server.workers()
        assert len(workers) >= 2
        assert not any(listening & sockets(pid) for pid in workers)


def listeners(pid, port):
    """The sockets that listen on the port, by their inodes."""
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}")}


def sockets(pid):
    """What a process has open."""
    return {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()}


def test_a_job_over_its_deadline_is_ended_while_others_are_served(start):
    settings = UNBOUNDED | {"job_timeout_seconds": 5}
    with (
        start(workers=2, **settings) as server,
        in_the_background(server, for_minutes()) as answer,
    ):
        server.wait_until_running(1)
        before = set(server.workers())
        assert_serves(server)
        problem = answer.result()
        assert problem.status_code == 504
        assert problem.json()["type"] == "/problems/deadline-exceeded"
        wait_until(lambda: len(before & set(server.workers())) == 1)
        wait_until(lambda: server.statistics().get("workers") == 2)
        assert_serves(server)


def test_of_a_crowd_each_is_answered_rightly_or_asked_to_come_back(start):
    requests = [direct(20_000, 200_000, factor) for factor in range(1, 101)]
    with (
        start(workers=2, **(UNBOUNDED | {"queue_limit": 8})) as server,
        httpx.Client(
            base_url=server.url,
            timeout=None,  # noqa: S113 - the pool's own deadline holds
            trust_env=False,
            limits=httpx.Limits(max_connections=100),
        ) as client,
        ThreadPoolExecutor(100) as crowd,
    ):
        answers = list(crowd.map(lambda each: client.post(**each[0]), requests))
        served = [answer.status_code == 200 for answer in answers]
        # Two run and eight wait at the least: nothing that was accepted is lost.
        assert 10 <= sum(served) < 100
        for answer, (_, expected) in zip(answers, requests, strict=True):
            if answer.status_code == 200:
                assert_result(answer, expected)
            else:
                assert answer.status_code == 503
                assert answer.json()["type"] == "/problems/queue-full"
                assert int(answer.headers["retry-after"]) > 0
        assert server.statistics()["running"] == server.statistics()["waiting"] == 0
        assert_serves(server)


def test_a_terminated_server_finishes_what_it_has_and_frees_its_port(start):
    request, expected = for_seconds()
    with start(workers=1, **UNBOUNDED) as server, in_the_background(server, request) as answer:
        server.wait_until_running(1)
        workers = server.workers()
        server.process.send_signal(signal.SIGTERM)
        assert_result(answer.result(), expected)
        assert server.process.wait() == 0
        assert not any(map(is_alive, workers))
        socket.create_server(("127.0.0.1", server.port)).close()


def test_what_is_not_done_within_the_grace_does_not_hold_up_the_end(start):
    settings = UNBOUNDED | {"shutdown_grace_seconds": 1}
    with (
        start(workers=1, **settings) as server,
        in_the_background(server, for_minutes()) as answer,
    ):
        server.wait_until_running(1)
        workers = server.workers()
        server.process.send_signal(signal.SIGTERM)
        server.process.wait()
        assert not any(map(is_alive, workers))
        assert isinstance(answer.exception(), httpx.TransportError) or (
            answer.result().status_code in (500, 503)
        )


def test_a_client_that_goes_away_frees_its_worker(start):
    with start(workers=1, **UNBOUNDED) as server:
        with server.client() as client:
            request = client.build_request("POST", **for_minutes())
        with socket.create_connection(("127.0.0.1", server.port)) as leaving:
            head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
            line = f"POST {request.url.raw_path.decode()} HTTP/1.1\r\n"
            leaving.sendall(f"{line}{head}\r\n".encode() + request.read())
            server.wait_until_running(1)
        server.wait_until_running(0)
        assert_serves(server)


def test_a_server_says_it_lives_at_once_and_is_ready_once_it_is_warm(start):
    with start(warm=False) as server, server.client() as client:
        early = client.get("/readyz")
        assert client.get("/healthz").json() == {"status": "ok"}
        assert early.status_code == 503
        assert early.json()["type"] == "/problems/not-ready"
        assert int(early.headers["retry-after"]) > 0
        ready = wait_until(lambda: (said := client.get("/readyz")).is_success and said)
        assert ready.json()["ready"] is True
        assert ready.json()["workers"] == len(server.workers())


def test_a_request_that_comes_before_the_workers_are_warm_is_served(start):
    with start(warm=False) as server:
        assert_serves(server)


def test_no_worker_outlives_a_killed_server_or_holds_its_port(start):
    with (
        start(workers=2, **UNBOUNDED) as server,
        in_the_background(server, for_minutes()) as answer,
    ):
        server.wait_until_running(1)
        workers = server.workers()
        assert len(workers) == 2
        server.process.kill()
        server.process.wait()
        socket.create_server(("127.0.0.1", server.port)).close()
        wait_until(lambda: not any(map(is_alive, workers)))
        assert isinstance(answer.exception(), httpx.TransportError)


@pytest.mark.parametrize(
    ("name", "value"), [("CONVOLUTION_PORT", "many"), ("CONVOLUTION_WORKERS", "0")]
)
def test_a_setting_that_is_wrong_is_named_and_nothing_is_served(name, value):
    ran = subprocess.run(
        [sys.executable, "-m", "service"],
        cwd=ROOT,
        env=os.environ | {name: value},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ran.returncode == 2
    assert name in ran.stderr
    assert "Traceback" not in ran.stderr
