"""Owns reports that mean harm: markup, templates, control characters and endless text in every field, one file per field."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape, quoteattr

MARK = "x-evil"
"""The element that no page may ever contain."""
TEXT = f'\u202e"\'><{MARK} onclick="alert(1)">{{{{7*7}}}}{{% debug %}}</{MARK}><script>alert(1)</script><img src=x onerror=alert(1)>'
SHOWN = "{{7*7}}{% debug %}"
"""The part of TEXT that a page must show as it is."""
LONG = "\u3042<i>" * 500
DAY = 86_400

METADATA = ("org_name", "email", "extra_contact_info", "report_id", "error", "generator")
POLICY = ("domain", "adkim", "aspf", "p", "sp", "np", "pct", "fo", "testing", "discovery_method")
EVALUATED = ("disposition", "dkim", "spf")
IDENTIFIERS = ("header_from", "envelope_from", "envelope_to")
DKIM = ("domain", "selector", "result", "human_result")
SPF = ("domain", "scope", "result", "human_result")
FIELDS = (
    *(f"metadata.{name}" for name in METADATA),
    "range.begin",
    "range.end",
    *(f"policy.{name}" for name in POLICY),
    "row.source_ip",
    "row.count",
    *(f"evaluated.{name}" for name in EVALUATED),
    "reason.type",
    "reason.comment",
    *(f"identifiers.{name}" for name in IDENTIFIERS),
    *(f"dkim.{name}" for name in DKIM),
    *(f"spf.{name}" for name in SPF),
)
ESSENTIAL = {"range.begin", "range.end", "policy.domain", "row.source_ip", "row.count", "identifiers.header_from"}
"""Without these a report is refused, so the file with evil everywhere leaves them alone."""
FEEDBACK = {
    "Feedback-Type": "auth-failure",
    "User-Agent": "Receiver/1.0",
    "Version": "1",
    "Auth-Failure": "dmarc",
    "Authentication-Results": "mx.receiver.example; dmarc=fail header.from=example.com",
    "Reported-Domain": "example.com",
    "Source-IP": "192.0.2.77",
    "Original-Mail-From": "<bounce@sender.example>",
    "Original-Rcpt-To": "<one@receiver.example>",
    "Original-Envelope-Id": "%s",
    "Delivery-Result": "reject",
    "DKIM-Domain": "example.com",
    "DKIM-Selector": "s1",
    "Incidents": "3",
}
SAMPLE = {
    "From": "Somebody <somebody@example.com>",
    "To": "one@receiver.example",
    "Subject": "Hello",
    "Message-ID": "<%s@example.com>",
}
MAIL = {"From": "Reports <reports@receiver.example>", "To": "failures@example.com", "Subject": "FW: hello"}


def files() -> list[tuple[str, bytes]]:
    """Every report with a file name that means harm too; some are refused, which is a page of its own."""
    every = {field: TEXT for field in FIELDS if field not in ESSENTIAL}
    aggregates = [("everywhere", aggregate(every)), ("long", aggregate(dict.fromkeys(every, LONG)))]
    aggregates += [(field, aggregate({field: TEXT, "metadata.report_id": f"one {field}"})) for field in FIELDS]
    extension = (
        f"<extension a={quoteattr(TEXT)}>{escape(TEXT)}<e><![CDATA[{TEXT}]]></e></extension><x>{escape(TEXT)}</x>"
    )
    extended = aggregate({"metadata.report_id": "extended"}).replace(b"</feedback>", f"{extension}</feedback>".encode())
    aggregates += [("extension", extended)]
    aggregates += [("nul", aggregate({"metadata.org_name": "a\0b"}))]
    failures = [("everywhere", failure({**dict.fromkeys((*FEEDBACK, *SAMPLE, *MAIL), TEXT), "Feedback-Type": "auth-failure",
                "Reported-Domain": "example.com", "Source-IP": "192.0.2.78"})),
                ("long", failure({"Subject": LONG, "User-Agent": LONG}))]  # fmt: skip
    failures += [(name, failure({name: TEXT})) for name in (*FEEDBACK, *SAMPLE)]
    failures += [("nul", failure(dict.fromkeys(("User-Agent", "Subject", "Original-Rcpt-To"), "a\0b")))]
    return [
        (f"tls <{MARK}>.json", tls()),
        *((f"{name} <{MARK}>.xml", content) for name, content in aggregates),
        *((f"{name} <{MARK}>.eml", content) for name, content in failures),
    ]


def tls() -> bytes:
    """A TLS report of yesterday in which every text means harm."""
    begin = datetime.fromtimestamp((int(time.time()) // DAY - 1) * DAY, UTC)
    policy = {"policy-type": TEXT, "policy-domain": "example.com", "policy-string": [TEXT], "mx-host": [TEXT]}
    detail = {
        "result-type": TEXT, "sending-mta-ip": "192.0.2.79", "receiving-mx-hostname": TEXT, "receiving-mx-helo": TEXT,
        "receiving-ip": TEXT, "failed-session-count": 3, "additional-information": TEXT, "failure-reason-code": TEXT,
    }  # fmt: skip
    summary = {"total-successful-session-count": 90, "total-failure-session-count": 3}
    entry = {"policy": policy, "summary": summary, "failure-details": [detail]}
    period = {"start-datetime": begin.isoformat(), "end-datetime": (begin + timedelta(days=1)).isoformat()}
    head = {"organization-name": TEXT, "contact-info": TEXT, "report-id": TEXT, "date-range": period}
    return json.dumps({**head, "policies": [entry, {"x": TEXT}]}).encode()


def aggregate(evil: Mapping[str, str]) -> bytes:
    """An aggregate report of yesterday in which these fields hold these texts."""
    begin = (int(time.time()) // DAY - 1) * DAY
    good = {
        "metadata.org_name": "Receiver Example", "metadata.email": "noreply@receiver.example",
        "metadata.report_id": f"evil {sorted(evil)}", "range.begin": str(begin), "range.end": str(begin + DAY - 1),
        "policy.domain": "example.com", "policy.p": "reject", "row.source_ip": "192.0.2.77", "row.count": "3",
        "evaluated.disposition": "none", "evaluated.dkim": "fail", "evaluated.spf": "fail", "reason.type": "other",
        "identifiers.header_from": "example.com", "dkim.domain": "sender.example", "dkim.result": "pass",
        "spf.domain": "bounce.example", "spf.result": "fail",
    }  # fmt: skip
    values = {**good, **evil}

    def inside(group: str) -> str:
        return "".join(
            f"<{field.partition('.')[2]}>{escape(values[field])}</{field.partition('.')[2]}>"
            for field in FIELDS
            if field.startswith(f"{group}.") and field in values
        )

    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feedback><report_metadata>'
        f"{inside('metadata')}<date_range>{inside('range')}</date_range></report_metadata>"
        f"<policy_published>{inside('policy')}</policy_published><record><row>{inside('row')}"
        f"<policy_evaluated>{inside('evaluated')}<reason>{inside('reason')}</reason></policy_evaluated></row>"
        f"<identifiers>{inside('identifiers')}</identifiers><auth_results><dkim>{inside('dkim')}</dkim>"
        f"<spf>{inside('spf')}</spf></auth_results></record></feedback>\n"
    ).encode()


def failure(evil: Mapping[str, str]) -> bytes:
    """A failure report in which these header fields hold these texts, in the mail, the report and the sample alike."""
    identity = hashlib.sha256(repr(sorted(evil)).encode()).hexdigest()[:16]

    def fields(good: Mapping[str, str]) -> str:
        return "".join(
            f"{name}: {evil.get(name, value % identity if '%' in value else value)}\n" for name, value in good.items()
        )

    boundary = "sep"
    return (
        f"{fields(MAIL)}Message-ID: <{identity}@receiver.example>\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type=feedback-report; boundary="{boundary}"\n\n'
        f"--{boundary}\nContent-Type: text/plain\n\n{TEXT}\n--{boundary}\nContent-Type: message/feedback-report\n\n"
        f"{fields(FEEDBACK)}Arrival-Date: {time.strftime('%a, %d %b %Y 10:00:00 +0000', time.gmtime(time.time() - DAY))}\n"
        f"\n--{boundary}\nContent-Type: message/rfc822\n\n{fields(SAMPLE)}\n{TEXT}\n--{boundary}--\n"
    ).encode()
