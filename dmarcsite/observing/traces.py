"""The one seam to OpenTelemetry, which is imported only where an endpoint is set: a trace of each visit or batch."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

from reports.following import Facts
from reports.ingest import stages

log = logging.getLogger(__name__)
SERVICE = "sekimori"
PATH = "/v1/traces"


class Provider(Protocol):
    """What a caller may do with the SDK's provider."""

    def force_flush(self) -> bool:
        """Send what is kept; true where it went."""

    def shutdown(self) -> None:
        """Send what is kept, and end."""


def start(endpoint: str) -> Provider | None:
    """Send traces of this process to an OTLP/HTTP endpoint; None where the extra is missing.

    Spans go out from a thread of their own every few seconds: an endpoint that is away costs spans and nothing else.
    """
    try:
        sdk = import_module("opentelemetry.sdk.trace")
        export = import_module("opentelemetry.sdk.trace.export")
        otlp = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        resources = import_module("opentelemetry.sdk.resources")
    except ModuleNotFoundError as error:
        log.warning("no traces are sent: %s is not installed (the extra `otel`)", error.name)
        return None
    provider = sdk.TracerProvider(resource=resources.Resource.create({"service.name": SERVICE}))
    exporter = otlp.OTLPSpanExporter(endpoint=endpoint.rstrip("/") + PATH)
    provider.add_span_processor(export.BatchSpanProcessor(exporter))
    stages.watch(_Traces(provider.get_tracer(SERVICE), import_module("opentelemetry.trace")))
    return cast("Provider", provider)


@dataclass(slots=True)
class _Mark:
    """When the last stage of a piece of work ended, in nanoseconds."""

    at: int


_mark: ContextVar[_Mark | None] = ContextVar("trace_mark", default=None)


@dataclass(frozen=True, slots=True)
class _Traces:
    tracer: Any
    api: Any

    @contextmanager
    def work(self, name: str, facts: Facts) -> Iterator[None]:
        outer = _mark.get()
        # An exception's text may quote a report or a server, so only its type goes out.
        with self.tracer.start_as_current_span(
            name, attributes=_attributes(facts), record_exception=False, set_status_on_exception=False
        ) as span:
            token = _mark.set(_Mark(time.time_ns()))
            try:
                yield
            except BaseException as error:
                span.set_status(self.api.Status(self.api.StatusCode.ERROR, type(error).__name__))
                raise
            finally:
                _mark.reset(token)
                if outer:
                    outer.at = time.time_ns()

    def stage(self, name: str, facts: Facts) -> None:
        now, mark = time.time_ns(), _mark.get()
        begun = min(mark.at, now) if mark else now
        self.tracer.start_span(name, start_time=begun, attributes=_attributes(facts)).end(end_time=now)
        if mark:
            mark.at = now


def _attributes(facts: Facts) -> dict[str, Any]:
    return {f"{SERVICE}.{name}": value for name, value in facts.items()}
