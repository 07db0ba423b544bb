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
import html
import quopri

import pytest

from reports.dto import AggregateReport
from reports.ingest.outcome import Reading
from reports.ingest.read import read
from tests.reports.samples import (
    FEEDBACK,
    GZ,
    NAME,
    SAMPLE,
    XML,
    aggregate_xml,
    failure_mail,
    multipart,
    part,
    record_xml,
    zipped,
)

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


def _cut(text: str, length: int) -> list[str]:
    return [text[at : at + length] for at in range(0, len(text), length)]


LONG = aggregate_xml(*[record_xml()] * 9).replace("\n", "")
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


TEXT = XML.decode()
ESCAPED = html.escape(TEXT, quote=False)
QUOTED = quopri.encodestring(XML).decode()
LINES = _b64(GZ).splitlines()
WRAPPED = {
    "escaped in a text": (_single("text/plain", ESCAPED, encoding="7bit"), ["escaped_xml"]),
    "escaped in a page": (_single("text/html", f"<html><body><pre>{ESCAPED}</pre></body></html>", encoding="7bit"), ["escaped_xml"]),
    "escaped in a coloured page": (
        _single("text/html", "<html><p>" + ESCAPED.replace("&lt;", "<b>&lt;").replace("&gt;", "&gt;</b><br>") + "</html>", encoding="7bit"),
        ["escaped_xml"],
    ),
    "escaped twice": (html.escape(ESCAPED).encode(), ["escaped_xml"]),
    "escaped in another element": (f'<?xml version="1.0"?><string xmlns="urn:x">{ESCAPED}</string>'.encode(), ["escaped_xml"]),
    "in CDATA": (f'<?xml version="1.0"?><data><![CDATA[{TEXT}]]></data>'.encode(), ["text_before_xml", "xml_recovered"]),
    "in an envelope": (f"<e:Envelope xmlns:e='urn:e'>{TEXT}</e:Envelope>".encode(), ["text_before_xml"]),
    "in a page": (_single("text/html", f"<html><body>{TEXT}</body></html>", encoding="7bit"), ["in_body_text"]),
    "quoted in an answer": (_single("text/plain", "> " + TEXT.replace("\n", "\n> "), encoding="7bit"), ["in_body_text"]),
    "base64 twice": (_single("application/gzip", _b64(base64.encodebytes(GZ))), ["in_body_text"]),
    "base64 without a word about it": (_single("application/gzip", _b64(GZ), encoding="7bit"), ["in_body_text"]),
    "base64 of XML after a blank line": (base64.encodebytes(b"\n" + XML), ["transfer_encoded"]),
    "base64 in the alphabet of addresses": (
        _single("application/gzip", base64.urlsafe_b64encode(GZ).decode()), ["base64_damaged"],
    ),
    "base64 quoted in an answer": (_single("application/gzip", "> " + "\n> ".join(LINES)), ["base64_damaged"]),
    "base64 after a letter": (_single("application/gzip", "Here it is:\n\n" + _b64(GZ)), ["base64_damaged"]),
    "base64 after a mark": (_single("application/gzip", "\ufeff" + _b64(GZ)), ["base64_damaged"]),
    "quoted-printable without a word about it": (_single("text/xml", QUOTED, encoding="7bit"), ["transfer_encoded"]),
    "quoted-printable in a text": (_single("text/plain", "hello\n\n" + QUOTED, encoding="7bit"), ["in_body_text", "transfer_encoded"]),
    "quoted-printable twice": (
        _single("text/xml", quopri.encodestring(QUOTED.encode()).decode(), encoding="quoted-printable"), ["transfer_encoded"],
    ),
    "quoted-printable with blanks after its breaks": (
        _single("text/xml", QUOTED.replace("=\n", "= \t\n"), encoding="quoted-printable"), [],
    ),
    "a zip that unpacks itself": (b"MZ" + b"\0" * 300 + ZIP, ["text_before_archive"]),
    "a gzip after a line end": (b"\r\n" + GZ, ["text_before_archive"]),
    "a gzip after its fields": (b"Content-Encoding: gzip\r\n\r\n" + GZ, ["text_before_archive"]),
    "UTF-32": (TEXT.encode("utf-32"), ["byte_order_mark"]),
    "two marks": (b"\xef\xbb\xbf" * 2 + XML, ["byte_order_mark", "text_before_xml"]),
    "a mail in UTF-16": (PLAIN.decode().encode("utf-16"), []),
    "one line cut by a server": (
        _single("text/xml", "!\n ".join(_cut(LONG, 989)), encoding="8bit"), ["lines_joined"],
    ),
    "one line cut in half": (_single("text/xml", "\n".join(_cut(LONG, 998)), encoding="8bit"), ["lines_joined"]),
    "everything cut into short lines": (_single("text/xml", "\n".join(_cut(LONG, 76)), encoding="8bit"), ["lines_joined"]),
    "Shift_JIS": (TEXT.replace("UTF-8", "Shift_JIS").replace("Receiver Example", "受信").encode("shift_jis"), ["encoding_converted"]),
}  # fmt: skip


