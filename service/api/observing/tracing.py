"""Traces for OpenTelemetry: a server span for each request, the stages of its jobs below it.

The SDK is an optional extra (``tracing``) and is imported only where its own variable,
``OTEL_EXPORTER_OTLP_ENDPOINT``, says where traces go. The SDK reads the others itself
(``OTEL_SERVICE_NAME``, ``OTEL_TRACES_SAMPLER``, ``OTEL_EXPORTER_OTLP_HEADERS``, ...).
Names and attributes are those of OpenTelemetry's semantic conventions for HTTP servers.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from service.api.observing.observation import JobRecord, Observer, RequestRecord

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import SpanProcessor

logger = logging.getLogger("service.tracing")

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

_SERVICE: Final = "convolution-service"

# A collector that can't be reached must not hold up the service's end.
_LAST_EXPORT_SECONDS: Final = 5.0


def create_tracing(environment: Mapping[str, str], version: str) -> Tracing | None:
    """Tracing to the collector that the environment names; None where it names none.

    None, too, where the extra isn't installed, which is then said in the log.
    """
    if not any(environment.get(name) for name in _ENDPOINTS):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        logger.warning(
            "%s is set, but there are no traces: install the extra, convolution-service[tracing]",
            next(name for name in _ENDPOINTS if environment.get(name)),
        )
        return None
    return Tracing(BatchSpanProcessor(OTLPSpanExporter()), version)


class Tracing(Observer):
    """Makes the spans of each request once it is over, from what was measured."""

    def __init__(self, processor: SpanProcessor, version: str) -> None:
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        ours = Resource.create({"service.name": _SERVICE, "service.version": version})
        # What the environment says of the service comes first.
        resource = ours.merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("service.api.observing.tracing", version)
        self._propagator = TraceContextTextMapPropagator()

    def end(self, record: RequestRecord) -> None:
        """Make the request's spans."""
        from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

        span = self._tracer.start_span(
            _name(record),
            context=self._propagator.extract(record.trace_headers),
            kind=SpanKind.SERVER,
            attributes=_attributes(record),
            start_time=_nanoseconds(record.began),
        )
        if record.status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        below = set_span_in_context(span)
        for job in record.jobs:
            self._stages(job, below)
        span.end(_nanoseconds(record.began + record.seconds))

    def _stages(self, job: JobRecord, below: Context) -> None:
        """A span for each stage, end to end, the last one ending when the answer came.

        A worker tells durations only: the time in between, of handing the job over and back,
        stands before the first.
        """
        began = job.ended - sum(job.stages.values())
        for stage, seconds in job.stages.items():
            span = self._tracer.start_span(stage, below, start_time=_nanoseconds(began))
            began += seconds
            span.end(_nanoseconds(began))

    def close(self) -> None:
        """Export what is left; blocks, for some seconds at most."""
        last = threading.Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(_LAST_EXPORT_SECONDS)


def _name(record: RequestRecord) -> str:
    return f"{record.method} {record.route}"


def _attributes(record: RequestRecord) -> dict[str, str | int]:
    attributes: dict[str, str | int | None] = {
        "http.request.method": record.method,
        "http.route": record.route,
        "http.response.status_code": record.status,
        "http.request.body.size": record.bytes_in,
        "http.response.body.size": record.bytes_out,
        "client.address": record.client,
        "error.type": record.problem,
        "convolution.request_id": record.request_id,
        "convolution.key_id": record.key_id,
    }
    return {name: value for name, value in attributes.items() if value is not None}


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
