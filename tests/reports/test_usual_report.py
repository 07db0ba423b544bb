"""The short way to the report of a usual mail finds what the whole walk finds, or leaves the mail to it."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.dto import Extraction
from reports.ingest.extraction import Limits
from reports.ingest.extraction.usual import usual_report
from reports.ingest.extraction.walk import DEFAULT_LIMITS, _Walk, extract
from tests.reports.samples import XML, report_mail, zipped

NAME = "receiver.example!example.com!1!2"
MAILS = [
    report_mail((zipped(("report.xml", XML)), f"{NAME}.zip")).as_bytes(),
    report_mail((gzip.compress(XML, mtime=0), f"{NAME}.xml.gz")).as_bytes(),
]


def walked(data: bytes) -> Extraction:
    return _Walk(DEFAULT_LIMITS, size=len(data)).extraction(data, filename="")


@pytest.mark.parametrize("mail", [*MAILS, *(mail.replace(b"\n", b"\r\n") for mail in MAILS)])
def test_a_letter_beside_a_packed_report_is_usual(mail: bytes) -> None:
    found = usual_report(mail, limits=DEFAULT_LIMITS)
    assert found == walked(mail)
    assert found is not None
    assert len(found.payloads) == 1


@pytest.mark.parametrize(
    "mail",
    [
        report_mail((zipped(("a.xml", XML), ("b.xml", XML)), "r.zip")).as_bytes(),
        report_mail((gzip.compress(XML + XML, mtime=0), "r.xml.gz")).as_bytes(),
        report_mail((gzip.compress(b"{}", mtime=0), "r.json.gz")).as_bytes(),
        report_mail((gzip.compress(gzip.compress(XML), mtime=0), "r.xml.gz.gz")).as_bytes(),
        report_mail((gzip.compress(XML, mtime=0)[:-9], "r.xml.gz")).as_bytes(),
        report_mail((gzip.compress(b"x" * (2 << 20), mtime=0), "r.xml.gz")).as_bytes(),
        report_mail((zipped(("report.xml", zlib.compress(XML))), "r.zip")).as_bytes(),
        report_mail((XML, "r.xml")).as_bytes(),
        report_mail((gzip.compress(XML, mtime=0), "a.gz"), (gzip.compress(XML, mtime=0), "b.gz")).as_bytes(),
        XML,
        gzip.compress(XML),
        b"",
    ],
)
def test_everything_else_is_left_to_the_walk(mail: bytes) -> None:
    assert usual_report(mail, limits=DEFAULT_LIMITS) is None


@pytest.mark.parametrize(
    "text", [b"<feedback>", b"begin 644 r.xml\n", b"-----BEGIN PGP MESSAGE-----", b"Sender Domain: x"]
)
def test_a_letter_that_may_hold_something_is_looked_into(text: bytes) -> None:
    head, _, rest = MAILS[1].partition(b"\n\n")
    boundary = rest.partition(b"\n")[0]
    letter = boundary + b"\nContent-Type: text/plain\n\n" + text + b"\n" + b"x" * 40 + b"\n"
    assert usual_report(head + b"\n\n" + letter + rest, limits=DEFAULT_LIMITS) is None


def test_other_limits_hold_on_every_way() -> None:
    limits = Limits(bytes_out=100)
    assert [problem.code for problem in extract(MAILS[0], limits=limits).problems] == ["too_large"]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.data())
def test_a_usual_mail_with_a_few_bytes_changed_comes_out_the_same_both_ways(data: st.DataObject) -> None:
    mail = bytearray(data.draw(st.sampled_from(MAILS)))
    for _ in range(data.draw(st.integers(1, 4))):
        mail[data.draw(st.integers(0, len(mail) - 1))] = data.draw(st.sampled_from(b'\n\r\t -=;:"<b\0\xff/A'))
    changed = bytes(mail)
    assert usual_report(changed, limits=DEFAULT_LIMITS) in (None, walked(changed))
