"""Bytes to reports: extraction and the readers in one step. Pure; keeps nothing and knows no database."""

from __future__ import annotations

from reports.dto import AggregateReport, Extraction, FailureReport, Payload, Problem, TlsReport
from reports.errors import LimitExceeded, Unreadable
from reports.ingest.extraction import Limits, extract
from reports.ingest.extraction.walk import DEFAULT_LIMITS
from reports.ingest.outcome import Reading, Report
from reports.ingest.parsedmarc.rebuild import rebuild
from reports.ingest.reading import dispatch
from reports.ingest.reading.identity import failure_identity, file_stem, identity_key, tls_identity


def read(data: bytes, *, filename: str = "", limits: Limits = DEFAULT_LIMITS) -> Reading:
    """Read all reports in one message or file. Raises nothing for content: what cannot be used is among the problems."""
    extraction = _extraction(data, filename=filename, limits=limits)
    reports: list[Report] = []
    problems = list(extraction.problems)
    for payload in extraction.payloads:
        try:
            content = dispatch.read(payload)
        except Unreadable as error:
            name = (("name", payload.filename),) if payload.filename else ()
            problems.append(Problem(error.code, (*name, *error.params)))
            continue
        reports.append(_report(payload, content))
    return Reading(tuple(reports), tuple(problems), extraction.mail)


def _extraction(data: bytes, *, filename: str, limits: Limits) -> Extraction:
    try:
        payload = rebuild(data)
    except LimitExceeded as error:
        return Extraction((), (Problem(error.code, error.params),))
    return Extraction((payload,)) if payload else extract(data, filename=filename, limits=limits)


def _report(payload: Payload, content: AggregateReport | FailureReport | TlsReport) -> Report:
    if isinstance(content, AggregateReport):
        return Report(payload.index, identity_key(content.head), content, file_stem(payload.filename))
    identity = tls_identity(content) if isinstance(content, TlsReport) else failure_identity(content)
    return Report(payload.index, identity, content)
