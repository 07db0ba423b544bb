"""Every shape of containers and senders that reports are known to come in, each once, whatever other tests look at closely.

| shape | where it was seen |
|---|---|
| gzip typed application/zip; zip typed application/gzip; octet-stream, x-gzip, x-zip, x-zip-compressed | GMX, Mimecast, SES, Route 53 |
| multipart/alternative, text/plain attachment, XML in the body, single-part zip | Mail::DMARC, Google |
| message/rfc822 at depth, multipart/signed, several reports in one mail or zip | forwarders, lists |
| directory or __MACOSX first, no member name, gzip in gzip, zip in zip | hand-made archives |
| no trailer, wrong CRC, bytes after the member, footer glued to base64, `ContentType:`, uuencode | relays, Trustwave, lists |
| RFC 2231 names, unquoted names with spaces or "!", empty names | many |
| `unused`, bombs, nothing, an error page | Yahoo; attackers; portals: tests/reports/test_extraction_containers.py and _limits.py |
"""

from __future__ import annotations

import base64
import binascii
import gzip

import pytest

from reports.ingest.outcome import Reading
from reports.ingest.read import read
from tests.reports.samples import FEEDBACK, GZ, NAME, SAMPLE, XML, failure_mail, multipart, part, zipped

ZIP = zipped((NAME, XML))
MIXED = "multipart/mixed"


def _b64(data: bytes) -> str:
    return base64.encodebytes(data).decode()


def _single(content_type: str, body: str, *, encoding: str = "base64", field: str = "Content-Type") -> bytes:
    return (
        f"From: reports@receiver.example\nSubject: Report Domain: example.com\nMIME-Version: 1.0\n{field}: {content_type}\n"
        f"Content-Transfer-Encoding: {encoding}\n\n{body}\n"
    ).encode()


def _attached(content_type: str, data: bytes) -> bytes:
    return multipart(part("text/plain", "hello"), part(content_type, _b64(data), encoding="base64"), content_type=MIXED)


def _uuencoded(data: bytes) -> str:
    lines = b"".join(binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45))
    return f"begin 644 {NAME}.gz\n{lines.decode()}`\nend\n"


PLAIN = multipart(part("text/xml", XML.decode()), content_type=MIXED)
CONTAINERS = {
    "gzip typed zip": _attached("application/zip", GZ),
    "zip typed gzip": _attached("application/gzip", ZIP),
    **{
        f"{kind} of {name}": _attached(f"application/{kind}", data)
        for kind in ("octet-stream", "x-gzip", "x-zip", "x-zip-compressed", "gzip", "zip", "x-unknown")
        for name, data in (("gzip", GZ), ("zip", ZIP))
    },
    "multipart/alternative": multipart(
        part("text/plain", "hello"),
        part("application/gzip", _b64(GZ), encoding="base64"),
        content_type="multipart/alternative",
    ),
    "XML as text/plain": multipart(part(f'text/plain; name="{NAME}"', XML.decode()), content_type=MIXED),
    "XML as application/xml in 8bit": multipart(
        part("application/xml", XML.decode(), encoding="8bit"), content_type=MIXED
    ),
    "XML in the body": _single("text/plain", XML.decode(), encoding="7bit"),
    "a mail that is the zip": _single(f'application/zip; name="{NAME}.zip"', _b64(ZIP)),
    "a mail that is the gzip": _single("application/gzip", _b64(GZ)),
    "message/rfc822": multipart(part("message/rfc822", _attached("application/gzip", GZ).decode()), content_type=MIXED),
    "message/rfc822 within another": multipart(
        part("message/rfc822", multipart(part("message/rfc822", PLAIN.decode()), content_type=MIXED, boundary="a").decode()),
        content_type=MIXED,
        boundary="b",
    ),
    "multipart/signed": multipart(
        part("application/gzip", _b64(GZ), encoding="base64"),
        part("application/pkcs7-signature", _b64(b"0" * 90), encoding="base64"),
        content_type="multipart/signed; micalg=sha-256",
    ),
    "multipart/report without report-type": multipart(
        part("text/plain", "hello"),
        part("application/gzip", _b64(GZ), encoding="base64"),
        content_type="multipart/report",
    ),
    "a directory first": _attached("application/zip", zipped(("reports/", b""), ("reports/a.xml", XML))),
    "__MACOSX first": _attached("application/zip", zipped(("__MACOSX/._a.xml", b"\0\5\x16\7Mac"), ("a.xml", XML))),
    "no member name": _attached("application/zip", zipped(("", XML))),
    "gzip in gzip": _attached("application/gzip", gzip.compress(GZ)),
    "zip in zip": _attached("application/zip", zipped(("a.zip", ZIP))),
    "no trailer": _attached("application/gzip", GZ[:-8]),
    "half a trailer": _attached("application/gzip", GZ[:-4]),
    "wrong CRC": _attached("application/gzip", GZ[:-8] + b"\1\2\3\4" + GZ[-4:]),
    "bytes after the member": _attached("application/gzip", GZ + b"\r\n-- \r\nmoo"),
    "footer glued to base64": multipart(
        part("application/gzip", _b64(GZ) + "_____________\nlist mailing list\nlist@example.net\n", encoding="base64"),
        content_type=MIXED,
    ),
    "ContentType": _single("application/gzip", _b64(GZ), field="ContentType"),
    "ContentType in a part": multipart(
        f"ContentType: application/gzip\nContent-Transfer-Encoding: base64\n\n{_b64(GZ)}\n", content_type=MIXED
    ),
    "uuencode": _single("text/plain", "hello\n\n" + _uuencoded(GZ), encoding="7bit"),
    "x-uuencode": _single("application/gzip", _uuencoded(GZ), encoding="x-uuencode"),
    **{
        f"named {name}": multipart(
            f"Content-Type: application/gzip{name}\nContent-Disposition: attachment{name.replace('name', 'filename')}\n"
            f"Content-Transfer-Encoding: base64\n\n{_b64(GZ)}\n",
            content_type=MIXED,
        )
        for name in (
            "; name*0=receiver.example!exam; name*1=ple.com!1700000000!1700086399.xml.gz",
            "; name*=utf-8''a%21b.xml.gz",
            "; name=receiver.example!example.com!1700000000!1700086399.xml.gz",
            "; name=a report of mine.xml.gz",
            '; name=""',
            "; name=",
            ';\n\tname="a\n b.xml.gz"',
        )
    },
}  # fmt: skip


