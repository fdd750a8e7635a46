"""What operators see of the real server, and who may ask it what."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from tests.system.server import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.slow

SIGNALS = "/v1/signals/convolve"
SIGNAL = {"signal": [3, 1, 4, 1, 5], "kernel": [2, 7, 1]}
KEY = "a-long-random-text"
KEYS = f"shop:{hashlib.sha256(KEY.encode()).hexdigest()}"
SHOWN = {"X-API-Key": KEY}
PAGE = "https://page.example"


def samples_of(answer):
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value_of(answer, name, **labels):
    return samples_of(answer).get((f"convolution_{name}", *sorted(labels.items())), 0)


def lines_of(server):
    return [json.loads(line) for line in server.log.read_text().splitlines() if line[:1] == "{"]


def lines_about(server, request_ids):
    """The log's lines about these requests, in their order; they come after the answers."""

    def all_of_them():
        told = {line.get("request_id"): line for line in lines_of(server)}
        return [told[each] for each in request_ids if each in told]

    wait_until(lambda: len(all_of_them()) == len(request_ids))
    return all_of_them()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def assert_problem(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"/problems/{code}"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_requests_jobs_and_the_pool_are_told_in_numbers(start):
    with start(workers=2) as server, server.client() as client:
        for _ in range(3):
            assert client.post(SIGNALS, json=SIGNAL).status_code == 200
        client.post(SIGNALS, json={"signal": [1]})
        for number in range(20):
            client.get(f"/nowhere/{number}")
        answer = client.get("/metrics")
        counted = {"route": SIGNALS, "method": "POST"}
        assert value_of(answer, "requests_total", status="200", **counted) == 3
        assert value_of(answer, "requests_total", status="422", **counted) == 1
        unmatched = {"route": "unmatched", "method": "GET", "status": "404"}
        assert value_of(answer, "requests_total", **unmatched) == 20
        assert value_of(answer, "problems_total", problem="invalid-request") == 1
        for stage in ("queue", "decode", "plan", "convolve", "encode"):
            assert value_of(answer, "stage_duration_seconds_count", stage=stage) >= 3
        assert value_of(answer, "workers", lane="ordinary") == 2
        assert value_of(answer, "jobs_done_total") >= 3
        assert value_of(answer, "requests_in_flight") == 1
        assert value_of(answer, "request_body_bytes_total") > 3 * len(json.dumps(SIGNAL)) / 2
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "nowhere" not in answer.text


def test_metrics_can_have_a_port_of_their_own_and_need_no_key_there(start):
    port = free_port()
    with start(workers=1, metrics_port=port, api_keys=KEYS) as server, server.client() as client:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as own:
            assert value_of(own.get("/metrics"), "workers", lane="ordinary") == 1
            assert_problem(own.get("/v1/kernels"), 404, "not-found")
            assert_problem(own.post("/metrics"), 405, "method-not-allowed")
        assert_problem(client.get("/metrics", headers=SHOWN), 404, "not-found")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE_SECONDS) == 0
    socket.create_server(("127.0.0.1", port)).close()


def test_metrics_and_documentation_can_be_turned_off(start):
    with start(workers=1, metrics="off", docs="off") as server, server.client() as client:
        for path in ("/metrics", "/docs", "/docs/start.js", "/openapi.json"):
            assert_problem(client.get(path), 404, "not-found")
        assert client.get("/problems/not-found").status_code == 200
        assert client.post(SIGNALS, json=SIGNAL).status_code == 200


def test_each_request_is_one_line_of_json_with_nothing_the_caller_said(start):
    with start(workers=1, log_format="json") as server, server.client() as client:
        headers = {"X-Request-ID": "mine", "X-Forwarded-For": "203.0.113.9", "User-Agent": "secret"}
        answers = [
            client.post(f"{SIGNALS}?format=json", json=SIGNAL, headers=headers),
            client.get("/secret%0d%0a%7b%22message%22:%22request%22%7d?secret=%0d%0asecret"),
            client.post(
                "/v1/images/convolve",
                files={"image": ('secret\r\n".png', b"secret"), "kernel": (None, "secret")},
                headers={"X-Request-ID": "secret name"},
            ),
        ]
        ids = [answer.headers["x-request-id"] for answer in answers]
        done, unknown, refused = lines_about(server, ids)
        log = server.log.read_text()
        lines = [json.loads(line) for line in log.splitlines()]
        assert all(sum(line.get("request_id") == each for line in lines) == 1 for each in ids)
        assert done["request_id"] == "mine"
        assert (done["method"], done["route"], done["status"]) == ("POST", SIGNALS, 200)
        # No proxy is trusted: the address is the connection's.
        assert done["client"] == "127.0.0.1"
        assert done["bytes_in"] > 0
        assert done["bytes_out"] > 0
        assert done["milliseconds"] > 0
        assert {"queue", "decode", "convolve", "encode"} <= done["stages"].keys()
        assert (unknown["route"], unknown["problem"]) == ("unmatched", "not-found")
        assert refused["status"] >= 400
        # It was refused in a worker, before the first of its stages.
        assert refused["stages"].keys() == {"queue", "run"}
        assert "secret" not in log
        assert KEY not in log


