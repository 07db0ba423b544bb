"""A large report that stays packed while it is read comes out as one that is unfolded first, or is unfolded after all."""

from __future__ import annotations

import gzip

import pytest

from reports.dto import Extraction, Payload
from reports.folded import Folded
from reports.ingest.extraction import Limits, extract, folded
from reports.ingest.reading import aggregate, quick_records
from reports.ingest.reading.dispatch import read
from tests.reports.samples import XML, aggregate_xml, record_xml, report_mail, zipped

ROWS = 400
LARGE = aggregate_xml(
    *(
        record_xml(source_ip=f"<source_ip>192.0.2.{number % 200}</source_ip>", count=f"<count>{number}</count>")
        for number in range(1, ROWS + 1)
    )
).encode()
NAME = "receiver.example!example.com!1!2"


def mail(xml: bytes, *, as_zip: bool = False) -> bytes:
    packed, name = (zipped(("r.xml", xml)), "r.zip") if as_zip else (gzip.compress(xml, mtime=0), "r.xml.gz")
    return report_mail((packed, name)).as_bytes()


@pytest.fixture(autouse=True)
def _nothing_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folded, "LARGE", 10_000)
    monkeypatch.setattr("reports.folded.PIECE", 3000)
    monkeypatch.setattr(quick_records, "WINDOW", 3000)
    monkeypatch.setattr("reports.ingest.extraction.usual.LENGTH", 0)


def the_one(extraction: Extraction) -> Payload:
    (payload,) = extraction.payloads
    return payload


def whole(payload: Payload) -> Payload:
    assert payload.folded is not None
    return payload._replace(data=payload.folded.whole(), folded=None)


@pytest.mark.parametrize("as_zip", [True, False])
def test_a_large_report_stays_folded_and_reads_as_unfolded(as_zip: bool) -> None:
    payload = the_one(extract(mail(LARGE, as_zip=as_zip)))
    assert payload.data == b""
    assert whole(payload).data == LARGE
    assert payload.folded is not None
    assert aggregate._read_folded(payload.folded, payload) == read(payload) == read(whole(payload))
    assert len(read(payload).rows) == ROWS  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "xml",
    [
        LARGE.replace(b"<count>7<", b"<count>1,007<"),
        LARGE.replace(b"192.0.2.9<", b"nowhere<"),
        LARGE.replace(b"</record>", b"</record> stray ", 1),
        LARGE.replace(b"</row>", b"", 1),
        LARGE.replace(b"</feedback>", b"<record/></feedback>"),
        LARGE.replace(b"<identifiers>", b"<other/><identifiers>", 1),
        LARGE.replace(b"<record>", b"<record>" + b" " * 5000, 2),
        LARGE.replace(b"192.0.2.9<", b"::ffff:192.0.2.9<"),
        LARGE.replace(b"<dkim>pass", b"<dkim>PASS"),
        LARGE.replace(b"<policy_published>", b"<policy_published>" + b"\n" * 9000),
    ],
)
def test_whatever_stands_in_it_both_ways_agree(xml: bytes) -> None:
    payload = the_one(extract(mail(xml)))
    assert read(payload) == read(whole(payload))


@pytest.mark.parametrize(
    "xml",
    [
        LARGE.replace(b"example.com</header_from>", b"a&amp;b</header_from>"),
        LARGE.replace(b"example.com</header_from>", "bücher.example</header_from>".encode()),
        LARGE.replace(b"<record>", b"<!-- said --><record>", 1),
        LARGE + LARGE,
        LARGE.replace(b"</feedback>", b""),
        LARGE[: len(LARGE) // 2],
        LARGE.replace(b"feedback>", b"FEEDBACK>"),
        XML,
    ],
)
def test_what_is_unusual_is_unfolded(xml: bytes) -> None:
    assert {payload.folded for payload in extract(mail(xml)).payloads} == {None}


def test_a_damaged_archive_is_unfolded() -> None:
    packed = gzip.compress(LARGE, mtime=0)
    for damaged in (packed[:-8] + b"\0" * 8, packed[:-100], packed + packed, packed[:500] + b"\xff" + packed[501:]):
        assert all(payload.folded is None for payload in extract(damaged).payloads)


def test_limits_hold_for_what_stays_folded() -> None:
    extraction = extract(mail(LARGE), limits=Limits(bytes_out=20_000))
    assert (extraction.payloads, [problem.code for problem in extraction.problems]) == ((), ["too_large"])


def test_a_stream_that_ends_early_or_late_is_no_text() -> None:
    import zlib

    packed = zlib.compress(LARGE)[2:-4]
    assert Folded(packed, len(LARGE)).whole() == LARGE
    for wrong in (packed[:-1], packed + b"x"):
        with pytest.raises(zlib.error):
            Folded(wrong, len(LARGE)).whole()
