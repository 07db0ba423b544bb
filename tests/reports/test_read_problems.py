from __future__ import annotations

import time

from reports.ingest.read import read
from reports.vocabulary import Reason
from tests.reports.samples import XML, report_mail, zipped

BROKEN = XML.replace(b"<begin>1700000000</begin><end>1700086399</end>", b"")


def test_a_report_that_cannot_be_read_is_named_by_the_file_within_the_archive() -> None:
    mail = report_mail((zipped(("good.xml", XML), ("bad.xml", BROKEN)), "reports.zip")).as_bytes()
    reading = read(mail)
    assert len(reading.reports) == 1
    (problem,) = reading.problems
    assert (problem.code, dict(problem.params)["name"]) == (Reason.NO_PERIOD, "bad.xml")


def test_the_worst_mails_of_the_allowed_size_are_read_within_seconds() -> None:
    """Reading has no clock: what it does is bounded by bytes, parts, members and depth, and all of it is linear."""
    size = 8 << 20
    record = XML[XML.index(b"<record>") : XML.index(b"</record>") + len(b"</record>")]
    mails = {
        "angle brackets": b"<" * size,
        "a report of ampersands": XML[:300] + b"&" * size,
        "opened elements": b"<feedback>" + b"<a>" * (size // 3),
        "records never closed": XML[: XML.index(b"<record>")] + b"<record>" * (size // 8),
        "cut names": XML[: XML.index(b"<record>")]
        + (record.replace(b"</count>", b"/count>")) * (size // len(record) // 8),
        "boundaries": b'Content-Type: multipart/mixed; boundary="b"\n\n' + b"--b\n\n" * (size // 5),
        "begins of uuencode": b"From: a@example.com\n\n" + b"begin 644 a\n" * (size // 12),
        "lines of base64": b"From: a@example.com\n\n" + b"UEsDBA==\n" * (size // 9),
        "local headers": b"PK\x03\x04" * (size // 4),
        "header fields": b"From: a@example.com\n" * (size // 20),
        "documents": b"<?xml version='1.0'?><feedback>" * (size // 32),
    }
    slow = {}
    for name, mail in mails.items():
        started = time.process_time()
        read(mail)
        slow[name] = round(time.process_time() - started, 1)
    assert max(slow.values()) < 20, slow  # what is quadratic takes minutes
