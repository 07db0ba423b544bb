from __future__ import annotations

import base64
import binascii
import gzip
from email.message import EmailMessage

import pytest

from reports.dto import MailFacts, Problem
from reports.ingest.extraction import extract
from reports.vocabulary import Reason, RepairCode
from tests.reports.samples import (
    FEEDBACK,
    GZ,
    NAME,
    SAMPLE,
    XML,
    failure_mail,
    multipart,
    part,
    report_mail,
    zipped,
)

MIXED = "multipart/mixed"
B64 = base64.encodebytes(GZ).decode()


def _found(data: bytes) -> list[tuple[str, bytes]]:
    return [(payload.kind, payload.data) for payload in extract(data).payloads]


def test_a_letter_without_report_is_no_report() -> None:
    extraction = extract(report_mail(subject="Lunch?", body="At noon?").as_bytes())
    assert extraction.payloads == ()
    assert extraction.problems == (Problem(Reason.NO_REPORT_FOUND),)


@pytest.mark.parametrize("kind", ["abuse", "fraud", "virus", "not-spam", "opt-out", "other"])
def test_a_complaint_is_named_and_is_no_report(kind: str) -> None:
    extraction = extract(failure_mail(feedback=f"Feedback-Type: {kind}\nUser-Agent: x\nVersion: 1\n"))
    assert extraction.payloads == ()
    assert extraction.problems == (Problem(Reason.ABUSE_COMPLAINT, (("type", kind),)),)


def test_a_bounce_of_a_report_that_was_sent_from_here_is_no_report() -> None:
    status = part("message/delivery-status", "Reporting-MTA: dns; mx.example.net\n")
    returned = part("message/rfc822", report_mail((GZ, NAME)).as_string())
    extraction = extract(multipart(status, returned, content_type="multipart/report; report-type=delivery-status"))
    assert extraction.payloads == ()
    assert extraction.problems == (Problem(Reason.BOUNCE),)


def test_an_encrypted_mail_is_named_so() -> None:
    mail = multipart(
        part("application/pgp-encrypted", "Version: 1"),
        part("application/octet-stream", "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----"),
        content_type='multipart/encrypted; protocol="application/pgp-encrypted"',
    )
    assert [problem.code for problem in extract(mail).problems] == [Reason.ENCRYPTED]


def test_an_enveloped_smime_mail_is_named_so() -> None:
    envelope = bytes.fromhex("30820100060b") + bytes.fromhex("2a864886f70d010703") + b"\0" * 50
    mail = multipart(
        part("application/pkcs7-mime", base64.encodebytes(envelope).decode(), encoding="base64"), content_type=MIXED
    )
    assert [problem.code for problem in extract(mail).problems] == [Reason.ENCRYPTED]


def test_an_opaque_signed_mail_is_read() -> None:
    inner = part("text/xml", XML.decode()).encode()
    signed = bytes.fromhex("30820100060b") + bytes.fromhex("2a864886f70d010702") + b"\0\1" + inner + b"\0\xff"
    mail = multipart(
        part("application/pkcs7-mime", base64.encodebytes(signed).decode(), encoding="base64"), content_type=MIXED
    )
    (payload,) = extract(mail).payloads
    assert payload.data.startswith(XML.rstrip())


def _tlv(tag: int, content: bytes, *, is_open: bool = False) -> bytes:
    """One BER element (X.690 section 8.1), of a length told or not."""
    if is_open:
        return bytes([tag, 0x80]) + content + b"\0\0"
    size = len(content).to_bytes(4, "big")
    return bytes([tag, 0x84]) + size + content


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("chunk", [0, 7, 100])
def test_an_opaque_signed_mail_in_chunks_is_put_together(chunk: int, *, is_open: bool) -> None:
    inner = part("text/xml", XML.decode()).encode().replace(b"Content-Type: ", b"Content-type:")
    if chunk:
        pieces = [_tlv(4, inner[at : at + chunk]) for at in range(0, len(inner), chunk)]
        octets = _tlv(0x24, b"".join(pieces), is_open=is_open)
    else:
        octets = _tlv(4, inner)
    data_id = bytes.fromhex("06092a864886f70d010701")
    content = _tlv(0x30, data_id + _tlv(0xA0, octets, is_open=is_open), is_open=is_open)
    signed = _tlv(0x30, b"\2\1\1" + _tlv(0x31, b"") + content + _tlv(0x31, _tlv(4, b"signature")), is_open=is_open)
    whole = _tlv(0x30, bytes.fromhex("06092a864886f70d010702") + _tlv(0xA0, signed, is_open=is_open), is_open=is_open)
    mail = multipart(
        part("application/pkcs7-mime", base64.encodebytes(whole).decode(), encoding="base64"), content_type=MIXED
    )
    (payload,) = extract(mail).payloads
    assert payload.data.strip() == XML.strip()
    for end in range(len(whole) - 40, 60, -97):
        extract(whole[:end])  # a structure that breaks off ends nothing but itself


