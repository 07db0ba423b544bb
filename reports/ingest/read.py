"""Bytes to reports: extraction and the readers in one step. Pure; keeps nothing and knows no database."""

from __future__ import annotations

from reports.dto import Payload, Problem
from reports.errors import LimitExceeded, Unreadable
from reports.ingest.extraction import extract
from reports.ingest.outcome import Reading, Report
from reports.ingest.reading.aggregate import read_aggregate
from reports.ingest.reading.failure import read_failure
from reports.ingest.reading.identity import failure_identity, identity_key
from reports.vocabulary import Kind, Reason


def read(data: bytes, *, filename: str = "") -> Reading:
    """Read all reports in one message or file. Never raises for content: what cannot be used is among the problems."""
    extraction = extract(data, filename=filename)
    reports: list[Report] = []
    problems = list(extraction.problems)
    for payload in extraction.payloads:
        try:
            reports.append(_read(payload))
        except (Unreadable, LimitExceeded) as error:
            problems.append(Problem(error.code, error.params))
    return Reading(tuple(reports), tuple(problems), extraction.mail)


def _read(payload: Payload) -> Report:
    if payload.kind == Kind.AGGREGATE:
        report = read_aggregate(payload)
        return Report(payload.index, identity_key(report.head), report)
    if payload.kind == Kind.FAILURE:
        failure = read_failure(payload)
        return Report(payload.index, failure_identity(failure), failure)
    raise Unreadable(Reason.TLS_NOT_STORED)
