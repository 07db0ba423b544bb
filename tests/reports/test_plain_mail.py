"""The fast way through a plain mail finds what the whole parser finds, to the byte, or leaves the mail to it."""

from __future__ import annotations

from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.ingest.extraction.leaves import from_first_field
from reports.ingest.extraction.mime import take_whole
from reports.ingest.extraction.plain_mail import split_plain
from tests.reports.samples import XML, report_mail, zipped

MAIL = report_mail((zipped(("report.xml", XML)), "receiver.example!example.com!1!2.zip")).as_bytes()
HEAD = b"From: a@receiver.example\nSubject: Report Domain: example.com\nMIME-Version: 1.0\n"
MIXED = HEAD + b'Content-Type: multipart/mixed; boundary="b"\n\n'
LEAF = b"--b\nContent-Type: text/xml; name=r.xml\n\n<feedback/>\n"


def test_a_report_mail_is_plain() -> None:
    assert split_plain(MAIL) == take_whole(MAIL)


def test_a_mail_with_network_line_ends_is_plain() -> None:
    mail = MAIL.replace(b"\n", b"\r\n")
    assert split_plain(mail) == take_whole(mail)


@pytest.mark.parametrize(
    "mail",
    [
        MIXED + LEAF,  # without a closing boundary
        MIXED + LEAF + b"--b-",
        MIXED + LEAF + b"--bb\n\n--b--\n",  # another boundary that begins like this one
        MIXED + b"text\n",
        MIXED + b"--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--\n--b--\n",
        MIXED + b"--b\nContent-Type: message/rfc822\n\nSubject: x\n\n--b--\n",
        MIXED + b"--b\nno header and no blank line\n--b--\n",
        MIXED + b"--b\nContent-Type: text/xml; name*=utf-8''r.xml\n\nx\n--b--\n",
        MIXED + b'--b\nContent-Type: text/xml; name="a\\"b"\n\nx\n--b--\n',
        MIXED + b"--b\nContent-Type: text/xml; name=a b.xml\n\nx\n--b--\n",
        MIXED + b"--b\nContent-Type: text\n\nx\n--b--\n",
        MIXED + b"--b\nContent-Type:\n\nx\n--b--\n",
        MIXED.replace(b'"b"', b"") + LEAF + b"--b--\n",
        MIXED.replace(b"1.0\n", b"1.0\nContent-Transfer-Encoding: base64\n") + LEAF + b"--b--\n",
        MIXED.replace(b"mixed", b"report") + LEAF + b"--b--\n",
        MIXED.replace(b"mixed", b"digest") + b"--b\n\nSubject: x\n\ny\n--b--\n",
        MIXED.replace(b"Subject: ", b"Subject: =?utf-8?q?x?= ") + LEAF + b"--b--\n",
        MIXED.replace(b"Subject: ", "Subject: Grüße ".encode()) + LEAF + b"--b--\n",
        MIXED.replace(b"Subject: ", b"Subject: \0") + LEAF + b"--b--\n",
        MIXED.replace(b"Subject: ", b"Subject: " + b"x" * 4100) + LEAF + b"--b--\n",
        MIXED + b'--b\nContent-Type: text/xml; name="=?utf-8?q?r.xml?="\n\nx\n--b--\n',
        MIXED.replace(b"Subject: ", b"no field\nSubject: ") + LEAF + b"--b--\n",
        MIXED.replace(b"Subject: ", b"Subject: \r") + LEAF + b"--b--\n",
        b"TLS-Report-Domain: example.com\n" + MIXED + LEAF + b"--b--\n",
        b"From nobody Tue Nov 14 22:13:20 2023\n" + MIXED + LEAF + b"--b--\n",
        HEAD,
        b"",
        b"\n",
    ],
)
def test_what_is_unusual_is_left_to_the_whole_parser(mail: bytes) -> None:
    assert split_plain(mail) in (None, take_whole(mail))