def test_what_the_mail_says_of_itself_goes_with_the_report() -> None:
    mail = report_mail((GZ, NAME), subject="Grüße: Report Domain: example.com")
    extraction = extract(mail.as_bytes())
    facts = MailFacts(
        "Grüße: Report Domain: example.com",
        "noreply@receiver.example",
        "<m1@receiver.example>",
        "Tue, 14 Nov 2023 22:13:20 +0000",
    )
    assert extraction.mail == facts
    assert [(payload.filename, payload.trail, payload.mail) for payload in extraction.payloads] == [
        (NAME, ("mail", "gzip"), facts)
    ]


def test_several_reports_in_one_mail_are_all_found() -> None:
    other = XML.replace(b"r-1", b"r-2")
    mail = report_mail((GZ, "a.xml.gz"), (zipped(("b.xml", other), ("c.xml", XML)), "b.zip")).as_bytes()
    assert _found(mail) == [("aggregate", XML), ("aggregate", other), ("aggregate", XML)]


@pytest.mark.parametrize("encoding", ["7bit", "8bit", "quoted-printable", "base64"])
def test_plain_xml_in_every_transfer_encoding(encoding: str) -> None:
    xml = XML.decode().replace("Receiver Example", "Empfänger")
    mail = EmailMessage()
    mail["From"] = "a@receiver.example"
    mail.set_content("report")
    mail.add_attachment(xml, subtype="xml", cte="8bit" if encoding == "7bit" else encoding)
    assert _found(mail.as_bytes()) == [("aggregate", xml.encode())]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/zip", "application/x-gzip", "multipart/alternative", "nonsense"]
)
def test_the_declared_type_does_not_matter(content_type: str) -> None:
    mail = multipart(part(content_type, B64, encoding="base64"), content_type=MIXED)
    assert _found(mail) == [("aggregate", XML)]


def test_a_mail_that_is_the_archive() -> None:
    body = base64.encodebytes(zipped(("a.xml", XML))).decode()
    mail = f"From: a@receiver.example\nContent-Type: application/zip\nContent-Transfer-Encoding: base64\n\n{body}"
    assert _found(mail.encode()) == [("aggregate", XML)]


def _codes(mail: bytes) -> list[str]:
    (payload,) = extract(mail).payloads
    assert payload.data.strip() == XML.strip()
    return [repair.code for repair in payload.repairs]


def test_a_footer_glued_to_base64_is_left_out() -> None:
    body = B64 + "-- \nThis mail was scanned\n"
    mail = f"From: a@receiver.example\nContent-Type: application/gzip\nContent-Transfer-Encoding: base64\n\n{body}"
    assert _codes(mail.encode()) == [RepairCode.BASE64_DAMAGED]


def test_single_foreign_characters_in_base64_are_passed_over() -> None:
    body = B64[:30] + "???" + B64[30:]
    mail = f"From: a@receiver.example\nContent-Type: application/gzip\nContent-Transfer-Encoding: base64\n\n{body}"
    assert _codes(mail.encode()) == [RepairCode.BASE64_DAMAGED]


def test_base64_padded_in_the_middle_goes_on() -> None:
    body = base64.b64encode(GZ[:100]).decode() + "\n" + base64.b64encode(GZ[100:]).decode()
    mail = f"From: a@receiver.example\nContent-Type: application/gzip\nContent-Transfer-Encoding: base64\n\n{body}"
    assert "=" in body.splitlines()[0]
    assert _codes(mail.encode()) == [RepairCode.BASE64_DAMAGED]


def test_a_body_that_claims_base64_and_is_xml() -> None:
    mail = f"From: a@receiver.example\nContent-Type: text/xml\nContent-Transfer-Encoding: base64\n\n{XML.decode()}"
    assert _codes(mail.encode()) == []


def test_xml_within_the_text_of_a_mail() -> None:
    mail = f"From: a@receiver.example\nSubject: x\n\nHere it is:\n\n{XML.decode()}\nBest wishes\n"
    assert _codes(mail.encode()) == [RepairCode.IN_BODY_TEXT]


def test_base64_within_the_text_of_a_mail_whose_headers_are_misspelt() -> None:
    mail = f'From: a@receiver.example\nContentType: multipart/mixed; boundary="b"\n\n--b\nx: y\n\n{B64}\n--b--\n'
    assert _codes(mail.encode()) == [RepairCode.IN_BODY_TEXT]


def test_uuencode_within_the_text_of_a_mail() -> None:
    lines = b"".join(binascii.b2a_uu(GZ[at : at + 45]) for at in range(0, len(GZ), 45)).decode()
    mail = f"From: a@receiver.example\nSubject: x\n\nbegin 644 a.xml.gz\n{lines}`\nend\n"
    (payload,) = extract(mail.encode()).payloads
    assert (payload.data, payload.filename) == (XML, "a.xml.gz")


@pytest.mark.parametrize("encoding", ["7bit", "base64"])
def test_a_forwarded_mail_brings_its_own_facts(encoding: str) -> None:
    inner = report_mail((GZ, NAME), sender="inner@receiver.example").as_string()
    body = inner if encoding == "7bit" else base64.encodebytes(inner.encode()).decode()
    extraction = extract(
        multipart(part("text/plain", "fyi"), part("message/rfc822", body, encoding=encoding), content_type=MIXED)
    )
    (payload,) = extraction.payloads
    assert (payload.data, payload.trail, payload.mail.sender) == (
        XML,
        ("mail", "mail", "gzip"),
        "inner@receiver.example",
    )
    assert extraction.mail.sender == "reports@receiver.example"


