"""The short way to the text of a report finds what the whole way finds and notes nothing, or leaves the text to it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.errors import Unreadable
from reports.ingest.reading.repairs import Repairs
from reports.ingest.reading.xmltext import _prepare_whole, prepare_usual
from tests.reports.samples import XML

ROOT = b"<feedback><version>1.0</version></feedback>"
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'


def assert_agreed(text: bytes) -> None:
    usual = prepare_usual(text)
    if usual is not None:
        repairs = Repairs()
        assert usual == _prepare_whole(text, repairs=repairs)
        assert repairs.all() == ()


@pytest.mark.parametrize(
    "text",
    [XML, ROOT, DECLARATION + ROOT, DECLARATION + b"\r\n\n" + ROOT, b"<?xml version='1.0'?>\n" + ROOT,
     DECLARATION.replace(b"?>", b" ?>") + ROOT, ROOT.replace(b"<feedback>", b'<feedback xmlns="urn:x">'),
     DECLARATION + ROOT.replace(b"feedback", b"FEEDBACK")],
)  # fmt: skip
def test_usual_texts_take_the_short_way(text: bytes) -> None:
    assert prepare_usual(text) is not None
    assert_agreed(text)


@pytest.mark.parametrize(
    "text",
    [b"", b"\xef\xbb\xbf" + ROOT, b" " + ROOT, DECLARATION.replace(b"UTF-8", b"windows-1252") + ROOT,
     ROOT.replace(b"1.0", "1.0ü".encode()), ROOT.replace(b"1.0", b"&#0;"), b"<!-- x -->" + ROOT, b"<x/>" + ROOT,
     b"<!DOCTYPE feedback>" + ROOT, b"<x:feedback/>", b"<feedbacks/>"],
)  # fmt: skip
def test_other_texts_take_the_whole_way(text: bytes) -> None:
    assert prepare_usual(text) is None


PIECES = st.sampled_from(
    [DECLARATION, ROOT, b"<?xml version='1.0'?>", b"<feedback>", b"<feedback ", b"<feedback\n", b"</feedback>", b"\n", b" ",
     b"<!--", b"-->", b"\xef\xbb\xbf", b"\xff", b"\0", b"&#1;", b'<?xml version="1.0" encoding="utf-16"?>', b"<x>",
     b"<!DOCTYPE x>", b"<report_metadata>", b"text", b"<x:feedback>"]
)  # fmt: skip


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(st.lists(PIECES, max_size=6).map(b"".join))
def test_however_pieces_are_put_together_both_ways_agree(text: bytes) -> None:
    for each in (text, DECLARATION + text, text + ROOT):
        try:
            assert_agreed(each)
        except Unreadable:
            pytest.fail("the short way read what the whole way refuses")
