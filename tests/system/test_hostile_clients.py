"""Clients that mean harm, by raw sockets, while others beside them are served."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import re
import signal
import socket
import struct
import threading
import time

import httpx
import numpy as np
import pytest
from PIL import Image
from scipy.signal import convolve

from tests.system.server import PATIENCE_SECONDS, running_server, wait_until

pytestmark = pytest.mark.slow

SIGNALS = "/v1/signals/convolve"
SMALL = {"signal": [3, 1, 4, 1, 5], "kernel": [2, 7, 1]}
SMALL_RESULT = convolve(SMALL["signal"], SMALL["kernel"], mode="same").tolist()
HOST = b"Host: here\r\n"
GET = b"GET /healthz HTTP/1.1\r\n" + HOST
POST = b"POST /v1/signals/convolve HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
SMUGGLED = b"GET /version HTTP/1.1\r\n" + HOST + b"\r\n"
DEADLINES = {
    "header_timeout_seconds": 1,
    "body_timeout_seconds": 1,
    "idle_timeout_seconds": 1,
    "write_timeout_seconds": 1,
}


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    """A server that waits a second for anything, and holds few bytes of bodies at once."""
    # All these clients come from one address.
    many = {"max_connections_per_client": 0}
    settings = DEADLINES | many | {"max_body_bytes": 1 << 20, "max_buffered_bytes": 4 << 20}
    with running_server(tmp_path_factory.mktemp("hasty"), workers=1, **settings) as running:
        yield running


def test_one_address_that_takes_all_its_connections_leaves_the_others_theirs(start):
    with start(workers=1, max_connections_per_client=20) as server, contextlib.ExitStack() as held:
        for _ in range(20):
            held.enter_context(connection(server))
        with server.client() as client:
            wait_until(lambda: client.get("/healthz").status_code == 429)
        elsewhere = httpx.HTTPTransport(local_address="127.0.0.2")
        with httpx.Client(base_url=server.url, transport=elsewhere, trust_env=False) as client:
            assert client.post(SIGNALS, json=SMALL).json()["result"] == SMALL_RESULT


@contextlib.contextmanager
def served_beside(server):
    """Someone who asks for convolutions all the while, and gets every one of them."""
    answers, enough = [], threading.Event()

    def ask():
        with server.client() as client:
            while not enough.is_set():
                # Where processors are short, a connection kept may be cut while it is idle.
                once = {"Connection": "close"}
                answers.append(client.post(SIGNALS, json=SMALL, headers=once))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
        at_the_end = len(answers)
        wait_until(lambda: len(answers) > at_the_end or not asking.is_alive())
    finally:
        enough.set()
        asking.join()
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert all(answer.json()["result"] == SMALL_RESULT for answer in answers)


def connection(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_SECONDS)


def send(connected, chunks, pause=0.0):
    """Send the chunks, for as long as the server takes any."""
    with contextlib.suppress(ConnectionError):
        for chunk in chunks:
            connected.sendall(chunk)
            if pause:
                time.sleep(pause)


def everything(connected):
    """What the server says until it closes or resets the connection; fails where it doesn't."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while chunk := connected.recv(1 << 16):
            said += chunk
    return said


def statuses(said):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


def byte_by_byte(data):
    return [bytes([byte]) for byte in data]


# What is sent at once, and what after that, chunk by chunk, with a pause between.
AT_ONCE = {
    "NUL bytes": bytes(10_000),
    "HTTP/0.9": b"GET /healthz\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a hello of TLS": bytes.fromhex("16030102000100 01fc0303") + bytes(500),
    "random bytes": np.random.default_rng(3).bytes(100_000),
    "CL.TE": POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "TE.CL": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\n0\r\n" + SMUGGLED,
    "TE.TE": POST
    + b"Transfer-Encoding: chunked\r\nTransfer-encoding: x\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "xchunked": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "CL.CL": POST + b"Content-Length: 5\r\nContent-Length: 9\r\n\r\n12345" + SMUGGLED,
    "a huge chunk": CHUNKED + b"FFFFFFFFFFFFFFFFFF\r\n" + SMUGGLED,
    "a huge length": POST + b"Content-Length: 99999999999999\r\n\r\n",
    "a huge length past 64 bits": POST + b"Content-Length: " + b"9" * 60 + b"\r\n\r\n",
    "a thousand headers": GET + b"X: y\r\n" * 1000 + b"\r\n",
    "a header of a megabyte": GET + b"X: " + b"y" * (1 << 20) + b"\r\n\r\n",
    "a target of a megabyte": b"GET /" + b"y" * (1 << 20) + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "ten thousand requests": GET + b"\r\n" + (GET + b"\r\n") * 10_000,
}
ENDLESSLY = {
    "headers": (GET, b"X: y\r\n" * 1000),
    "a header": (GET + b"X: ", b"y" * 6000),
    "a target": (b"GET /", b"y" * 6000),
    "a chunk's extension": (CHUNKED + b"1;", b"y" * 6000),
    "a trailer": (CHUNKED + b"0\r\nX: ", b"y" * 6000),
    "line breaks": (b"", b"\r\n" * 3000),
    "a chunk": (CHUNKED + b"FFFFFFFFFFFFFFF\r\n", b"y" * 6000),
    "small chunks": (CHUNKED, b"1\r\ny\r\n" * 1000),
}
SLOWLY = {
    "a head": (GET + b"X-Slow: ", b"y"),
    "line breaks": (b"", b"\r\n"),
    "a body": (POST + b"Content-Length: 1000\r\n\r\n", b"y"),
    "chunks": (CHUNKED, b"1\r\ny\r\n"),
    "a chunk's extension": (CHUNKED + b"1;", b"y"),
}


