"""Traces reach a real OTLP/HTTP receiver; without an endpoint nothing of OpenTelemetry is even loaded."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pytest_django import Settings

from dmarcsite.observing import traces
from reports.errors import MailboxError
from reports.ingest import stages
from reports.ingest.pipeline import ingest_bytes
from reports.ingest.visit import visit
from reports.models import Message
from reports.vocabulary import Channel
from tests.places.yards import MaildirYard
from tests.project.test_settings import ROOT
from tests.reports.mailboxes import clock
from tests.reports.samples import XML, report_mail
from tests.reports.stored import NOW, make_organisation

MAIL = report_mail((XML, "first.xml"), subject="Report domain: example.com").as_bytes()


class Collector(ThreadingHTTPServer):
    """Keeps what is sent to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.paths: list[str] = []
        self.requests: list[ExportTraceServiceRequest] = []

    @property
    def spans(self) -> list[Any]:
        """In the order of their begin."""
        found = [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        return sorted(found, key=lambda span: (span.start_time_unix_nano, -span.end_time_unix_nano))


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.paths.append(self.path)
        self.server.requests.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def started(endpoint: str) -> Iterator[traces.Provider]:
    provider = traces.start(endpoint)
    assert provider
    try:
        yield provider
    finally:
        stages.watch(None)
        provider.shutdown()


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def attributes(span: Any) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        kind = value.WhichOneof("value")
        return [plain(each) for each in value.array_value.values] if kind == "array_value" else getattr(value, kind)

    return {each.key: plain(each.value) for each in span.attributes}


@pytest.mark.django_db(transaction=True)
def test_a_visit_is_one_trace_with_a_span_for_each_stage(
    collector: Collector, tmp_path: Path, settings: Settings
) -> None:
    settings.LOCAL_PLACES_ROOT = str(tmp_path)
    yard = MaildirYard(make_organisation(), root=tmp_path)
    yard.put(MAIL)
    with started(f"http://127.0.0.1:{collector.server_port}/") as provider:
        assert visit(yard.mailbox.pk, clock=clock)
        assert provider.force_flush()
    assert set(collector.paths) == {"/v1/traces"}
    spans = {span.name: span for span in collector.spans}
    assert list(spans) == ["visit", "fetched", "ingest", "taken in", "read", "stored", "committed", "acknowledged"]
    assert len({span.trace_id for span in collector.spans}) == 1
    visited, ingested = spans["visit"], spans["ingest"]
    assert visited.parent_span_id == b""
    parents = {name: span.parent_span_id for name, span in spans.items() if name != "visit"}
    inner = dict.fromkeys(("taken in", "read", "stored", "committed"), ingested.span_id)
    assert parents == inner | dict.fromkeys(("fetched", "ingest", "acknowledged"), visited.span_id)
    pk = Message.objects.get().pk
    for name in ("taken in", "read", "stored", "committed", "acknowledged"):
        assert attributes(spans[name])["sekimori.messages"] == [pk]
        assert attributes(spans[name])["sekimori.mailbox"] == yard.mailbox.pk
    for before, after in (("taken in", "read"), ("read", "stored"), ("stored", "committed")):
        assert spans[before].end_time_unix_nano == spans[after].start_time_unix_nano
    assert spans["acknowledged"].start_time_unix_nano >= ingested.start_time_unix_nano
    sent = b"".join(request.SerializeToString() for request in collector.requests)
    assert [word for word in (b"Report domain", b"example.com", b"first.xml") if word in sent] == []


def test_a_failed_piece_of_work_says_of_what_kind_and_nothing_else(collector: Collector) -> None:
    with started(f"http://127.0.0.1:{collector.server_port}") as provider:
        with pytest.raises(MailboxError), stages.work("visit", mailbox=1):
            raise MailboxError("login_failed", (("detail", "user@example.com"),))
        assert provider.force_flush()
    (span,) = collector.spans
    assert (span.status.code, span.status.message, list(span.events)) == (2, "MailboxError", [])


@pytest.mark.django_db(transaction=True)
def test_an_endpoint_that_is_away_costs_spans_and_nothing_else() -> None:
    with started("http://127.0.0.1:1"):
        result = ingest_bytes(MAIL, organisation=make_organisation(), channel=Channel.FILE, at=NOW)
    assert result.outcome == "stored"


def test_without_the_extra_a_warning_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing(name: str) -> ModuleType:
        if name.startswith("opentelemetry"):
            raise ModuleNotFoundError(name=name)
        return import_module(name)

    monkeypatch.setattr(traces, "import_module", missing)
    assert traces.start("http://127.0.0.1:1") is None
    assert caplog.messages == ["no traces are sent: opentelemetry.sdk.trace is not installed (the extra `otel`)"]


@pytest.mark.parametrize(("endpoint", "loaded"), [("", "False"), ("http://127.0.0.1:1", "True")])
def test_opentelemetry_is_loaded_where_an_endpoint_is_set(endpoint: str, loaded: str) -> None:
    asks = "import sys, django; django.setup(); print('opentelemetry' in sys.modules)"
    environment = {"PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "dmarcsite.settings"}
    if endpoint:
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
    done = subprocess.run(
        [sys.executable, "-c", asks], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == loaded