def test_a_digest_of_reports_gives_all_of_them() -> None:
    inner = report_mail((GZ, NAME)).as_string()
    mail = multipart(f"\n{inner}\n", f"\n{inner}\n", content_type="multipart/digest")
    assert _found(mail) == [("aggregate", XML)] * 2


def test_a_signed_wrapper_is_looked_through() -> None:
    inner = (
        "Content-Type: multipart/mixed; boundary=in\n\n--in\n"
        + part("application/gzip", B64, encoding="base64")
        + "--in--\n"
    )
    mail = multipart(
        inner, part("application/pgp-signature", "-----BEGIN PGP SIGNATURE-----"), content_type="multipart/signed"
    )
    assert _found(mail) == [("aggregate", XML)]


def test_pictures_and_html_beside_a_report_are_no_problem() -> None:
    mail = report_mail((b"\x89PNG....", "logo.png"), (b"<html></html>", "a.html"), (b"<svg/>", "b.svg"), (GZ, NAME))
    extraction = extract(mail.as_bytes())
    assert len(extraction.payloads) == 1
    assert extraction.problems == ()


def test_a_broken_attachment_beside_a_report_is_a_loss() -> None:
    extraction = extract(report_mail((b"\x1f\x8b\x08garbage", "b.gz"), (GZ, NAME)).as_bytes())
    assert len(extraction.payloads) == 1
    assert extraction.problems == (Problem(Reason.DAMAGED_ARCHIVE, (("name", "b.gz"),)),)


@pytest.mark.parametrize("name", ['"a b!c.gz"', "a b.gz", '""', "*=utf-8''a%20b.gz", "=?utf-8?q?a=2Egz?="])
def test_odd_attachment_names_do_no_harm(name: str) -> None:
    field = f"filename{name}" if name.startswith("*") else f"filename={name}"
    attachment = f"Content-Disposition: attachment; {field}\n" + part("application/gzip", B64, encoding="base64")
    assert _found(multipart(attachment, content_type=MIXED)) == [("aggregate", XML)]


def test_a_failure_report_is_the_whole_mail() -> None:
    mail = failure_mail()
    assert _found(mail) == [("failure", mail)]


def test_a_report_within_the_sample_of_a_failure_report_is_not_taken_for_one() -> None:
    mail = failure_mail(sample=report_mail((GZ, NAME)).as_string())
    assert _found(mail) == [("failure", mail)]


def test_a_forwarded_failure_report_is_the_inner_mail() -> None:
    inner = failure_mail()
    mail = multipart(part("message/rfc822", inner.decode()), content_type=MIXED, boundary="outer")
    (payload,) = extract(mail).payloads
    assert payload.kind == "failure"
    assert payload.data.strip() == inner.strip()


def test_a_feedback_part_of_any_type_and_without_a_feedback_type_is_recognised_by_its_fields() -> None:
    fields = base64.encodebytes(FEEDBACK.encode()).decode()
    mail = multipart(
        part("application/octet-stream", fields, encoding="base64"), part("message/rfc822", SAMPLE), content_type=MIXED
    )
    assert _found(mail) == [("failure", mail)]
    untyped = failure_mail(feedback=FEEDBACK.replace("Feedback-Type: auth-failure\n", ""))
    assert _found(untyped) == [("failure", untyped)]


def test_a_line_before_the_headers_does_no_harm() -> None:
    mail = report_mail((gzip.compress(XML), NAME)).as_bytes()
    assert _found(b"\r\n" + mail) == [("aggregate", XML)]
    assert _found(b"From noreply@receiver.example Tue Nov 14 22:13:20 2023\n" + mail) == [("aggregate", XML)]


@pytest.mark.parametrize("indentation", [" ", "\t", " " * 8])
@pytest.mark.parametrize("before", ["", "\n", "\r\n\r\n"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_mail_whose_lines_are_all_indented_is_read_without(indentation: str, before: str, line_end: str) -> None:
    mail = failure_mail().decode()
    lines = [indentation + line if line else line for line in mail.split("\n")]
    (payload,) = extract((before + line_end.join(lines)).encode()).payloads
    assert payload.kind == "failure"
    assert payload.data == line_end.join(mail.split("\n")).encode()


def test_a_blank_before_the_first_field_alone_is_no_indentation() -> None:
    mail = b"From: a@receiver.example\nSubject: one\n two\n\n" + XML
    (payload,) = extract(b" " + mail).payloads
    assert payload.mail.subject == "one two"


def test_a_long_indentation_is_none_and_takes_no_time() -> None:
    assert extract(b" " * 3_000_000 + b"From: a@receiver.example\n\nhello\n").payloads == ()
    assert extract(b" From: a@receiver.example\n\n" + b" \n" * 1_000_000 + b"x").payloads == ()