@pytest.mark.parametrize("wrapping", WRAPPED)
def test_a_report_is_read_out_of_every_wrapping_and_what_was_done_is_said(wrapping: str) -> None:
    data, repairs = WRAPPED[wrapping]
    reading = read(data)
    assert _times(reading) == ["AggregateReport"]
    assert reading.problems == ()
    content = reading.reports[0].content
    assert isinstance(content, AggregateReport)
    assert [(row.count, row.header_from) for row in content.rows][:1] == [(2, "example.com")]
    assert (len(content.rejected), content.head.policy.domain) == (0, "example.com")
    assert list(dict.fromkeys(repair.code for repair in content.repairs)) == repairs


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"7z\xbc\xaf\x27\x1c" + b"\0" * 90, "unsupported_archive"),
        (b"<html><feedback>How did you like our page?</feedback></html>", "html_page"),
        (b"<html><p>&lt;feedback&gt; is an element</p></html>", "html_page"),
        (b"<rss><feedback>good</feedback></rss>", "other_xml"),
        (base64.encodebytes(b"a letter of some length, which says nothing of any report " * 3), "no_report_found"),
    ],
)
def test_what_only_looks_like_a_wrapped_report_is_none(data: bytes, reason: str) -> None:
    reading = read(data)
    assert reading.reports == ()
    assert [problem.code for problem in reading.problems] == [reason]


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
    "Exim as a page": _single("text/html", f"<html><p>{html.escape(EXIM)}</p></html>".replace("\n", "<br>\n"), encoding="7bit"),
    "Exim with its sample attached": multipart(
        part("text/plain", EXIM.partition("------")[0]), part("message/rfc822", SAMPLE), content_type="multipart/report"
    ),
    "fields in a letter": _single("text/plain", f"hello\n\n{FEEDBACK}\n{SAMPLE}", encoding="7bit"),
    "fields quoted in an answer": _single(
        "text/plain", "hello\n> " + f"report\n\n{FEEDBACK}\n{SAMPLE}".replace("\n", "\n> "), encoding="7bit"
    ),
    "a source with its port": failure_mail(feedback=_fields(("192.0.2.7", "192.0.2.7:4711"))),
    "a source with its port in brackets": failure_mail(feedback=_fields(("192.0.2.7", "[192.0.2.7]:25"))),
    "a source after its name": failure_mail(feedback=_fields(("192.0.2.7", "out.example.com [192.0.2.7]"))),
    "fields without a blank": failure_mail(feedback=FEEDBACK.replace(": ", ":")),
    "base64 everywhere": multipart(
        part("text/plain", _b64(b"hello"), encoding="base64"),
        part("message/feedback-report", _b64(FEEDBACK.encode()), encoding="base64"),
        part("message/rfc822", _b64(SAMPLE.encode()), encoding="base64"),
    ),
    "in a digest": multipart("\n" + failure_mail().decode(), content_type="multipart/digest", boundary="outer"),
    "in a zip": zipped(("a.eml", failure_mail())),
    "without the last boundary": failure_mail().replace(b"--sep--", b""),
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
    assert content.header_from == "example.com"
