"""Owns the two readers side by side: ours and parsedmarc's, as plain values with the same names, without enrichment."""

from __future__ import annotations

import logging
import math
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import parsedmarc

from reports.dto import AggregateReport, FailureReport, TlsReport
from reports.ingest.outcome import Reading
from reports.ingest.read import read

# parsedmarc speaks of local time.
os.environ["TZ"] = "UTC"
time.tzset()
logging.getLogger("parsedmarc").disabled = True
CONFIG = parsedmarc.ParserConfig(
    offline=True,
    always_use_local_files=True,
    normalize_timespan_threshold_hours=math.inf,
    strip_attachment_payloads=True,
)
POLICY = ("adkim", "aspf", "p", "sp", "pct", "fo", "np", "testing", "discovery_method")
# What one place of the other is called.
AGGREGATE, FAILURE, TLS = "aggregate", "failure", "smtp_tls"

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """A report as plain values: `head` by field, `rows` in document order. None stands for what was not sent or is empty."""

    kind: str
    head: Values
    rows: tuple[Values, ...] = ()
    repairs: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    """What ours mended in it, and why rows of it were not counted; parsedmarc says neither."""


@dataclass(frozen=True, slots=True)
class Both:
    """What both readers made of the same bytes. `error` is why parsedmarc refused them, "" where it did not."""

    data: bytes
    reading: Reading
    ours: tuple[Report, ...]
    theirs: Report | None
    error: str


def read_both(data: bytes) -> Both:
    """Read by both, ours without a file name, since parsedmarc is told none. Raises what ours raises: nothing."""
    reading = read(data)
    ours = tuple(_ours(report.content) for report in reading.reports)
    try:
        parsed = parsedmarc.parse_report_file(data, config=CONFIG)
    except parsedmarc.ParserError as refusal:
        return Both(data, reading, ours, None, f"{type(refusal).__name__}: {refusal}")
    except Exception as crash:  # noqa: BLE001  that it raises other things too is one of the differences
        return Both(data, reading, ours, None, f"crash: {type(crash).__name__}: {crash}")
    return Both(data, reading, ours, _theirs(parsed), "")


def _ours(content: AggregateReport | FailureReport | TlsReport) -> Report:
    if isinstance(content, TlsReport):
        return _tls(content)
    repairs = frozenset(str(repair.code) for repair in content.repairs)
    if isinstance(content, FailureReport):
        return Report(FAILURE, _plain(_failure_head(content)), repairs=repairs)
    head = content.head
    values = {
        "org_name": head.org_name, "email": head.email, "extra_contact_info": head.extra_contact_info,
        "report_id": head.report_id, "begin": head.begin, "end": head.end, "errors": head.errors,
        "generator": head.generator, "namespace": head.namespace, "version": head.version, "domain": head.policy.domain,
        **{name: getattr(head.policy, name) for name in POLICY},
    }  # fmt: skip
    rows = tuple(
        _plain({
            "source_ip": str(row.source_ip), "count": row.count, "disposition": row.disposition, "dkim": row.dkim,
            "spf": row.spf, "header_from": row.header_from, "envelope_from": row.envelope_from,
            "envelope_to": row.envelope_to, "reasons": tuple((each.type, each.comment) for each in row.reasons),
            "dkim_results": tuple((each.domain, each.selector, each.result, each.human_result) for each in row.dkim_results),
            "spf_results": tuple((each.domain, each.scope, each.result, each.human_result) for each in row.spf_results),
        })
        for row in content.rows
    )  # fmt: skip
    return Report(AGGREGATE, _plain(values), rows, repairs, frozenset(str(row.code) for row in content.rejected))


def _failure_head(content: FailureReport) -> Values:
    return {
        "domain": content.reported_domain, "source_ip": str(content.source_ip or ""), "arrived": content.arrived,
        "mail_from": content.original_mail_from, "rcpt_to": content.original_rcpt_to[-1:],
        "envelope_id": content.original_envelope_id, "auth_failure": content.auth_failure,
        "delivery_result": content.delivery_result, "authentication_results": content.authentication_results,
        "dkim_domain": content.dkim_domain, "user_agent": content.user_agent, "header_from": content.header_from,
        "subject": content.subject, "headers_only": content.headers_only,
    }  # fmt: skip


