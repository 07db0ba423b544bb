"""Whatever bytes come in: payloads or problems come out, readers raise nothing but `Unreadable`, and nothing hangs."""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct
import sys
import tarfile
import time
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.dto import DkimResult, Payload
from reports.errors import Unreadable
from reports.ingest import rows
from reports.ingest.extraction import extract, split_mbox
from reports.ingest.read import read as pure_read
from reports.ingest.reading import quick_records
from reports.ingest.reading.aggregate import read_aggregate
from reports.ingest.reading.dispatch import read
from reports.reread import compare
from reports.vocabulary import Kind, Reason, RepairCode
from tests.reports.samples import GZ, NAME, XML, aggregate_xml, failure_mail, record_xml, report_mail, zipped

REASONS, REPAIRS = set(Reason), set(RepairCode)
SEEDS = [
    XML,
    aggregate_xml(record_xml(), record_xml(), root='<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">').encode(),
    XML.decode().encode("utf-16"),
    GZ,
    zipped(("a.xml", XML), ("b.gz", GZ)),
    report_mail((GZ, NAME), (XML, "b.xml")).as_bytes(),
    failure_mail(),
    b'{"organization-name": "x", "date-range": {}, "policies": [{"policy": {"policy-domain": "example.com"}}]}',
    b"From a@example.com Tue Nov 14 22:13:20 2023\n" + failure_mail(),
    b"From: a@example.com\n\nbegin 644 a\n" + base64.encodebytes(GZ) + b"end\n" + base64.encodebytes(GZ),
]
TOKENS = [b"<", b">", b"&", b"&#xD800;", b"\0", b"\xff", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"<record>", b"</record>", b"]]>", b"<!--", b"\n\n", b"--sep", b"=?utf-8?b?", b"999999999999999999999", b"Content-Type: message/rfc822\n\n", b"PK\x01\x02", b"\x1f\x8b\x08", b"%n", b"\xed\xa0\x80", b"xmlns:a='b'", b"; boundary=", b"*0*=", b"[fe80::1%1]"]  # fmt: skip

budget = settings(max_examples=300, deadline=timedelta(seconds=2), suppress_health_check=[HealthCheck.too_slow])


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        at, length = draw(st.integers(0, len(data))), draw(st.integers(0, 40))
        instead = draw(st.sampled_from(TOKENS) | st.binary(max_size=8) | st.just(bytes(data[at : at + 200])))
        data[at : at + length] = instead
    return bytes(data)


def _swallow(data: bytes) -> None:
    extraction = extract(data, filename=NAME)
    assert extraction.payloads or extraction.problems
    assert {problem.code for problem in extraction.problems} <= REASONS
    for payload in extraction.payloads:
        try:
            report = read(payload)
        except Unreadable as error:
            assert error.code in REASONS
        else:
            assert {repair.code for repair in getattr(report, "repairs", ())} <= REPAIRS


@budget
@given(st.binary(max_size=3000))
def test_arbitrary_bytes_are_survived(data: bytes) -> None:
    _swallow(data)


@budget
@given(st.text(max_size=2000))
def test_arbitrary_text_as_every_kind_is_survived(text: str) -> None:
    for kind in Kind:
        for data in (text.encode("utf-8", "replace"), f"<feedback>{text}".encode("utf-8", "replace")):
            try:
                read(Payload(kind, 0, data))
            except Unreadable as error:
                assert error.code in REASONS


@settings(budget, max_examples=1500)
@given(mutated())
def test_spoilt_reports_are_survived(data: bytes) -> None:
    _swallow(data)
    for message in split_mbox(io.BytesIO(data)):
        _swallow(message)


@budget
@given(st.data())
def test_every_truncation_of_a_report_keeps_whole_rows_only(data: st.DataObject) -> None:
    xml = aggregate_xml(*[record_xml(count=f"<count>{n}00</count>") for n in range(1, 6)]).encode()
    start = xml.index(b"</record>") + len(b"</record>")
    cut = data.draw(st.integers(start, len(xml)))
    report = read_aggregate(Payload("aggregate", 0, xml[:cut]))
    assert [row.count for row in report.rows] == [n * 100 for n in range(1, xml[:cut].count(b"</record>") + 1)]


