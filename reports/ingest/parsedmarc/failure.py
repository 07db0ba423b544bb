"""A failure report of parsedmarc's output as the mail of RFC 6591 that it was. Reads nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.ingest.parsedmarc.values import entry, text

BOUNDARY = "rebuilt-from-parsedmarc"
_AS_SENT = {
    "user_agent": "User-Agent", "version": "Version", "original_envelope_id": "Original-Envelope-Id",
    "original_mail_from": "Original-Mail-From", "original_rcpt_to": "Original-Rcpt-To", "arrival_date": "Arrival-Date",
    "authentication_results": "Authentication-Results", "delivery_result": "Delivery-Result", "dkim_domain": "DKIM-Domain",
    "reported_domain": "Reported-Domain", "dkim_selector": "DKIM-Selector", "spf_dns": "SPF-DNS",
    "incidents": "Incidents", "message_id": "Message-ID",
}  # fmt: skip


def rebuild(report: Mapping[str, Any]) -> bytes:
    """A multipart/report with the fields that parsedmarc kept and the sample as text in UTF-8."""
    mechanisms = _words(report.get("authentication_mechanisms"))
    fields = [
        ("Feedback-Type", "auth-failure"),
        ("Auth-Failure", ", ".join(_words(report.get("auth_failure")))),
        ("Identity-Alignment", ", ".join(mechanisms) or "none"),
        ("Source-IP", text(entry(report, "source").get("ip_address"))),
        *((name, text(report.get(key))) for key, name in _AS_SENT.items()),
    ]
    lines = "".join(f"{name}: {' '.join(value.split())}\n" for name, value in fields if value.strip())
    is_head = report.get("sample_headers_only") is True
    sample_type = "text/rfc822-headers" if is_head else "message/rfc822"
    sample = text(report.get("sample")).replace(f"--{BOUNDARY}", f"-- {BOUNDARY}")
    return (
        f'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary="{BOUNDARY}"\n\n'
        f"--{BOUNDARY}\nContent-Type: message/feedback-report\n\n{lines}\n"
        f"--{BOUNDARY}\nContent-Type: {sample_type}\nContent-Transfer-Encoding: 8bit\n\n{sample}\n--{BOUNDARY}--\n"
    ).encode("utf-8", "replace")


def _words(value: object) -> list[str]:
    return [text(each) for each in value] if isinstance(value, list) else []
