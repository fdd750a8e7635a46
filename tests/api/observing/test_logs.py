"""One line for each request, whatever stands in it."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import sys

import pytest

from service.api.observing.logs import (
    REQUESTS,
    JsonFormatter,
    RequestLog,
    TextFormatter,
    logging_configuration,
    request_fields,
)
from tests.api.harness import reply_of, scope_of
from tests.api.observing.observed import JOB, observed_app, record_of

FORMATTERS = [JsonFormatter, TextFormatter]
HOSTILE = "a\r\n2026-01-01 INFO forged\x85b\u2028c\u2029d\x0be\x0cf\x1b[31mg\x00h\ud800i\x7f"


@pytest.fixture
def written():
    """A logger and what it writes, by the formatter that is asked for."""
    logger = logging.Logger("test")
    stream = io.StringIO()

    def with_formatter(formatter):
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter())
        logger.addHandler(handler)
        return logger, stream

    return with_formatter


def test_a_request_is_one_object_on_one_line(written):
    logger, stream = written(JsonFormatter)
    trace = "0af7651916cd43dd8448eb211c80319c"
    RequestLog(logger).end(
        record_of(
            jobs=[JOB],
            key_id="shop",
            trace_headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"},
        )
    )
    (line,) = stream.getvalue().splitlines()
    said = json.loads(line)
    assert said.pop("time").endswith("Z")
    assert said == {
        "level": "info",
        "logger": "test",
        "message": "request",
        "request_id": "r-1",
        "method": "POST",
        "route": "/v1/images/convolve",
        "status": 200,
        "milliseconds": 750.0,
        "bytes_in": 10,
        "bytes_out": 3,
        "stages": {"queue": 250.0, "decode": 12.5, "encode": 125.0},
        "client": "192.0.2.7",
        "key_id": "shop",
        "trace_id": trace,
    }


def test_for_people_it_is_one_line_with_the_same_fields(written):
    logger, stream = written(TextFormatter)
    record = record_of(jobs=[JOB], problem="queue-full", status=503)
    RequestLog(logger).end(record)
    (line,) = stream.getvalue().splitlines()
    assert " WARNING  test: request " in line
    for name, value in request_fields(record).items():
        assert f"{name}={json.dumps(value, separators=(',', ':'))}" in line


def test_what_a_request_has_not_is_left_out():
    assert set(request_fields(record_of(client=None))) == {
        *("request_id", "method", "route", "status", "milliseconds", "bytes_in", "bytes_out")
    }


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        'x","level":"error',
    ],
)
def test_an_unsound_trace_is_not_logged(parent):
    assert "trace_id" not in request_fields(record_of(trace_headers={"traceparent": parent}))


@pytest.mark.parametrize(("status", "level"), [(200, "info"), (404, "info"), (500, "warning")])
def test_a_fault_of_the_service_is_a_warning(written, status, level):
    logger, stream = written(JsonFormatter)
    RequestLog(logger).end(record_of(status=status))
    assert json.loads(stream.getvalue())["level"] == level


def test_no_message_can_forge_a_line_of_json(written):
    logger, stream = written(JsonFormatter)
    logger.error("said: %s", HOSTILE)
    (line,) = stream.getvalue().splitlines()
    assert line.isascii()
    assert json.loads(line)["message"] == f"said: {HOSTILE}"


def test_no_message_can_forge_a_line_of_text(written):
    logger, stream = written(TextFormatter)
    logger.error("said: %s", HOSTILE)
    first, *others = stream.getvalue().splitlines()
    assert "ERROR    test: said: a" in first
    assert len(others) == 6
    assert all(line.startswith("    ") for line in others)
    assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in "".join(others))
    assert "\\x1b[31mg\\x00h" in others[-1]


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_an_exception_is_told_with_its_traceback(written, formatter):
    logger, stream = written(formatter)
    try:
        int("first\nsecond")
    except ValueError:
        logger.exception("it broke")
    lines = stream.getvalue().splitlines()
    assert "Traceback" in stream.getvalue()
    if formatter is JsonFormatter:
        assert json.loads(lines[0])["exception"].count("\n") > 1
        assert len(lines) == 1
    else:
        assert "it broke" in lines[0]
        assert all(line.startswith("    ") for line in lines[1:])


@pytest.mark.parametrize("formatter", FORMATTERS)
async def test_nothing_that_a_caller_sent_is_logged(written, formatter):
    logger, stream = written(formatter)
    app = observed_app(RequestLog(logger))
    headers = {"X-Request-ID": "secret\r\nid", "User-Agent": "secret", "traceparent": "secret"}
    for path in ("/names/secret", "/secret", "/job", "/names/secret\r\nINFO forged"):
        await reply_of(app, scope_of("POST", path, "secret=1", headers), [b"secret"])
    assert len(stream.getvalue().splitlines()) == 4
    assert "secret" not in stream.getvalue()
    assert "forged" not in stream.getvalue()


@pytest.fixture
def restored():
    """The root logger as it was before."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.mark.parametrize(("form", "begins"), [("json", '{"time":"'), ("text", "2")])
def test_the_configuration_makes_every_logger_speak_alike(restored, monkeypatch, form, begins):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logging.config.dictConfig(logging_configuration(form, "info"))
    logging.getLogger("uvicorn.error").info("started")
    logging.getLogger("service.workers").debug("not told")
    RequestLog().end(record_of())
    started, request = stream.getvalue().splitlines()
    assert started.startswith(begins)
    assert "started" in started
    assert REQUESTS in request