def test_the_log_is_text_for_people_otherwise(start):
    with start(workers=1) as server, server.client() as client:
        client.post(SIGNALS, json=SIGNAL, headers={"X-Request-ID": "mine"})
        wait_until(lambda: '"mine"' in server.log.read_text())
        (line,) = [each for each in server.log.read_text().splitlines() if '"mine"' in each]
        assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z INFO     service.requests: request ", line)
        assert f'route="{SIGNALS}" status=200' in line


def test_the_address_that_a_trusted_proxy_forwards_is_believed(start):
    with (
        start(workers=1, log_format="json", forwarded_allow_ips="127.0.0.0/8") as server,
        server.client() as client,
    ):
        chains = ["203.0.113.9", "203.0.113.9, 127.0.0.1", "no address"]
        for name, chain in zip("abc", chains, strict=True):
            client.get("/version", headers={"X-Forwarded-For": chain, "X-Request-ID": name})
        first, second, third = lines_about(server, "abc")
        assert first["client"] == second["client"] == "203.0.113.9"
        assert "client" not in third


def test_only_known_keys_open_and_the_log_has_their_names(start):
    with start(workers=1, api_keys=KEYS, log_format="json") as server, server.client() as client:
        refused = client.post(SIGNALS, json=SIGNAL)
        assert_problem(refused, 401, "unauthorized")
        assert refused.headers["www-authenticate"].startswith("Bearer")
        assert_problem(client.get("/metrics"), 401, "unauthorized")
        assert_problem(client.get("/v1/kernels", headers={"X-API-Key": "x"}), 401, "unauthorized")
        for path in ("/healthz", "/readyz", "/version", "/docs", "/problems/unauthorized"):
            assert client.get(path).status_code == 200
        bearer = {"Authorization": f"Bearer {KEY}", "X-Request-ID": "mine"}
        assert client.post(SIGNALS, json=SIGNAL, headers=bearer).status_code == 200
        metrics = client.get("/metrics", headers=SHOWN)
        assert value_of(metrics, "problems_total", problem="unauthorized") == 3
        mine, other = lines_about(server, ["mine", refused.headers["x-request-id"]])
        assert mine["key_id"] == "shop"
        assert "key_id" not in other
        assert KEY not in server.log.read_text()


def test_a_key_has_so_many_requests_at_once_and_the_refused_may_come_back(start):
    with (
        start(
            workers=1,
            api_keys=KEYS,
            key_concurrency=1,
            max_multiply_adds=1e15,
            job_timeout_seconds=3,
        ) as server,
        server.client() as client,
        ThreadPoolExecutor(1) as background,
    ):
        long = {
            "signal": [1.5] * 100_000,
            "kernel": {"name": "hann", "size": 1_000_000},
            "method": "direct",
        }
        running = background.submit(client.post, SIGNALS, json=long, headers=SHOWN)
        server.wait_until_running(1)
        refused = client.post(SIGNALS, json=SIGNAL, headers=SHOWN)
        assert_problem(refused, 429, "too-many-requests")
        assert int(refused.headers["retry-after"]) > 0
        assert running.result().status_code in (200, 504)
        assert client.post(SIGNALS, json=SIGNAL, headers=SHOWN).status_code == 200


def test_pages_of_other_origins_are_answered_only_where_they_are_listed(start):
    asking = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    with start(workers=1, cors_origins=PAGE, api_keys=KEYS) as server, server.client() as client:
        preflight = client.options(SIGNALS, headers=asking)
        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-origin"] == PAGE
        answer = client.post(SIGNALS, json=SIGNAL, headers={"Origin": PAGE, **SHOWN})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "Convolution-Plan" in answer.headers["access-control-expose-headers"]
        other = client.options(SIGNALS, headers={**asking, "Origin": "https://other.example"})
        assert "access-control-allow-origin" not in other.headers


def test_by_default_no_other_origin_is_allowed(client):
    asking = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    for answer in (client.options(SIGNALS, headers=asking), client.get("/version", headers=asking)):
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.fixture
def collector():
    """A collector of traces: its address, and the spans that it was sent."""
    spans = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    spans.extend(scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", spans
        server.shutdown()
        thread.join()


def test_a_request_and_the_stages_of_its_job_are_a_trace(start, collector, monkeypatch):
    address, spans = collector
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with start(workers=1) as server, server.client() as client:
        headers = {"traceparent": f"00-{trace}-{parent}-01", "X-Request-ID": "mine"}
        assert client.post(SIGNALS, json=SIGNAL, headers=headers).status_code == 200
        # What is not exported yet is when it ends.
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE_SECONDS) == 0
    ours = [span for span in spans if span.trace_id.hex() == trace]
    (request,) = [span for span in ours if span.parent_span_id.hex() == parent]
    assert request.name == f"POST {SIGNALS}"
    stages = {span.name for span in ours if span.parent_span_id == request.span_id}
    assert {"queue", "decode", "plan", "convolve", "encode"} <= stages
    assert len(ours) == 1 + len(stages)


def test_a_collector_that_is_not_there_costs_no_request_and_no_end(start, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    with start(workers=1) as server, server.client() as client:
        assert client.post(SIGNALS, json=SIGNAL).status_code == 200
        server.process.send_signal(signal.SIGTERM)
        assert wait_until(lambda: server.process.poll() is not None)
        assert server.process.returncode == 0
