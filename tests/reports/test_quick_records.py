"""Records read by their bytes come out as the parser has them, or the report is left to the parser."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.dto import AggregateReport, Payload
from reports.errors import Unreadable
from reports.ingest.reading import aggregate, quick_records
from reports.ingest.reading.repairs import Repairs
from reports.ingest.reading.xmltext import prepare
from tests.reports.samples import XML, aggregate_xml, record_xml

RECORD = record_xml()


def a_record(number: int) -> str:
    return record_xml(source_ip=f"<source_ip>192.0.2.{number}</source_ip>", count=f"<count>{number}</count>")


SEVERAL = aggregate_xml(*map(a_record, range(1, 5))).encode()


def both_ways(xml: bytes) -> tuple[AggregateReport | str | None, AggregateReport | str]:
    """What the quick and the whole way make of a report; the code where it is unreadable."""
    payload = Payload("aggregate", 0, xml)
    outcomes: list[AggregateReport | str | None] = []
    for way in (aggregate._read_quickly, aggregate._read_whole):
        repairs = Repairs()
        try:
            outcomes.append(way(prepare(xml, repairs=repairs), payload, repairs=repairs))
        except Unreadable as error:
            outcomes.append(error.code)
    quick, whole = outcomes
    assert whole is not None
    return quick, whole


def assert_quick(xml: bytes) -> None:
    quick, whole = both_ways(xml)
    assert quick == whole
    assert isinstance(quick, AggregateReport)


def assert_agreed(xml: bytes) -> None:
    quick, whole = both_ways(xml)
    assert quick in (None, whole)


@pytest.mark.parametrize(
    "xml",
    [
        XML,
        SEVERAL,
        SEVERAL.replace(b"<feedback>", b'<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">'),
        SEVERAL.replace(b"<feedback>", b'<feedback\n xmlns:x="urn:x">'),
        SEVERAL.replace(b"192.0.2.2", b" 192.0.2.2 "),
        SEVERAL.replace(b"192.0.2.2", b"[2001:db8::1]"),
        SEVERAL.replace(b"192.0.2.2", b"::ffff:192.0.2.2"),
        SEVERAL.replace(b"<row>", b"\n\t<row>\r\n"),
        SEVERAL.replace(b"<count>3", b"<count>0"),
        SEVERAL.replace(b"</record>", b"<count>7</count></record>"),
        SEVERAL.replace(b"<disposition>", b"<disposition><!-- said --> "),
        SEVERAL.replace(b"<disposition>", b"<disposition><![CDATA[ ]]>"),
        SEVERAL.replace(b"<dkim>pass", b"<dkim>PASS"),
        SEVERAL.replace(b"<header_from>example.com", b"<header_from>"),
        SEVERAL.replace(b"<header_from>example.com", "<header_from>bücher.example".encode()),
        SEVERAL.replace(b"<header_from>example.com", b"<header_from>&#101;xample.com"),
    ],
)
def test_the_usual_ways_of_writing_are_quick(xml: bytes) -> None:
    assert_quick(xml)


@pytest.mark.parametrize(
    "xml",
    [
        SEVERAL.replace(b"<record>", b'<record a="1">', 1),
        SEVERAL.replace(b"record>", b"RECORD>"),
        SEVERAL.replace(b"192.0.2.2", b"108r.166"),
        SEVERAL.replace(b"192.0.2.2", b""),
        SEVERAL.replace(b"<count>3", b"<count>1,003"),
        SEVERAL.replace(b"<count>3", b"<count>-3"),
        SEVERAL.replace(b"<count>3</count>", b""),
        SEVERAL.replace(b"<record>", b"<!-- <record>", 1).replace(b"</record>", b"</record> -->", 1),
        SEVERAL.replace(b"<record>", b"<![CDATA[<record>", 1),
        SEVERAL.replace(b"</record>", b"<!-- </record> --></record>", 1),
        SEVERAL.replace(b"</record>", b"</record> stray ", 1),
        SEVERAL.replace(b"</record>", b"<record></record></record>", 1),
        SEVERAL.replace(b"</record>", b"", 1),
        SEVERAL.replace(b"</row>", b"", 1),
        SEVERAL.replace(b"<disposition>none", b"<disposition>&none;"),
        SEVERAL.replace(b"example.com</header_from>", b"a & b</header_from>"),
        SEVERAL.replace(b"</record>", b"<x:y xmlns:x='urn:x'>z</x:y></record>"),
        SEVERAL.replace(b"</record>", b"<x:y xmlns:x='urn:x'>z</x:y></record>", 1),
        SEVERAL.replace(b"</policy_published>", b"<odd>z</odd></policy_published>"),
        SEVERAL.replace(b"</report_metadata>", b"<odd>z</odd></report_metadata>"),
        SEVERAL.replace(b"</feedback>", b"<record/></feedback>"),
        SEVERAL.replace(b"</feedback>", b""),
        SEVERAL[:-200],
        aggregate_xml().encode(),
        b"<feedback/>",
    ],
)
def test_what_is_unusual_is_left_to_the_parser(xml: bytes) -> None:
    quick, whole = both_ways(xml)
    assert quick is None or quick == whole


def test_a_report_without_a_period_is_refused_both_ways() -> None:
    xml = SEVERAL.replace(b"<begin>", b"<begin>x").replace(b"<end>", b"<end>x")
    assert both_ways(xml) == ("no_period", "no_period")


def test_what_a_hostile_record_says_is_never_taken_for_what_another_one_says() -> None:
    """The same bytes mean something else under another root: sayings are kept for each root by itself."""
    known = SEVERAL.replace(b"<header_from>", b"<x:header_from>").replace(b"</header_from>", b"</x:header_from>")
    ours = known.replace(b"<feedback>", b'<feedback xmlns:x="urn:ietf:params:xml:ns:dmarc-2.0">')
    foreign = known.replace(b"<feedback>", b'<feedback xmlns:x="urn:other">')
    for xml in (ours, foreign, ours, foreign):
        assert_agreed(xml)


def test_no_more_sayings_are_kept_than_memory_may_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick_records, "SAYINGS_KEPT", 2)
    monkeypatch.setattr(quick_records, "ADDRESSES_KEPT", 2)
    records = [a_record(number).replace("example.com", f"d{number}.example") for number in range(1, 9)]
    assert_quick(aggregate_xml(*records).encode())


PIECES = st.sampled_from(
    [RECORD, RECORD.replace("192.0.2.1", "2001:db8::1"), "<record>", "</record>", "<record/>", "<row>", "</row>", " ", "\n",
     "<!--", "-->", "<![CDATA[", "]]>", "<?x?>", "&amp;", "&x;", "<source_ip>192.0.2.9</source_ip>", "<count>2</count>",
     "<extension/>", "text", "<policy_published/>", "<RECORD>"]
)  # fmt: skip


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(st.lists(PIECES, max_size=8))
def test_however_pieces_are_put_together_both_ways_agree(pieces: list[str]) -> None:
    assert_agreed(aggregate_xml(*pieces).encode())


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(st.data())
def test_a_report_with_a_few_bytes_changed_comes_out_the_same_both_ways(data: st.DataObject) -> None:
    xml = bytearray(SEVERAL)
    for _ in range(data.draw(st.integers(1, 3))):
        xml[data.draw(st.integers(0, len(xml) - 1))] = data.draw(st.sampled_from(b"<>/&!-= \0\xff\"'rx1"))
    assert_agreed(bytes(xml))