def compound_of_loops(storages: int = 900) -> bytes:
    """Each stream is a few bytes long and begins with a sector that is followed by itself, as far as there are sectors."""
    no_sector, fat_sectors, per_sector = 0xFFFFFFFE, 109, 128
    directory = range(fat_sectors + 1, fat_sectors + 1 + storages * 2 // 4 + 1)
    table = [no_sector] * (fat_sectors * per_sector)
    table[fat_sectors] = fat_sectors
    for each in directory[:-1]:
        table[each] = each + 1
    entry = struct.Struct("<64sHBxIII36xIQ")
    name = "__substg1.0_37010102".encode("utf-16-le")
    entries = [
        entry.pack(*fields)
        for number in range(storages)
        for fields in (
            (b"", 2, 1, no_sector, no_sector, 2 * number + 1, no_sector, 0),
            (name, len(name) + 2, 2, no_sector, no_sector, no_sector, fat_sectors, 20),
        )
    ]
    head = struct.pack(
        "<8s22xHH14xI4xII4xI4x109I",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        9,
        6,
        directory[0],
        0,
        no_sector,
        no_sector,
        *range(109),
    )
    fat = struct.pack(f"<{len(table)}I", *table)
    return head + fat + b"x" * 512 + b"".join(entries) + b"\0" * (512 * 14_000)


HOSTILE = {
    "comments never closed": b"<!--" * 250_000 + XML,
    "declarations never closed": b"<?xml " * 150_000 + XML,
    "a doctype never closed": b"<!DOCTYPE feedback [" + b"<" * 900_000 + XML,
    "an attribute never closed": b"<feedback a='" + b"x" * 20_000_000,
    "a name never closed": b"<feedback><" + b"x" * 20_000_000,
    "a million open records": b"<feedback>" + b"<record>" * 1_000_000,
    "a million bare ampersands": XML.replace(b"Receiver", b"& " * 1_000_000),
    "a million attributes": XML.replace(
        b"<record>", b"<record " + b" ".join(b"a%d='1'" % n for n in range(300_000)) + b">"
    ),
    "a domain of a megabyte": XML.replace(b"<header_from>example.com", b"<header_from>" + "ü".encode() * 500_000),
    "an address of a megabyte": XML.replace(b"192.0.2.1", b"1." * 500_000),
    "a count of a megabyte": XML.replace(b"<count>2", b"<count>" + b"1," * 500_000),
    "uuencode never ended": b"From: a@example.com\n\n" + b"begin 644 x\n" * 300_000,
    "a parameter of a megabyte": b"From: a@example.com\nContent-Type: multipart/mixed" + b";" * 1_000_000 + b"\n\nx",
    "a hundred thousand parts": b"From: a@example.com\nContent-Type: multipart/mixed; boundary=b\n\n"
    + b"--b\n\n\n" * 100_000,
    "labels of a failure report over and over": b"From: a@example.com\nContent-Type: text/plain\n\n"
    + b"Sender Domain: Sender IP Address: " * 100_000,
    "blank lines": b"From: a@example.com\n\n" + b" \n" * 1_000_000,
    "a header of a megabyte": b"From: " + b"<" * 1_000_000 + b"\nTo: b@example.com\n\nx",
    "an encoded word of a megabyte": b"Subject: " + b"=?utf-8?q?" * 100_000 + b"\nTo: b@example.com\n\nx",
    "a directory of a million entries": b"PK\x03\x04" + b"PK\x01\x02" * 1_000_000,
    "a million local headers": b"PK\x03\x04" * 1_000_000,
    "a million gzip members": gzip.compress(b"") * 300_000,
    "comments before nothing": b"<!---->" * 100,
    "comments around roots": b"<!-- <feedback > -->" * 50_000 + XML,
    "quotes never closed in Authentication-Results": failure_mail(
        feedback="Feedback-Type: auth-failure\n" + ("Authentication-Results: " + '"' + '\\"' * 3900 + "\n") * 20
    ),
    "results without end": failure_mail(
        feedback="Feedback-Type: auth-failure\n"
        + ("Authentication-Results: x; dkim=pass " + "header.d=a " * 700 + "\n") * 20
    ),
    "a field of encoded words in a sample": failure_mail().replace(
        b"To: one@receiver.example\n", b"X-A: " + b"=?utf-8?q?a?= " * 70_000 + b"\n"
    ),
    "lines within two hundred parts": b"From: a@example.com\n"
    + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(200))
    + b"x\n" * 1_000_000,
    "a thousand entries over one run of nothing": b"".join(
        struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, 0, 0, 0, 30 * (899 - n), 0) for n in range(900)
    )
    + b"\0\0\0\xff\xff" * 3_000_000,
    "headers of tar that announce headers": b"".join(
        tarfile.TarInfo("x")._create_header(
            {"name": "x", "type": tarfile.XHDTYPE}, tarfile.USTAR_FORMAT, "utf-8", "strict"
        )
        for _ in range(5000)
    ),
    "values of json before a long rest": b'[{"policy-type":1}]' + b"{}" * 100_000 + b"x" * 4_000_000,
    "a compound file of chains without an end": compound_of_loops(),
    "json a million deep": b'{"policy-type":' + b"[" * 1_000_000,
    "tags that never end": XML.replace(b"<record>", b"<a@" * 400_000 + b"<record>"),
    "ampersands before a semicolon": XML.replace(b"Receiver", b"&a " * 1_000_000 + b";"),
    "metadata within metadata": XML.replace(
        b"<record>", b"<report_metadata>" * 200 + b"<x/>" * 30_000 + b"</report_metadata>" * 200 + b"<record>"
    ),
    "known elements within each other": XML.replace(
        b"</report_metadata>", b"<date_range>" * 200 + b"<x/>" * 30_000 + b"</date_range>" * 200 + b"</report_metadata>"
    ),
    "prefixes without end": XML.replace(
        b"<record>",
        b"<y " + b" ".join(b"xmlns:a%d='a'" % n for n in range(60_000)) + b">" + b"<record><x/></record>" * 10_000,
    ),
    "fields of a failure report": failure_mail(feedback="Feedback-Type: auth-failure\n" + "a: b\n" * 500_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_takes_linear_time(name: str) -> None:
    started = time.process_time()
    _swallow(HOSTILE[name])
    _swallow(gzip.compress(HOSTILE[name][:1_000_000], 1))
    assert time.process_time() - started < SLOWEST.get(name, 15)


SLOWEST = {
    "values of json before a long rest": 3,
    "a compound file of chains without an end": 2,
    "quotes never closed in Authentication-Results": 1,
    "a field of encoded words in a sample": 2,
    "lines within two hundred parts": 2,
    "a thousand entries over one run of nothing": 5,
    "tags that never end": 2,
    "ampersands before a semicolon": 4,
    "metadata within metadata": 4,
    "known elements within each other": 4,
    "prefixes without end": 2,
}
"""Seconds, where less than the general bound is what was once broken."""


@pytest.mark.parametrize(
    ("xml", "bounds"),
    [
        (aggregate_xml(*[record_xml()] * 3), {"quick_records.MOST_RECORDS": 2, "records.MOST_RECORDS": 2}),
        (aggregate_xml(*["<record/>"] * 3), {"records.MOST_RECORDS": 2}),
        (aggregate_xml(*["<record>"] * 3), {"records.MOST_RECORDS": 2}),
        (
            aggregate_xml(*[record_xml().replace("s1", f"s{n}") for n in range(9)]),
            {"quick_records.MOST_ELEMENTS": 60, "records.MOST_ELEMENTS": 60},
        ),
        (aggregate_xml(record_xml().replace("</record>", "<x/>" * 1_200_000 + "</record>")), {}),
        (XML.decode().replace("<record>", "<x/>" * 1_200_000 + "<record>"), {}),
    ],
    ids=["records", "empty records", "open records", "different records", "a large record", "what stands between"],
)
def test_reports_beyond_what_anybody_writes_are_refused(
    xml: str, bounds: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive of some kilobytes can hold millions of records, each of which takes hundreds of bytes of memory."""
    for name, bound in bounds.items():
        monkeypatch.setattr(f"reports.ingest.reading.{name}", bound)
    with pytest.raises(Unreadable) as refused:
        read_aggregate(Payload("aggregate", 0, xml.encode()))
    assert refused.value.code == Reason.TOO_MANY_ELEMENTS


def test_no_more_reports_are_read_from_one_file_than_parts_from_a_mail() -> None:
    assert extract(b"<feedback></feedback>" * 100_000).problems[0].code == Reason.TOO_MANY_MEMBERS
    extraction = extract(b"<feedback></feedback>" * 3000)
    assert (len(extraction.payloads), extraction.problems[0].code) == (2000, Reason.TOO_MANY_PARTS)


def test_what_is_remembered_from_report_to_report_is_small() -> None:
    """Else a few thousand mails with long records would fill the memory of every worker for good."""
    long = record_xml().replace("</record>", "<!--" + "x" * 100_000 + "--></record>")
    quick_records._by_root.clear()
    for number in range(5):
        read_aggregate(Payload("aggregate", 0, aggregate_xml(long.replace("s1", f"s{number}")).encode()))
        read_aggregate(Payload("aggregate", 0, aggregate_xml(root=f"<feedback a='{number}{'x' * 10_000}'>").encode()))
    kept = [*quick_records._by_root, *(said for sayings in quick_records._by_root.values() for said in sayings)]
    assert sum(map(len, kept)) < 10_000


def test_neither_are_the_spellings_of_rows_with_hundreds_of_results() -> None:
    results = tuple(DkimResult("a" * 250, "s", "pass", "") for _ in range(100))
    text = json.dumps([{"domain": "a" * 250}] * 100)
    held = sys.getrefcount(results), sys.getrefcount(text)
    assert rows._dkim(results).count("aaa") > 100
    assert compare._decoded(text) == json.loads(text)
    assert (sys.getrefcount(results), sys.getrefcount(text)) == held


@pytest.mark.parametrize(
    "head",
    [
        b"From: " + b"(" * 900,
        b"Subject: =?ut\x1f\x8b\x08f-8?q?x?=",
    ],
)
def test_a_header_that_the_standard_library_cannot_read_costs_no_report(head: bytes) -> None:
    mail = report_mail((GZ, NAME))
    del mail["From"], mail["Subject"]
    extraction = extract(head + b"\n" + mail.as_bytes())
    assert [payload.data for payload in extraction.payloads] == [XML]


def test_references_without_end_are_not_mended_where_nothing_is_broken() -> None:
    """Mending joins lines of one length, which may be meant."""
    lines = b"\n".join([b"&amp;" * 200] * 60)
    report = read_aggregate(Payload("aggregate", 0, XML.replace(b"<record>", b"<x>" + lines + b"</x><record>")))
    assert [repair.code for repair in report.repairs] == [RepairCode.UNKNOWN_ELEMENT]
    assert report.extensions[0].xml.count("\n") == 59


def test_bytes_of_no_character_are_read_at_once_and_not_one_by_one() -> None:
    bulk = b"\xff" * 1_500_000 + b"\xe9\xe9A\xe9\x80B"
    started = time.monotonic()
    report = read_aggregate(Payload("aggregate", 0, XML.replace(b"Receiver Example", "é".encode() + bulk)))
    assert report.head.org_name.startswith("éÿÿ")
    assert time.monotonic() - started < 1.5


def test_a_sample_with_addresses_without_end_is_read_without_parsedmarc() -> None:
    sample = failure_mail().replace(b"To: one@receiver.example\n", (b"To: " + b"@," * 900 + b"\n") * 300)
    started = time.monotonic()
    (report,) = pure_read(sample).reports
    assert report.content.subject == "Grüße"
    assert [repair.code for repair in report.content.repairs] == [RepairCode.SAMPLE_READ_PLAINLY]
    assert time.monotonic() - started < 1.5