def _times(reading: Reading) -> list[str]:
    return [type(report.content).__name__ for report in reading.reports]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("shape", CONTAINERS)
def test_a_report_is_read_out_of_every_shape(shape: str, line_end: str) -> None:
    reading = read(CONTAINERS[shape].replace(b"\n", line_end.encode()))
    assert _times(reading) == ["AggregateReport"]
    assert reading.problems == ()


EXIM = (
    "A message claiming to be from you has failed the published DMARC\npolicy for your domain.\n\n"
    "  Sender Domain: example.com\n  Sender IP Address: 192.0.2.7\n  Received Date: Tue, 14 Nov 2023 22:13:20 +0000\n"
    "  SPF Alignment: no\n  DKIM Alignment: no\n  DMARC Results: None, Accept\n\n"
    "------ This is a copy of the headers that were received before the error\n       was detected.\n\n" + SAMPLE
)


def _fields(*changes: tuple[str, str]) -> str:
    text = FEEDBACK
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


FAILURES = {
    "Momentum": failure_mail(feedback=_fields(
        ("Version: 1", "Version: 1.0"), ("Receiver/1.0", "Lua/1.0"), ("<bounce@sender.example>", ""),
        ("mx.receiver.example; dmarc=fail", "dmarc=fail"), ("reject\n", "smg-policy-action\nMessage-ID: <a@example.com>\n"),
    )),
    "Netease": multipart(
        part("text/plain", "hello"),
        part("message/feedback-report; name=ATT00001", _b64(_fields(
            ("Auth-Failure: dmarc\n", ""), ("DKIM-Domain: example.com", "DKIM-Domain: example.com; example.net"),
            ("dkim, spf", "spf,dkim"),
        ).encode()), encoding="base64"),
        part("text/rfc822-headers", SAMPLE),
        content_type=MIXED,
    ),
    "OpenDMARC": failure_mail(feedback=_fields(
        ("Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000\n", ""), ("Identity-Alignment: dkim, spf\n", ""),
        ("192.0.2.7", "192.0.2.7 (out.example.com)"),
    ), sample=SAMPLE.partition("\n\n")[0] + "\n", sample_type="text/rfc822-headers"),
    "parts reversed": multipart(part("message/rfc822", SAMPLE), part("message/feedback-report", FEEDBACK)),
    "no sample": failure_mail(sample=None),
    "folded source": failure_mail(feedback=_fields(("Source-IP: 192", "Source-IP:\n\t192"))),
    "zone by name": failure_mail(feedback=_fields(("22:13:20 +0000", "18:13:20 EDT"))),
    **{kind: failure_mail(sample_type=kind) for kind in (
        "message/global", "message/global-headers", "text/rfc822-headers", "text/rfc822", "message/rfc822; charset=x",
    )},
    "multipart/report without report-type": multipart(
        part("message/feedback-report", FEEDBACK), part("message/rfc822", SAMPLE), content_type="multipart/report"
    ),
    "multipart/mixed": multipart(
        part("message/feedback-report", FEEDBACK), part("message/rfc822", SAMPLE), content_type=MIXED
    ),
    "Exim": _single("text/plain", EXIM, encoding="7bit"),
    "Exim in base64": _single("text/plain", _b64(EXIM.encode())),
    "Exim in a report without type": multipart(part("text/plain", EXIM), content_type="multipart/report"),
    "Exim quoted": _single("text/plain", "> " + EXIM.replace("\n", "\n> "), encoding="7bit"),
    "Exim re-wrapped": _single("text/plain", EXIM.replace("that were received before", "that were\nreceived before"), encoding="7bit"),
}  # fmt: skip


@pytest.mark.parametrize("shape", FAILURES)
def test_a_failure_report_of_every_sender_is_read(shape: str) -> None:
    reading = read(FAILURES[shape])
    assert _times(reading) == ["FailureReport"]
    content = reading.reports[0].content
    assert content.reported_domain == "example.com"
    assert str(content.source_ip) == "192.0.2.7"
    assert content.arrived in (1700000000, 1700000100)  # OpenDMARC leaves it to the date of the mail
