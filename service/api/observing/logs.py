"""The log: one line for each request, and the same form for everything else that is said.

Standard logging with two formatters, and no library: what is wanted of one is a dictionary of
known keys on one line, which json writes anyway, and uvicorn takes a configuration of the
standard kind. Whatever stands in a message, no part of it can pass for a line of its
own: as JSON it is escaped, as text its further lines are indented.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any, Final

from service.api.observing.observation import Observer, RequestRecord

REQUESTS: Final = "service.requests"
"""The logger of the requests."""

# The extra under which a record carries what else it says, as JSON-able data.
_FIELDS: Final = "fields"

# https://www.w3.org/TR/trace-context: version, trace, parent, flags.
_TRACE_PARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\Z")

# Not orjson: ASCII alone leaves no line separator of Unicode, and no lone surrogate ends it.
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), default=str)

_LINE_BREAK: Final = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# The others among the control characters; a terminal obeys some of them.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f]")


class RequestLog(Observer):
    """One line for each request, without anything the caller sent but how much it was."""

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._logger = logger or logging.getLogger(REQUESTS)

    def end(self, record: RequestRecord) -> None:
        """Write the request's line: a warning where the service is at fault."""
        level = logging.WARNING if record.status >= 500 else logging.INFO
        self._logger.log(level, "request", extra={_FIELDS: request_fields(record)})


def request_fields(record: RequestRecord) -> dict[str, Any]:
    """What is logged of a request; what it has not is left out."""
    fields = {
        "request_id": record.request_id,
        "method": record.method,
        "route": record.route,
        "status": record.status,
        "milliseconds": _milliseconds(record.seconds),
        "bytes_in": record.bytes_in,
        "bytes_out": record.bytes_out,
        "stages": {stage: _milliseconds(spent) for stage, spent in record.stages.items()},
        "client": record.client,
        "key_id": record.key_id,
        "problem": record.problem,
        "trace_id": _trace_id(record.trace_headers.get("traceparent", "")),
    }
    return {name: value for name, value in fields.items() if value not in (None, {})}


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1e3, 3)


def _trace_id(parent: str) -> str | None:
    found = _TRACE_PARENT.match(parent)
    return found[1] if found else None


class JsonFormatter(logging.Formatter):
    """A record as one JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        said: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return _json(said)


class TextFormatter(logging.Formatter):
    """A record as a line for people; what has several lines is indented below the first."""

    def format(self, record: logging.LogRecord) -> str:
        """The line or lines, without their end."""
        fields = getattr(record, _FIELDS, {})
        parts = [
            f"{_time(record)} {record.levelname:<8} {record.name}: {record.getMessage()}",
            *(f"{name}={_json(value)}" for name, value in fields.items()),
        ]
        text = " ".join(parts)
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return _CONTROL.sub(_escaped, _LINE_BREAK.sub("\n    ", text))


_FORMATTERS: Final = {"json": JsonFormatter, "text": TextFormatter}


def logging_configuration(form: str, level: str) -> dict[str, Any]:
    """What ``logging.config.dictConfig`` takes, and uvicorn as ``log_config``.

    ``form`` is ``json`` or ``text``, ``level`` one of logging's names in any case. All goes to
    the standard error stream. uvicorn's own line a request is to be turned off
    (``access_log=False``): it tells paths and queries.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": _FORMATTERS[form]}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "lines",
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"handlers": ["stderr"], "level": level.upper()},
    }


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(value: Any) -> str:
    return _ENCODER.encode(value)


def _escaped(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]):02x}"
