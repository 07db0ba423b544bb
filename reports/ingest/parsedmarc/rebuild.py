"""A report as parsedmarc (8 to 11) wrote it into JSON, written back in the form of its standard. Reads nothing itself.

What parsedmarc dropped or filled in stays so, and every such report says that it was rebuilt (RepairCode.FROM_PARSEDMARC).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from reports.dto import Payload, Repair
from reports.errors import LimitExceeded
from reports.ingest.parsedmarc import failure, spans
from reports.ingest.parsedmarc.values import entries, entry, text
from reports.vocabulary import Kind, Reason, RepairCode

MOST_BYTES = 128 << 20
MOST_OBJECTS = 2_000_000
"""Objects and lists; a report of 100,000 records has 1,300,000. Each takes 20 to 100 bytes of memory for each of the text."""
MOST_VALUES = 8_000_000
MOST_RECORDS = 1_000_000
MOST_POLICIES = 10_000
_MARKS = {
    b'"report_metadata"': Kind.AGGREGATE, b'"arrival_date_utc"': Kind.FAILURE, b'"organization_name"': Kind.TLS,
}  # fmt: skip
_POLICY = ("domain", "adkim", "aspf", "p", "sp", "pct", "fo", "np", "testing", "discovery_method")
_DETAILS = {
    "result_type": "result-type", "failed_session_count": "failed-session-count", "sending_mta_ip": "sending-mta-ip",
    "receiving_ip": "receiving-ip", "receiving_mx_hostname": "receiving-mx-hostname",
    "receiving_mx_helo": "receiving-mx-helo", "additional_info_uri": "additional-information",
    "failure_reason_code": "failure-reason-code",
}  # fmt: skip


def rebuild(data: bytes) -> Payload | None:
    """The report in one JSON object of parsedmarc's output as a payload; None where the bytes are something else.

    Raises LimitExceeded past one of the limits above, before memory is taken for it.
    """
    if not data.startswith(b"{") or not any(mark in data for mark in _MARKS):
        return None
    if len(data) > MOST_BYTES:
        raise LimitExceeded(Reason.TOO_LARGE, (("limit", str(MOST_BYTES)),))
    if data.count(b"{") + data.count(b"[") > MOST_OBJECTS or data.count(b",") > MOST_VALUES:
        raise LimitExceeded(Reason.TOO_MANY_ELEMENTS)
    try:
        report = json.loads(data)
        kind = kind_of(report)
        if kind is None:
            return None
        if len(entries(report, "records")) > MOST_RECORDS or len(entries(report, "policies")) > MOST_POLICIES:
            raise LimitExceeded(Reason.TOO_MANY_ELEMENTS)
        rebuilt = _REBUILD[kind](report)
    except (ValueError, RecursionError):
        return None
    return Payload(kind, 0, rebuilt, trail=("parsedmarc",), repairs=(Repair(RepairCode.FROM_PARSEDMARC),))


def kind_of(report: object) -> Kind | None:
    """What kind of report a decoded JSON value of parsedmarc's output is, by its keys."""
    if not isinstance(report, Mapping):
        return None
    if {"report_metadata", "policy_published", "records"} <= report.keys():
        return Kind.AGGREGATE
    if {"arrival_date_utc", "reported_domain", "sample"} <= report.keys():
        return Kind.FAILURE
    return Kind.TLS if {"organization_name", "begin_date", "report_id", "policies"} <= report.keys() else None


def _aggregate(report: Mapping[str, Any]) -> bytes:
    return "".join(_feedback(report)).encode("utf-8", "replace")


def _feedback(report: Mapping[str, Any]) -> Iterator[str]:
    metadata, policy = entry(report, "report_metadata"), entry(report, "policy_published")
    begin, end = spans.period(report)
    namespace = text(report.get("xml_namespace"))
    yield f"<feedback xmlns={quoteattr(namespace)}>" if namespace else "<feedback>"
    schema = text(report.get("xml_schema"))
    yield _element("version", None if schema == "draft" else schema)
    yield "<report_metadata>"
    yield _element("org_name", metadata.get("org_name"))
    yield _element("email", metadata.get("org_email"))
    yield _element("extra_contact_info", metadata.get("org_extra_contact_info"))
    yield _element("report_id", metadata.get("report_id"))
    yield f"<date_range>{_element('begin', begin)}{_element('end', end)}</date_range>"
    errors = metadata.get("errors")
    yield from (_element("error", each) for each in (errors if isinstance(errors, list) else [errors]))
    yield f"{_element('generator', metadata.get('generator'))}</report_metadata><policy_published>"
    yield from (_element(name, policy.get(name)) for name in _POLICY)
    yield "</policy_published>"
    for record in spans.joined(entries(report, "records"), begin=begin, end=end):
        yield from _record(record)
    yield "</feedback>"


def _record(record: Mapping[str, Any]) -> Iterator[str]:
    evaluated, identifiers = entry(record, "policy_evaluated"), entry(record, "identifiers")
    results = entry(record, "auth_results")
    yield "<record><row>"
    yield _element("source_ip", entry(record, "source").get("ip_address"))
    yield _element("count", record.get("count"))
    yield "<policy_evaluated>"
    yield from (_element(name, evaluated.get(name)) for name in ("disposition", "dkim", "spf"))
    yield from _each("reason", entries(evaluated, "policy_override_reasons"), ("type", "comment"))
    yield "</policy_evaluated></row><identifiers>"
    yield from (_element(name, identifiers.get(name)) for name in ("header_from", "envelope_from", "envelope_to"))
    yield "</identifiers><auth_results>"
    yield from _each("dkim", entries(results, "dkim"), ("domain", "selector", "result", "human_result"))
    yield from _each("spf", entries(results, "spf"), ("domain", "scope", "result", "human_result"))
    yield "</auth_results></record>\n"


def _each(name: str, items: Iterable[Mapping[str, Any]], parts: Iterable[str]) -> Iterator[str]:
    for item in items:
        yield f"<{name}>{''.join(_element(part, item.get(part)) for part in parts)}</{name}>"


def _element(name: str, value: object) -> str:
    return "" if value is None else f"<{name}>{escape(text(value))}</{name}>"


def _tls(report: Mapping[str, Any]) -> bytes:
    """RFC 8460 section 4."""
    policies = [_tls_policy(policy) for policy in entries(report, "policies")]
    period = {"start-datetime": report.get("begin_date"), "end-datetime": report.get("end_date")}
    return json.dumps(
        {
            "organization-name": report.get("organization_name"),
            "date-range": period,
            "contact-info": report.get("contact_info"),
            "report-id": report.get("report_id"),
            "policies": policies,
        }
    ).encode()


def _tls_policy(policy: Mapping[str, Any]) -> dict[str, Any]:
    said = {"policy-type": policy.get("policy_type"), "policy-domain": policy.get("policy_domain")}
    lists = {"policy-string": policy.get("policy_strings"), "mx-host": policy.get("mx_host_patterns")}
    details = [
        {name: detail[key] for key, name in _DETAILS.items() if detail.get(key) is not None}
        for detail in entries(policy, "failure_details")
    ]
    summary = {
        "total-successful-session-count": policy.get("successful_session_count"),
        "total-failure-session-count": policy.get("failed_session_count"),
    }
    whole = {"policy": said | {key: each for key, each in lists.items() if each}, "summary": summary}
    return whole | ({"failure-details": details} if details else {})


_REBUILD = {Kind.AGGREGATE: _aggregate, Kind.FAILURE: failure.rebuild, Kind.TLS: _tls}
