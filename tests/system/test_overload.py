"""The real server with more to do than it can: who is served, who is refused, and who waits."""

import signal
import socket
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from scipy.signal import convolve

from tests.system.direct_signals import SIGNALS, assert_direct_result, direct
from tests.system.server import is_alive, wait_until

pytestmark = pytest.mark.slow

TAPS = 150_000
BUSY = {"workers": 1, "express_workers": 1, "max_multiply_adds": 1e15, "job_timeout_seconds": 3600}


def small(number):
    """A request of a few bytes, and its result."""
    values, kernel = [3, 1, 4, 1, number], [2, 7, 1]
    return {"signal": values, "kernel": kernel}, convolve(values, kernel, mode="same").tolist()


@contextmanager
def crowd_of(server, number):
    """A client for that many requests at once, and the threads that make them."""
    limits = httpx.Limits(max_connections=number)
    with (
        httpx.Client(base_url=server.url, timeout=None, trust_env=False, limits=limits) as client,  # noqa: S113
        ThreadPoolExecutor(number) as threads,
    ):
        yield client, threads


@contextmanager
def saturated(server):
    """While a job that takes minutes has the only ordinary worker; it ends with the server."""
    request, _ = direct(4_000_000, TAPS)
    with crowd_of(server, 1) as (client, threads):
        running = threads.submit(client.post, **request)
        server.wait_until_running(1)
        try:
            yield running
        finally:
            server.process.kill()


def assert_served(client, number):
    request, expected = small(number)
    answer = client.post(SIGNALS, json=request)
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"] == expected


def assert_refused(answer):
    assert answer.status_code == 503, answer.text
    assert answer.json()["type"] == "/problems/queue-full"
    assert int(answer.headers["retry-after"]) > 0


def test_small_requests_and_health_are_answered_while_a_large_one_runs(start):
    with start(**BUSY) as server, saturated(server) as running, server.client() as client:
        for number in range(30):
            assert_served(client, number)
            assert client.get("/healthz").json() == {"status": "ok"}
            assert client.get("/readyz").json()["ready"] is True
        assert not running.done()


def test_a_full_queue_of_large_requests_leaves_room_for_small_ones(start):
    request, _ = direct(200_000, TAPS)
    with (
        start(queue_limit=2, **BUSY) as server,
        saturated(server) as running,
        crowd_of(server, 100) as (client, threads),
    ):
        pending = {threads.submit(client.post, **request) for _ in range(100)}
        refused = set()
        while len(pending) > 2:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            refused |= done
        # The answers came while the first one ran: nobody waited for it to be refused.
        assert not running.done()
        for answer in refused:
            assert_refused(answer.result())
        assert server.statistics()["waiting"] == 2
        with server.client() as another:
            for number in range(20):
                assert_served(another, number)
        assert not any(each.done() for each in pending)
        server.process.kill()


def test_more_small_requests_than_fit_are_refused_or_answered_rightly(start):
    with (
        start(queue_limit=4, **BUSY) as server,
        saturated(server),
        crowd_of(server, 100) as (client, threads),
    ):
        cases = [small(number) for number in range(300)]
        answers = list(threads.map(lambda case: client.post(SIGNALS, json=case[0]), cases))
        served = 0
        for answer, (_, expected) in zip(answers, cases, strict=True):
            if answer.status_code == 200:
                assert answer.json()["result"] == expected
                served += 1
            else:
                assert_refused(answer)
        assert served > 0
        assert_served(client, 7)


def test_a_server_terminated_under_load_answers_all_that_it_accepted(start):
    cases = [direct(20_000, TAPS, number) for number in range(1, 7)]
    with (
        start(queue_limit=8, **BUSY) as server,
        crowd_of(server, len(cases)) as (client, threads),
    ):
        workers = server.workers()
        answers = [threads.submit(client.post, **request) for request, _ in cases]
        wait_until(
            lambda: (
                any(each.done() for each in answers)
                or server.statistics().get("waiting") == len(cases) - 1
            )
        )
        server.process.send_signal(signal.SIGTERM)
        for answer, (_, expected) in zip(answers, cases, strict=True):
            assert_direct_result(answer.result().content, expected)
        assert server.process.wait() == 0
        assert not any(map(is_alive, workers))


def test_clients_that_go_away_leave_the_queue_and_the_workers(start):
    request, _ = direct(1_000_000, TAPS)
    with start(queue_limit=8, **BUSY) as server, server.client() as client:
        with ExitStack() as connections:
            for _ in range(6):
                connections.enter_context(asked(server, client.build_request("POST", **request)))
            wait_until(lambda: server.statistics().get("waiting") == 5)
            assert_served(client, 1)
        server.wait_until_running(0)
        assert server.statistics()["waiting"] == 0
        assert_served(client, 2)


@contextmanager
def asked(server, request):
    """A connection on which the request was made, and on which no answer is awaited."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        line = f"POST {request.url.raw_path.decode()} HTTP/1.1\r\n"
        connection.sendall(f"{line}{head}\r\n".encode() + request.read())
        yield
