"""Builds report files and mails for tests. Valid by default; each argument spoils one thing."""

from __future__ import annotations

import gzip
import io
import zipfile
from email.message import EmailMessage

BEGIN, END = 1700000000, 1700086399
NAME = f"receiver.example!example.com!{BEGIN}!{END}.xml"


def record_xml(
    *,
    source_ip: str = "<source_ip>192.0.2.1</source_ip>",
    count: str = "<count>2</count>",
    evaluated: str = "<disposition>none</disposition><dkim>pass</dkim><spf>fail</spf>",
    identifiers: str = "<header_from>example.com</header_from><envelope_from>bounce.example</envelope_from>",
    results: str = (
        "<dkim><domain>example.com</domain><selector>s1</selector><result>pass</result></dkim>"
        "<spf><domain>bounce.example</domain><scope>mfrom</scope><result>fail</result></spf>"
    ),
    after: str = "",
) -> str:
    return (
        f"<record><row>{source_ip}{count}<policy_evaluated>{evaluated}</policy_evaluated></row>"
        f"<identifiers>{identifiers}</identifiers><auth_results>{results}</auth_results>{after}</record>\n"
    )


METADATA = (
    "<report_metadata><org_name>Receiver Example</org_name><email>noreply@receiver.example</email>"
    f"<report_id>r-1</report_id><date_range><begin>{BEGIN}</begin><end>{END}</end></date_range></report_metadata>"
)
POLICY = "<policy_published><domain>example.com</domain><p>reject</p></policy_published>"


def aggregate_xml(
    *records: str,
    declaration: str = '<?xml version="1.0" encoding="UTF-8"?>\n',
    root: str = "<feedback>",
    metadata: str = METADATA,
    policy: str = POLICY,
    close: str = "</feedback>\n",
) -> str:
    return declaration + root + metadata + policy + "".join(records or (record_xml(),)) + close


def report_mail(
    *attachments: tuple[bytes, str],
    subject: str = "",
    body: str = "Please find the report attached.",
    sender: str = "noreply@receiver.example",
) -> EmailMessage:
    """A mail with each (content, file name) attached as application/octet-stream."""
    mail = EmailMessage()
    mail["From"] = f"Receiver <{sender}>"
    mail["To"] = "reports@example.com"
    mail["Date"] = "Tue, 14 Nov 2023 22:13:20 +0000"
    mail["Message-ID"] = "<m1@receiver.example>"
    mail["Subject"] = subject or "Report Domain: example.com Submitter: receiver.example Report-ID: <r-1>"
    mail.set_content(body)
    for content, name in attachments:
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name or "x")
            info.filename, info.compress_type = name, zipfile.ZIP_DEFLATED  # an empty name is refused elsewhere
            with archive.open(info, "w") as file:
                file.write(content)
    return out.getvalue()


XML = aggregate_xml().encode()
GZ = gzip.compress(XML, mtime=0)

FEEDBACK = """Feedback-Type: auth-failure
User-Agent: Receiver/1.0
Version: 1
Auth-Failure: dmarc
Identity-Alignment: dkim, spf
Authentication-Results: mx.receiver.example; dmarc=fail
 header.from=example.com
Reported-Domain: example.com
Source-IP: 192.0.2.7
Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000
Original-Mail-From: <bounce@sender.example>
Original-Rcpt-To: <one@receiver.example>
Original-Rcpt-To: <two@receiver.example>
Original-Envelope-Id: env-1
Delivery-Result: reject
DKIM-Domain: example.com
DKIM-Selector: s1
SPF-DNS: txt : example.com : "v=spf1 -all"
Incidents: 3
"""
SAMPLE = """Received: from out.sender.example (out.sender.example [192.0.2.8]) by mx.receiver.example; Tue, 14 Nov 2023 22:13:19 +0000
From: Somebody <somebody@example.com>
To: one@receiver.example
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Message-ID: <sample-1@example.com>
Date: Tue, 14 Nov 2023 22:13:18 +0000

Hello.
"""


def part(content_type: str, body: str, *, encoding: str = "7bit") -> str:
    return f"Content-Type: {content_type}\nContent-Transfer-Encoding: {encoding}\n\n{body}\n"


def multipart(
    *parts: str, content_type: str = "multipart/report; report-type=feedback-report", boundary: str = "sep"
) -> bytes:
    """A whole mail of these parts; each is headers, a blank line and a body."""
    body = "".join(f"--{boundary}\n{each}" for each in parts)
    top = (
        "From: Reports <reports@receiver.example>\nTo: failures@example.com\nSubject: FW: hello\n"
        "Date: Tue, 14 Nov 2023 22:15:00 +0000\nMIME-Version: 1.0\n"
    )
    return f'{top}Content-Type: {content_type}; boundary="{boundary}"\n\n{body}--{boundary}--\n'.encode()


def failure_mail(
    *, feedback: str = FEEDBACK, sample: str | None = SAMPLE, sample_type: str = "message/rfc822"
) -> bytes:
    parts = [part("text/plain", "This is a DMARC failure report."), part("message/feedback-report", feedback)]
    if sample is not None:
        parts.append(part(sample_type, sample))
    return multipart(*parts)
