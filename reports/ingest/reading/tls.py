"""Reads the head of an SMTP TLS report (RFC 8460 section 4): enough to list it. Its sessions are not stored yet."""

from __future__ import annotations

import json

from reports.dto import Payload, TlsReport
from reports.errors import Unreadable
from reports.ingest.reading.hints import hints_of
from reports.ingest.reading.values import read_domain, read_time
from reports.vocabulary import Reason

TEXT_LENGTH = 500


def read_tls(payload: Payload) -> TlsReport:
    """Read reporter, id, period and domains; raise `Unreadable` where the JSON is broken or is no TLS report."""
    try:
        report = json.loads(payload.data.decode("utf-8-sig", "replace").strip("\0 \t\r\n"))
    except (ValueError, RecursionError):
        raise Unreadable(Reason.NOT_JSON) from None
    if not isinstance(report, dict):
        raise Unreadable(Reason.OTHER_JSON)
    hints, period = hints_of(payload), _mapping(report.get("date-range"))
    return TlsReport(
        org_name=_text(report.get("organization-name")) or hints.submitter or hints.sender,
        report_id=_text(report.get("report-id")) or hints.report_id,
        begin=read_time(_text(period.get("start-datetime")))[0] or hints.begin,
        end=read_time(_text(period.get("end-datetime")))[0] or hints.end,
        domains=_domains(report.get("policies")) or ((hints.domain,) if hints.domain else ()),
    )


def _domains(policies: object) -> tuple[str, ...]:
    each = policies if isinstance(policies, list) else [policies]
    sent = (_text(_mapping(_mapping(policy).get("policy")).get("policy-domain")) for policy in each)
    return tuple(dict.fromkeys(filter(None, (read_domain(text)[0] for text in sent))))


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value.strip()[:TEXT_LENGTH] if isinstance(value, str) else ""