def _tls(report: TlsReport) -> Report:
    values = {
        "org_name": report.org_name, "report_id": report.report_id, "begin": report.begin, "end": report.end,
        "domains": report.domains,
        "policies": tuple(
            (each.policy_type, each.policy_domain, each.total_successful_session_count, each.total_failure_session_count)
            for each in report.policies
        ),
        "failures": tuple(
            (failure.result_type, failure.failed_session_count, str(failure.sending_mta_ip or ""),
             str(failure.receiving_ip or ""), failure.receiving_mx_hostname)
            for each in report.policies
            for failure in each.failures
        ),
    }  # fmt: skip
    return Report(
        TLS,
        _plain(values),
        repairs=frozenset(str(repair.code) for repair in report.repairs),
        rejected=frozenset(str(row.code) for row in report.rejected),
    )


def _theirs(parsed: Any) -> Report:
    report = parsed["report"]
    return {"aggregate": _their_aggregate, "failure": _their_failure, "smtp_tls": _their_tls}[parsed["report_type"]](
        report
    )


def _their_aggregate(report: Any) -> Report:
    metadata, policy = report["report_metadata"], report["policy_published"]
    values = {
        "org_name": metadata["org_name"], "email": metadata["org_email"],
        "extra_contact_info": metadata["org_extra_contact_info"], "report_id": metadata["report_id"],
        "begin": _epoch(metadata["begin_date"]), "end": _epoch(metadata["end_date"]), "errors": tuple(metadata["errors"]),
        "generator": metadata["generator"], "namespace": report["xml_namespace"], "version": report["xml_schema"],
        "domain": policy["domain"], **{name: policy[name] for name in POLICY},
    }  # fmt: skip
    rows = tuple(
        _plain({
            "source_ip": row["source"]["ip_address"], "count": row["count"],
            **{name: row["policy_evaluated"][name] for name in ("disposition", "dkim", "spf")},
            **{name: row["identifiers"].get(name) for name in ("header_from", "envelope_from", "envelope_to")},
            "reasons": tuple((each.get("type"), each["comment"]) for each in row["policy_evaluated"]["policy_override_reasons"]),
            "dkim_results": tuple(
                (each["domain"], each["selector"], each["result"], each["human_result"]) for each in row["auth_results"]["dkim"]
            ),
            "spf_results": tuple(
                (each["domain"], each["scope"], each["result"], each["human_result"]) for each in row["auth_results"]["spf"]
            ),
        })
        for row in report["records"]
    )  # fmt: skip
    return Report(AGGREGATE, _plain(values), rows)


def _their_failure(report: Any) -> Report:
    sample = report["parsed_sample"]
    return Report(FAILURE, _plain({
        "domain": report["reported_domain"], "source_ip": report["source"]["ip_address"],
        "arrived": _epoch(report["arrival_date_utc"]), "mail_from": report["original_mail_from"],
        "rcpt_to": (report["original_rcpt_to"],), "envelope_id": report["original_envelope_id"],
        "auth_failure": tuple(report["auth_failure"]), "delivery_result": report["delivery_result"],
        "authentication_results": report["authentication_results"], "dkim_domain": report["dkim_domain"],
        "user_agent": report["user_agent"], "header_from": (sample.get("from") or {}).get("domain"),
        "subject": sample.get("subject"), "headers_only": report["sample_headers_only"],
    }))  # fmt: skip


def _their_tls(report: Any) -> Report:
    policies = report["policies"]
    return Report(TLS, _plain({
        "org_name": report["organization_name"], "report_id": report["report_id"], "begin": _moment(report["begin_date"]),
        "end": _moment(report["end_date"]), "domains": tuple(dict.fromkeys(str(policy["policy_domain"]) for policy in policies)),
        "policies": tuple(
            (policy["policy_type"], policy["policy_domain"], policy["successful_session_count"], policy["failed_session_count"])
            for policy in policies
        ),
        "failures": tuple(
            (failure["result_type"], failure["failed_session_count"], failure.get("sending_mta_ip"),
             failure.get("receiving_ip"), failure.get("receiving_mx_hostname"))
            for policy in policies
            for failure in policy.get("failure_details", ())
        ),
    }))  # fmt: skip


def _epoch(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp())


def _moment(text: Any) -> Any:
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except (TypeError, ValueError):
        return text


def _plain(values: Values) -> Values:
    """Empty texts, empty lists and what is missing are one and the same: which of them was sent, ours keeps elsewhere."""
    return {name: _emptied(value) for name, value in values.items()}


def _emptied(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_emptied(each) if isinstance(each, tuple) else each or None for each in value) or None
    return None if value == "" else value
