"""The spans of a request."""

from __future__ import annotations

import logging
import sys
import threading

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from service.api.observing import tracing
from service.api.observing.tracing import Tracing, create_tracing
from tests.api.harness import reply_of, scope_of
from tests.api.observing.observed import JOB, observed_app, record_of

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def traced(exporter, monkeypatch):
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    observer = Tracing(SimpleSpanProcessor(exporter), "1.2.3")
    yield observer
    observer.close()


def spans_of(exporter):
    return {span.name: span for span in exporter.get_finished_spans()}


def test_a_request_is_a_server_span_with_its_particulars(traced, exporter):
    traced.end(record_of(key_id="shop"))
    (span,) = exporter.get_finished_spans()
    assert (span.name, span.kind) == ("POST /v1/images/convolve", SpanKind.SERVER)
    assert (span.start_time, span.end_time) == (1000 * 10**9, 1000_750_000_000)
    assert span.parent is None
    assert dict(span.attributes) == {
        "http.request.method": "POST",
        "http.route": "/v1/images/convolve",
        "http.response.status_code": 200,
        "http.request.body.size": 10,
        "http.response.body.size": 3,
        "client.address": "192.0.2.7",
        "convolution.request_id": "r-1",
        "convolution.key_id": "shop",
    }
    assert span.resource.attributes["service.name"] == "convolution-service"
    assert span.resource.attributes["service.version"] == "1.2.3"
    assert span.status.status_code is StatusCode.UNSET


def test_the_stages_are_its_children_end_to_end_up_to_the_jobs_answer(traced, exporter):
    traced.end(record_of(jobs=[JOB]))
    spans = spans_of(exporter)
    server = spans["POST /v1/images/convolve"]
    end = JOB.ended
    for name, seconds in reversed(JOB.stages.items()):
        span = spans[name]
        assert span.parent.span_id == server.context.span_id
        assert span.context.trace_id == server.context.trace_id
        assert span.end_time == pytest.approx(end * 1e9, abs=1e3)
        assert span.end_time - span.start_time == pytest.approx(seconds * 1e9, abs=1e3)
        end -= seconds


def test_the_callers_trace_is_continued(traced, exporter):
    traced.end(record_of(trace_headers=SAMPLED, jobs=[JOB]))
    spans = spans_of(exporter)
    assert {format(span.context.trace_id, "032x") for span in spans.values()} == {TRACE}
    server = spans["POST /v1/images/convolve"]
    assert format(server.parent.span_id, "016x") == PARENT


def test_a_caller_that_does_not_sample_is_followed(traced, exporter):
    traced.end(record_of(trace_headers={"traceparent": f"00-{TRACE}-{PARENT}-00"}, jobs=[JOB]))
    assert not exporter.get_finished_spans()


@pytest.mark.parametrize("header", ["", "00-0-0-01", "\r\n", f"00-{'0' * 32}-{PARENT}-01"])
def test_an_unsound_parent_begins_a_trace_of_its_own(traced, exporter, header):
    traced.end(record_of(trace_headers={"traceparent": header}))
    (span,) = exporter.get_finished_spans()
    assert span.parent is None
    assert span.context.trace_id


@pytest.mark.parametrize(
    ("status", "problem", "code"),
    [
        (422, "invalid-request", StatusCode.UNSET),
        (499, None, StatusCode.UNSET),
        (503, "queue-full", StatusCode.ERROR),
    ],
)
def test_only_a_fault_of_the_service_is_an_error(traced, exporter, status, problem, code):
    traced.end(record_of(status=status, problem=problem))
    (span,) = exporter.get_finished_spans()
    assert span.status.status_code is code
    assert span.attributes.get("error.type") == problem


async def test_no_span_says_what_a_caller_sent(traced, exporter):
    app = observed_app(traced)
    headers = {"User-Agent": "secret", "X-Request-ID": "secret id", "tracestate": "secret=1"}
    await reply_of(app, scope_of("GET", "/names/secret", "secret=1", headers))
    (span,) = exporter.get_finished_spans()
    assert span.name == "GET /names/{name}"
    assert "secret" not in span.to_json()


def test_the_environments_name_for_the_service_comes_first(exporter, monkeypatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "filters")
    observer = Tracing(SimpleSpanProcessor(exporter), "1")
    observer.end(record_of())
    observer.close()
    (span,) = exporter.get_finished_spans()
    assert span.resource.attributes["service.name"] == "filters"


def test_without_a_collector_there_is_no_tracing():
    assert create_tracing({}, "1") is None
    assert create_tracing({ENDPOINT: ""}, "1") is None


@pytest.mark.parametrize("name", [ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"])
def test_with_a_collector_there_is(name):
    observer = create_tracing({name: "http://127.0.0.1:1"}, "1")
    assert observer is not None
    observer.close()


def test_a_missing_extra_is_said_once_and_does_no_harm(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with caplog.at_level(logging.WARNING):
        assert create_tracing({ENDPOINT: "http://127.0.0.1:1"}, "1") is None
    (record,) = caplog.records
    assert ENDPOINT in record.getMessage()
    assert "convolution-service[tracing]" in record.getMessage()


def test_a_collector_that_hangs_does_not_hold_up_the_end(monkeypatch):
    released = threading.Event()

    class Hanging(InMemorySpanExporter):
        def shutdown(self):
            released.wait()

    monkeypatch.setattr(tracing, "_LAST_EXPORT_SECONDS", 0.01)
    observer = Tracing(SimpleSpanProcessor(Hanging()), "1")
    observer.close()
    released.set()