@pytest.mark.parametrize("data", AT_ONCE.values(), ids=AT_ONCE.keys())
def test_what_no_server_should_take_is_refused_and_nothing_behind_it_served(hasty, data):
    with served_beside(hasty), connection(hasty) as connected:
        send(connected, [data])
        said = everything(connected)
    *before, last = statuses(said) or [400]
    assert 400 <= last < 500
    assert set(before) <= {200}
    assert b'"version"' not in said


@pytest.mark.parametrize("case", ENDLESSLY.values(), ids=ENDLESSLY.keys())
def test_what_never_ends_is_cut_off(hasty, case):
    begin, more = case
    with served_beside(hasty), connection(hasty) as connected:
        sending = threading.Thread(
            target=send, args=(connected, itertools.chain([begin], itertools.repeat(more)))
        )
        sending.start()
        said = everything(connected)
        sending.join()
    assert all(400 <= status < 500 for status in statuses(said))


@pytest.mark.parametrize("case", SLOWLY.values(), ids=SLOWLY.keys())
def test_what_comes_byte_by_byte_is_cut_off_at_its_deadline(hasty, case):
    begin, more = case
    with served_beside(hasty), connection(hasty) as connected:
        trickle = itertools.chain([begin], itertools.repeat(more))
        sending = threading.Thread(target=send, args=(connected, trickle, 0.1))
        sending.start()
        said = everything(connected)
        sending.join()
    assert statuses(said) == [408]


@pytest.mark.parametrize("begun", [b"", b"G", GET, POST + b"Content-Length: 9\r\n\r\n123"])
def test_three_hundred_clients_that_fall_silent_are_all_cut_off(hasty, begun):
    with served_beside(hasty), contextlib.ExitStack() as silent:
        crowd = [silent.enter_context(connection(hasty)) for _ in range(300)]
        for connected in crowd:
            send(connected, [begun])
        answers = [statuses(everything(connected)) for connected in crowd]
    assert answers == [[408] if begun else []] * 300


def test_ten_thousand_connections_that_come_and_go_harm_nobody(hasty):
    with served_beside(hasty):
        for number in range(10_000):
            with connection(hasty) as connected:
                if number % 3 == 0:
                    send(connected, [GET])
                if number % 2:
                    # Reset instead of closed.
                    reset = struct.pack("ii", 1, 0)
                    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)


def test_more_connections_than_allowed_are_told_so_and_there_is_room_again_later(start):
    with start(workers=1, max_connections=10, idle_timeout_seconds=2) as server:
        with contextlib.ExitStack() as held:
            crowd = [held.enter_context(connection(server)) for _ in range(30)]
            answers = [statuses(everything(connected)) for connected in crowd]
        assert answers.count([503]) >= 20
        assert all(answer in ([503], []) for answer in answers)
        wait_until(server.ready)


def test_a_body_after_a_get_is_read_as_one_and_no_request(hasty):
    with connection(hasty) as connected:
        length = b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(SMUGGLED)
        send(connected, [GET + length + SMUGGLED])
        said = everything(connected)
    assert statuses(said) == [200]
    assert b'"version"' not in said


