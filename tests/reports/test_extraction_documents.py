"""Several reports in one XML file: each is read by itself, however they are written and whatever stands between them."""

from __future__ import annotations

import gzip
import time

import pytest

from reports.dto import AggregateReport
from reports.ingest.extraction.documents import is_one, split_documents
from reports.ingest.read import read
from tests.reports.samples import METADATA, POLICY, XML, aggregate_xml, record_xml, report_mail

ONE = XML.decode().partition("\n")[2].strip()
OTHER = ONE.replace("example.com", "example.org").replace("<count>2", "<count>5").replace("r-1", "r-2")


def _rooted(xml: str, name: str, attributes: str = "") -> str:
    return xml.replace("<feedback>", f"<{name}{attributes}>").replace("</feedback>", f"</{name}>")


PAIRS = {
    "one after the other": ONE + OTHER,
    "declarations": f'<?xml version="1.0"?>\n{ONE}\n<?xml version="1.0"?>\n{OTHER}',
    "a comment between": f"{ONE}\n<!-- the next one -->\n{OTHER}",
    "words between": f"{ONE}\n==========\n{OTHER}",
    "capitals": ONE.replace("feedback>", "FEEDBACK>") + OTHER.replace("feedback>", "FEEDBACK>"),
    "prefixes": _rooted(ONE, "n:feedback", ' xmlns:n="urn:x"') + _rooted(OTHER, "n:feedback", ' xmlns:n="urn:x"'),
    "blanks in the end tag": ONE.replace("</feedback>", "</feedback >") + OTHER.replace("</feedback>", "</feedback\n>"),
    "a namespace": ONE
    + _rooted(OTHER, "feedback", ' xmlns="urn:ietf:params:xml:ns:dmarc-2.0"').replace("</feedback xmlns", "</feedback"),
    "in another element": f"<reports>{ONE}{OTHER}</reports>",
    "another root": _rooted(ONE, "report") + _rooted(OTHER, "report"),
    "another root in another element": f"<all>{_rooted(ONE, 'dmarc_report')}\n{_rooted(OTHER, 'dmarc_report')}</all>",
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("packed", [False, True])
def test_no_row_of_one_report_is_counted_in_another(name: str, *, packed: bool) -> None:
    data = PAIRS[name].encode()
    found = read(bytes(report_mail((gzip.compress(data), "a.xml.gz"))) if packed else data)
    assert found.problems == ()
    told = [report.content for report in found.reports]
    assert [
        (each.head.policy.domain, [row.count for row in each.rows])
        for each in told
        if isinstance(each, AggregateReport)
    ] == [("example.com", [2]), ("example.org", [5])]


@pytest.mark.parametrize(
    "xml",
    [
        ONE,
        ONE + "\n\0",
        ONE + "\n-- \nfooter",
        f"<!-- {ONE} -->{OTHER}",
        f"{ONE}<!-- {OTHER} -->",
        f"<reports>{ONE}</reports>",
        ONE.replace("</feedback>", ""),
        ONE.replace("</feedback>", "</FEEDBACK >"),
        ONE.replace("Receiver Example", "<![CDATA[</feedback>]]>"),
    ],
)
def test_one_report_stays_in_one_piece(xml: str) -> None:
    assert list(split_documents(xml.encode())) == [xml.encode()]


def test_nothing_of_the_text_is_left_out() -> None:
    for xml in PAIRS.values():
        assert b"".join(split_documents(xml.encode())) == xml.encode()
        assert not is_one(xml.encode())


@pytest.mark.parametrize(
    "piece", ["<feedback", "<a:feedback>", "</a:feedback", "<!--", "<x", "</feedback ", "<report_metadata><"]
)
def test_spoilt_texts_take_no_longer_than_their_length(piece: str) -> None:
    data = (piece * (2_000_000 // len(piece))).encode()
    start = time.perf_counter()
    assert b"".join(split_documents(data)) == data
    assert time.perf_counter() - start < 5


def test_parts_without_any_root_are_one_report() -> None:
    xml = f"{METADATA}{POLICY}{record_xml()}".encode()
    assert list(split_documents(xml)) == [xml]
    assert list(split_documents(aggregate_xml().encode())) == [aggregate_xml().encode()]
