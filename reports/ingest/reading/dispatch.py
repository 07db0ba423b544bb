"""Hands a payload to the reader of its kind. Reads nothing itself."""

from __future__ import annotations

from reports.dto import AggregateReport, FailureReport, Payload, TlsReport
from reports.ingest.reading.aggregate import read_aggregate
from reports.ingest.reading.failure import read_failure
from reports.ingest.reading.tls import read_tls
from reports.vocabulary import Kind


def read(payload: Payload) -> AggregateReport | FailureReport | TlsReport:
    """Read one payload; raises `Unreadable`."""
    if payload.kind == Kind.AGGREGATE:
        return read_aggregate(payload)
    if payload.kind == Kind.FAILURE:
        return read_failure(payload)
    return read_tls(payload)