def test_a_body_declared_too_large_is_not_asked_for(hasty):
    with connection(hasty) as connected:
        send(connected, [POST + b"Content-Length: 1048577\r\nExpect: 100-continue\r\n\r\n"])
        assert statuses(everything(connected)) == [413]


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_body_that_is_shorter_than_declared_and_then_ends_leaves_nothing_behind(hasty, version):
    with served_beside(hasty), connection(hasty) as connected:
        send(connected, [POST.replace(b"1.1", version) + b"Content-Length: 999\r\n\r\n{}"])
        connected.shutdown(socket.SHUT_WR)
        assert everything(connected) == b""


def test_a_client_reads_why_it_was_refused_although_it_sent_on(hasty):
    with hasty.client() as client:
        answer = client.post(
            SIGNALS,
            content=itertools.repeat(b"y" * 65_536, 1000),
            headers={"Content-Type": "application/json"},
        )
    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/body-too-large"


def test_bodies_held_at_once_have_a_limit_and_those_that_went_make_room(start):
    settings = {"max_body_bytes": 1 << 20, "max_buffered_bytes": 3 << 20}
    body = b" " * (1 << 20)
    with start(workers=1, **settings) as server, contextlib.ExitStack() as held:
        uploads = [held.enter_context(connection(server)) for _ in range(3)]
        for connected in uploads:
            send(connected, [POST + b"Content-Length: %d\r\n\r\n" % len(body) + body[1:]])

        def asked():
            return httpx.post(f"{server.url}{SIGNALS}", content=body, trust_env=False)

        refused = wait_until(lambda: (said := asked()).status_code == 503 and said)
        assert refused.json()["type"] == "/problems/queue-full"
        assert int(refused.headers["retry-after"]) > 0
        uploads[0].close()
        wait_until(lambda: asked().status_code != 503)


def test_a_client_that_does_not_read_its_answer_is_cut_off(hasty):
    with socket.socket() as connected:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connected.settimeout(PATIENCE_SECONDS)
        connected.connect(("127.0.0.1", hasty.port))
        path = b"/v1/kernels/hann?size=1000000&format=json"
        with served_beside(hasty):
            send(connected, [GET.replace(b"/healthz", path) + b"\r\n"])
            wait_until(lambda: connected.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))


def test_half_sent_requests_do_not_hold_up_the_end(start):
    with start(workers=1) as server, contextlib.ExitStack() as held:
        begun = [b"", b"G", GET, POST + b"Content-Length: 999\r\n\r\n{", CHUNKED + b"FFFF\r\n{"]
        crowd = [held.enter_context(connection(server)) for _ in begun]
        for connected, data in zip(crowd, begun, strict=True):
            send(connected, [data])
        # The last of them was heard when one after it was.
        assert httpx.get(f"{server.url}/healthz", trust_env=False).is_success
        server.process.send_signal(signal.SIGTERM)
        assert [statuses(everything(connected)) for connected in crowd] == [[]] + [[503]] * 4
        # Less than any deadline of a connection.
        assert server.process.wait(timeout=9) == 0


FILE_NAMES = {
    "line breaks": b'a\r\nX-Evil: marker.png"\r\nX-Evil: "marker',
    "encoded line breaks": b"a%0d%0aX-Evil:%20marker.png",
    "a quote": b'marker\\".png',
    "UTF-8": "marker\u202e\u20ac.png".encode(),
    "a path": b"../../../../tmp/marker.png",
    "long": b"marker" * 10_923,
    "NUL": b"marker\0.png",
    "a terminal's escapes": b"\x1b[31mmarker.png",
}


@pytest.mark.parametrize("name", FILE_NAMES.values(), ids=FILE_NAMES.keys())
def test_a_file_name_reaches_no_header_and_no_log_line(hasty, name):
    with io.BytesIO() as file:
        Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4)).save(file, "PNG")
        picture = file.getvalue()
    body = (
        b'--front\r\nContent-Disposition: form-data; name="kernel"\r\n\r\nidentity\r\n'
        b'--front\r\nContent-Disposition: form-data; name="image"; filename="'
        + name
        + b'"\r\n\r\n'
        + picture
        + b"\r\n--front--\r\n"
    )
    with hasty.client() as client:
        kind = {"Content-Type": "multipart/form-data; boundary=front"}
        answer = client.post("/v1/images/convolve", content=body, headers=kind)
    assert answer.status_code in (200, 422), answer.text
    assert "marker" not in json.dumps(list(answer.headers.multi_items()))
    assert answer.status_code == 200 or "marker" not in answer.text
    assert "marker" not in hasty.log.read_text(errors="replace")
    if answer.status_code == 200:
        assert Image.open(io.BytesIO(answer.content)).size == (4, 3)
