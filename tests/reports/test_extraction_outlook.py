"""Reports in what Outlook makes of mails, and what is done with files that only begin like that."""

from __future__ import annotations

import pytest

from reports.ingest.extraction import Limits, extract
from reports.vocabulary import Reason
from tests.reports.outlook import Storage, attachment, message, saved, winmail
from tests.reports.samples import GZ, NAME, XML, aggregate_xml, record_xml, report_mail, zipped

ZIP = zipped((NAME, XML))
LARGE = aggregate_xml(*[record_xml()] * 40).encode()


def _found(data: bytes) -> list[tuple[str, bytes]]:
    extraction = extract(data)
    assert extraction.problems == ()
    return [(payload.filename, payload.data) for payload in extraction.payloads]


def test_reports_attached_to_a_winmail_dat_are_found() -> None:
    assert _found(winmail((NAME, GZ))) == [(NAME, XML)]
    assert _found(winmail(("a.zip", ZIP), ("logo.png", b"\x89PNG\r\n"), ("b.xml", XML))) == [
        (NAME, XML),
        ("b.xml", XML),
    ]
    assert _found(report_mail((winmail((NAME, GZ)), "winmail.dat")).as_bytes()) == [(NAME, XML)]


def test_reports_attached_to_a_saved_message_are_found() -> None:
    assert _found(saved(message(attachment(NAME, GZ)))) == [(NAME, XML)]
    assert _found(saved(message(attachment("a.zip", ZIP), attachment("b.xml", LARGE)))) == [
        (NAME, XML),
        ("b.xml", LARGE),
    ]
    assert _found(report_mail((saved(message(attachment(NAME, GZ))), "report.msg")).as_bytes()) == [(NAME, XML)]


def test_a_report_in_a_message_attached_to_a_saved_message_and_one_in_its_text_are_found() -> None:
    inner = Storage({}, {"__substg1.0_3701000D": message(attachment(NAME, GZ))})
    assert _found(saved(message(inner))) == [(NAME, XML)]
    assert _found(saved(message(body=f"Here it is:\n{XML.decode()}"))) == [("", XML.rstrip())]


def test_a_saved_message_without_report_is_none() -> None:
    assert [problem.code for problem in extract(saved(message())).problems] == [Reason.NO_REPORT_FOUND]
    assert [problem.code for problem in extract(winmail()).problems] == [Reason.NO_REPORT_FOUND]


def test_however_such_files_are_cut_or_spoilt_they_end_nothing_but_themselves() -> None:
    for whole in (winmail((NAME, GZ)), saved(message(attachment(NAME, GZ), attachment("b.xml", LARGE)))):
        for end in range(0, len(whole), 61):
            extract(whole[:end])
            extract(whole[:end] + b"\xff" * 4 + whole[end + 4 :])
            extract(whole[:end] + b"\0" * 4 + whole[end + 4 :])


@pytest.mark.parametrize(
    "start", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 9000]
)
def test_a_damaged_one_is_named_as_damaged(start: bytes) -> None:
    assert [problem.code for problem in extract(start).problems] == [Reason.DAMAGED_ARCHIVE]


def test_their_attachments_count_like_members_of_archives() -> None:
    for data in (winmail(("a", XML), ("b", XML)), saved(message(attachment("a", XML), body=""))):
        assert [problem.code for problem in extract(data, limits=Limits(members=1)).problems] == [
            Reason.TOO_MANY_MEMBERS
        ]
        assert [problem.code for problem in extract(data, limits=Limits(bytes_out=len(XML) - 1)).problems][:1] == [
            Reason.TOO_LARGE
        ]