@pytest.mark.parametrize(
    "mail",
    [
        MIXED + LEAF + b"--b--\n",
        MIXED + LEAF + b"--b--",
        MIXED + LEAF + b"--b-- \t\n",
        MIXED + b"before\n" + LEAF + LEAF + b"--b--\nafter\n--b\nno part\n",
        MIXED + b"--b \n\nno fields\n--b--\n",
        MIXED + b"--b\n\n--b--\n",
        MIXED + b"--b\n\n\n--b--\n",
        MIXED + b"--b\nContent-Type: TEXT/XML; charset=utf-8;\n name=r.xml\n\n x \n\n--b--\n",
        MIXED + b'--b\nContent-Disposition: attachment; filename="a!b!1!2.xml"\n\nx\n--b--\n',
        MIXED + b"--b\nContent-Disposition: attachment\nContent-Type: text/xml; name=n.xml\n\nx\n--b--\n",
        MIXED + b'--b\nContent-Disposition: attachment; filename=""\nContent-Type: text/xml; name=n\n\nx\n--b--\n',
        MIXED + b"--b\nContent-Transfer-Encoding: base64\n\nPGZl\nZWQ=\n--b--\n",
        MIXED + b"--b\nContent-Transfer-Encoding: base64\n\nPGZl!!\nZWQ=\n-- \nfooter\n--b--\n",
        MIXED + b"--b\nContent-Transfer-Encoding: quoted-printable\n\n=3Cfeed=\nback/>\n--b--\n",
        MIXED + b"--b\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n--b--\n",
        MIXED + "--b\n\nGrüße\n--b--\n".encode("latin-1"),
        MIXED.replace(b'boundary="b"', b"charset=x; Boundary=b") + LEAF + b"--b--\n",
        MIXED.replace(b'"b"', b'"b"; boundary="c"') + LEAF + b"--b--\n",
        MIXED.replace(b"mixed", b"alternative") + LEAF + b"--b--\n",
        MIXED.replace(b"a@receiver.example", b'"A (x), B" <a@receiver.example>, b@receiver.example')
        + LEAF
        + b"--b--\n",
        MIXED.replace(b"From: ", b"FROM:") + LEAF + b"--b--\n",
        MIXED.replace(b"Subject: Report", b"Subject: Report\n\tof\n  many") + LEAF + b"--b--\n",
        MIXED.replace(b"Subject: ", b"To: =?utf-8?q?x?= <b@example.com>\nSubject: ") + LEAF + b"--b--\n",
        b"Received: from a by b; Tue, 14 Nov 2023 22:13:20 +0000\n" * 200 + MIXED + LEAF + b"--b--\n",
        HEAD + b"Subject: second\n\nbody\n",
        HEAD + b"Content-Type: application/zip; name=r.zip\nContent-Transfer-Encoding: base64\n\nUEsDBA==\n",
        HEAD + b"\n",
    ],
)
def test_plain_mails_come_out_as_the_whole_parser_has_them(mail: bytes) -> None:
    whole = take_whole(mail)
    assert split_plain(mail) == whole
    returned = mail.replace(b"\n", b"\r\n")
    assert split_plain(returned) == take_whole(returned)


TOKENS = st.sampled_from(
    [b"--b", b"--b--", b"--bb", b"--", b"\n", b"\n\n", b"\r\n", b"\r", b" ", b"\t", b"b", b"Content-Type: ", b"text/xml",
     b"multipart/mixed; boundary=b", b"; name=", b'"', b"r.xml", b"Content-Transfer-Encoding: base64", b"PGZl", b"=",
     b"Content-Disposition: attachment; filename=", b":", b"x", b"\xff", b"=?utf-8?q?x?=", b"Subject: ", b"From: ", b"<",
     b">", b"a@receiver.example", b"(", b"\\", b"*", b"'", b"message/rfc822", b"\n ", b"\0", b"Date: "]
)  # fmt: skip


@settings(max_examples=1500, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TOKENS, max_size=40).map(b"".join))
def test_whatever_is_put_together_both_ways_agree(text: bytes) -> None:
    for mail in (text, MIXED + text, MIXED + LEAF + text + b"\n--b--\n", HEAD + text):
        begun = from_first_field(mail)
        assert split_plain(begun) in (None, take_whole(begun))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.data())
def test_a_plain_mail_with_a_few_bytes_changed_comes_out_the_same_both_ways(data: st.DataObject) -> None:
    mail = bytearray(MAIL)
    for _ in range(data.draw(st.integers(1, 4))):
        mail[data.draw(st.integers(0, len(mail) - 1))] = data.draw(st.sampled_from(b'\n\r\t -=;:"<b\0\xff/'))
    changed = from_first_field(bytes(mail))
    assert split_plain(changed) in (None, take_whole(changed))


def test_a_mebibyte_of_boundaries_is_taken_apart_in_one_pass() -> None:
    mail = MIXED + b"--b\n\n" * 200_000 + b"--b--\n"
    plain = split_plain(mail)
    assert plain is not None
    assert len(plain.leaves) == 200_000
    assert split_plain(MIXED + b"--b--b\n" * 150_000) is None
    assert split_plain(MIXED.replace(b'"b"', b'"b"' + b"; name=x" * 100_000)) is None
    assert split_plain(b"x" * 1_000_000 + b"\n\nhello\n") is None  # took an hour once: tried from each byte of the line


def test_mails_of_the_standard_library_s_own_making_are_plain() -> None:
    mail = MIMEMultipart()
    mail["From"] = "Receiver <a@receiver.example>"
    mail["Subject"] = "Report Domain: example.com"
    mail.attach(MIMEText("hello"))
    mail.attach(MIMEText("<feedback/>", "xml"))
    assert split_plain(mail.as_bytes()) == take_whole(mail.as_bytes())
