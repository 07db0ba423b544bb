"""Reads one SMTP TLS report (RFC 8460 section 4) in every shape that is in use. Stores and decides nothing."""

from __future__ import annotations

import hashlib

from reports.dto import Payload, RejectedRow, TlsPolicy, TlsReport
from reports.errors import Unreadable
from reports.ingest.reading.hints import Hints, hints_of
from reports.ingest.reading.jsontext import read_json
from reports.ingest.reading.repairs import Repairs
from reports.ingest.reading.tls_policies import PolicyReader
from reports.ingest.reading.tls_values import listed, mapping, text_of
from reports.ingest.reading.values import read_mail_date, read_time
from reports.vocabulary import Reason, RepairCode

TEXT_LENGTH = 500
POLICIES_MAX = 500
REJECTED_LENGTH = 2000
SIGNS = ("organization-name", "date-range", "report-id")


def read_tls(payload: Payload) -> TlsReport:
    """Read the report; raise `Unreadable` where it is no JSON, no TLS report, or where nobody says which time it covers."""
    repairs = Repairs(payload.repairs)
    report = read_json(payload.data, repairs=repairs)
    report = _unwrapped(report)
    if report is None:
        raise Unreadable(Reason.OTHER_JSON)
    hints = hints_of(payload)
    org_name = _org_name(report, hints, repairs=repairs)
    report_id = _text(report, "report-id", repairs=repairs) or text_of(hints.report_id)
    if not report_id:
        repairs.note(RepairCode.REPORT_ID_MISSING, "report-id")
    contact = ", ".join(text for each in listed(report.get("contact-info")) if (text := text_of(each)))[:TEXT_LENGTH]
    if not contact:
        repairs.note(RepairCode.CONTACT_INFO_MISSING, "contact-info")
    begin, end = _period(report, payload, hints, repairs=repairs)
    policies, rejected = _policies(report, hints.domain, repairs=repairs)
    if not policies and any(each.code == RepairCode.JSON_TRUNCATED for each in repairs.all()):
        raise Unreadable(Reason.REPORT_TRUNCATED)
    return TlsReport(
        org_name=org_name,
        report_id=report_id,
        begin=begin,
        end=end,
        contact_info=contact,
        report_domain=hints.domain,
        policies=policies,
        rejected=rejected,
        repairs=repairs.all(),
        policies_hash=hashlib.sha256(repr((policies, rejected)).encode("utf-8", "replace")).digest(),
    )


def _unwrapped(value: object) -> dict[str, object] | None:
    """The report, which some programs put into another object; None where there is none."""
    report = mapping(value)
    return next((each for each in (report, *map(mapping, report.values())) if _is_tls(each)), None)


def _is_tls(report: dict[str, object]) -> bool:
    """Policies are what makes it one; without them it takes most of the head."""
    return "policies" in report or _is_policy(report) or sum(key in report for key in SIGNS) >= len(SIGNS) - 1


def _is_policy(report: dict[str, object]) -> bool:
    """Drafts before RFC 8460 had one policy in the report itself."""
    return "policy" in report and "summary" in report


def _org_name(report: dict[str, object], hints: Hints, *, repairs: Repairs) -> str:
    sent = _text(report, "organization-name", repairs=repairs)
    if sent:
        return sent
    repairs.note(RepairCode.ORG_NAME_ASSUMED, "organization-name")
    return text_of(hints.submitter or hints.sender)


def _period(report: dict[str, object], payload: Payload, hints: Hints, *, repairs: Repairs) -> tuple[int, int]:
    """Epoch seconds; from the file name, the other end or the mail's date where the report lacks them."""
    sent = mapping(report.get("date-range")) or report
    begin = _moment(sent, "start-datetime", repairs=repairs)
    end = _moment(sent, "end-datetime", repairs=repairs)
    if begin is None or end is None:
        ends = (begin or hints.begin, end or hints.end, read_mail_date(payload.mail.sent))
        known = [each for each in ends[:2] if each] or [each for each in ends[2:] if each]
        if not known:
            raise Unreadable(Reason.NO_PERIOD)
        repairs.note(RepairCode.PERIOD_ASSUMED, "date-range")
        begin, end = begin or known[0], end or known[-1]
    if begin > end:
        repairs.note(RepairCode.PERIOD_SWAPPED, "date-range", f"{begin} {end}")
        begin, end = end, begin
    return begin, end


def _moment(period: dict[str, object], key: str, *, repairs: Repairs) -> int | None:
    sent = text_of(period.get(key) or period.get(key.partition("-")[0]))
    moment = read_time(sent)[0]
    # RFC 3339 in UTC is what the RFC asks for; a zone, or none, is understood as well.
    if moment is not None and not (sent.endswith(("Z", "+00:00")) and "T" in sent):
        repairs.note(RepairCode.DATE_REWRITTEN, f"date-range/{key}", sent)
    return moment


def _policies(
    report: dict[str, object], report_domain: str, *, repairs: Repairs
) -> tuple[tuple[TlsPolicy, ...], tuple[RejectedRow, ...]]:
    sent = report.get("policies", report if _is_policy(report) else None)
    if not isinstance(sent, list):
        repairs.note(RepairCode.LIST_ASSUMED, "policies", text_of(sent))
    each = listed(sent)
    if not each:
        repairs.note(RepairCode.NO_POLICIES, "policies")
    if len(each) > POLICIES_MAX:
        repairs.note(RepairCode.BEYOND_LIMIT, "policies", str(POLICIES_MAX), times=len(each) - POLICIES_MAX)
    reader = PolicyReader(report_domain, repairs=repairs)
    policies: list[TlsPolicy] = []
    rejected: list[RejectedRow] = []
    for position, entry in enumerate(each[:POLICIES_MAX], start=1):
        try:
            policies.append(reader.read(entry, position=position))
        except Unreadable as error:
            rejected.append(RejectedRow(position, error.code, text_of(entry, length=REJECTED_LENGTH)))
    return tuple(policies), tuple(rejected)


def _text(report: dict[str, object], key: str, *, repairs: Repairs) -> str:
    text = text_of(report.get(key), length=TEXT_LENGTH + 1)
    if len(text) > TEXT_LENGTH:
        repairs.note(RepairCode.TEXT_CUT, key, text)
    return text[:TEXT_LENGTH]
