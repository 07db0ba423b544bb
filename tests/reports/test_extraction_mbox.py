from __future__ import annotations

import io
from io import BytesIO

from reports.ingest.extraction import extract, is_mbox, split_mbox
from reports.vocabulary import Reason
from tests.reports.samples import GZ, NAME, XML, report_mail

FROM = b"From noreply@receiver.example Tue Nov 14 22:13:20 2023\n"
MAIL = report_mail((GZ, NAME)).as_bytes()


def test_a_mail_and_an_archive_are_no_mbox() -> None:
    assert not is_mbox(MAIL)
    assert not is_mbox(GZ)
    assert not is_mbox(b"From here on, all was well.\nIndeed: it was.\n")
    assert not is_mbox(b"")


def test_an_mbox_is_known_by_its_first_lines() -> None:
    assert is_mbox(FROM + MAIL)
    assert is_mbox(b"From MAILER-DAEMON Tue Nov 14 22:13:20 2023\r\nReturn-Path: <>\r\n")


def test_each_message_comes_out_whole() -> None:
    messages = list(split_mbox(io.BytesIO((FROM + MAIL + b"\n") * 3)))
    assert messages == [MAIL + b"\n"] * 3
    assert [extract(message).payloads[0].data for message in messages] == [XML] * 3


def test_a_from_line_counts_only_after_a_blank_line() -> None:
    text = b"Subject: x\n\nFrom here\n" + FROM + b">From there\n"
    assert list(split_mbox(io.BytesIO(FROM + text))) == [b"Subject: x\n\nFrom here\n" + FROM + b"From there\n"]


def test_a_message_beyond_the_limit_is_cut_so_that_it_is_refused_and_the_next_is_read() -> None:
    data = FROM + b"Subject: x\n\n" + b"x\n" * 5000 + b"\n" + FROM + MAIL
    first, second = split_mbox(io.BytesIO(data), max_bytes=4000)
    assert len(first) == 4001
    assert second == MAIL
    assert len(MAIL) < 4000


def test_a_message_of_exactly_the_limit_is_whole() -> None:
    (message,) = split_mbox(io.BytesIO(FROM + MAIL), max_bytes=len(MAIL))
    assert message == MAIL
    (message,) = split_mbox(io.BytesIO(FROM + MAIL), max_bytes=len(MAIL) - 1)
    assert message == MAIL
    assert [problem.code for problem in extract(b"x" * 11).problems] == [Reason.NO_REPORT_FOUND]


def test_a_message_that_ends_just_at_the_limit_is_whole_wherever_it_begins_within_what_is_read_at_once() -> None:
    size = (3 << 20) - 7
    whole = b"Subject: x\n\n" + b"y" * (size - 13) + b"\n"
    for before in (0, 100, 500_000):
        box = b"From a@receiver.example x\n" + b"z" * before + b"\n\nFrom b@receiver.example x\n" + whole
        assert list(split_mbox(BytesIO(box), max_bytes=size))[-1] == whole
        longer = list(split_mbox(BytesIO(box + b"w" * 5_000_000 + b"\n"), max_bytes=size))[-1]
        assert (len(longer), longer[: len(whole)]) == (size + 1, whole)


def test_lines_of_mebibytes_and_a_file_without_a_last_newline_are_kept() -> None:
    long = b"Subject: x\n\n" + b"y" * 2_500_000
    box = b"From a@receiver.example x\n" + long + b"\n\nFrom b@receiver.example x\nSubject: z\n\nend"
    assert list(split_mbox(BytesIO(box))) == [long + b"\n\n", b"Subject: z\n\nend"]
