"""Reads one aggregate report (RFC 7489, RFC 9990 and the drafts between) in a stream. Stores and decides nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

from lxml import etree

from reports.dto import AggregateHead, AggregateReport, AggregateRow, Payload, RejectedRow
from reports.errors import Unreadable
from reports.ingest.reading.head import HeadParts, build_head
from reports.ingest.reading.hints import hints_of
from reports.ingest.reading.mending import mend
from reports.ingest.reading.names import WANTED_TAGS, LocalNames
from reports.ingest.reading.quick_head import quick_head
from reports.ingest.reading.quick_records import quick_records, split_records
from reports.ingest.reading.records import RecordReader
from reports.ingest.reading.repairs import Repairs
from reports.ingest.reading.xmltext import ORPHAN_ROOT, XmlText, prepare
from reports.vocabulary import Reason, RepairCode

ERRORS_NOTED = 5
TAIL = 4096
_RECORD = re.compile(rb"(?i)<(?:[\w.-]+:)?record\b")


class AggregateReader:
    """Iterates over the rows of one report, good and rejected, in document order and in constant memory.

    `head()`, `rows_hash` and `errors` are whole once the iteration has ended.
    """

    def __init__(self, text: XmlText, payload: Payload, *, repairs: Repairs) -> None:
        self._text = text
        self._payload = payload
        self._repairs = repairs
        self._hash = hashlib.sha256()
        self._parts = HeadParts(repairs)
        self._is_ending = False
        self._records: RecordReader | None = None
        self._names = LocalNames("")
        self.errors: list[tuple[int, str]] = []

    def __iter__(self) -> Iterator[AggregateRow | RejectedRow]:
        # The text is UTF-8 without prolog by now, so no DTD, no entity and no declared encoding can reach the parser.
        parser = etree.XMLPullParser(
            events=("end",), tag=WANTED_TAGS, encoding="utf-8", recover=True, resolve_entities=False, no_network=True,
            load_dtd=False, remove_comments=True, remove_pis=True, huge_tree=False,
        )  # fmt: skip
        for chunk in self._text.chunks():
            parser.feed(chunk)
            yield from self._rows(parser)
        self._is_ending = True
        try:
            parser.close()
        except etree.XMLSyntaxError as error:
            self.errors.append((error.lineno or 0, error.msg or ""))
        yield from self._rows(parser)
        self.errors += [(entry.line, entry.message) for entry in list(parser.feed_error_log)[:ERRORS_NOTED]]

    def _rows(self, parser: etree.XMLPullParser) -> Iterator[AggregateRow | RejectedRow]:
        for _, element in parser.read_events():
            if not isinstance(element, etree._Element):
                continue  # what the stubs allow for other kinds of events
            if self._records is None:
                self._start(element)
            name = self._names[element.tag]
            if name == "record":
                yield self._row(element)
                _forget(element)
            elif name:
                self._head_element(name, element)

    def _start(self, element: etree._Element) -> None:
        root = element.getroottree().getroot()
        self._parts.namespace = etree.QName(root.tag).namespace or ""
        self._names = LocalNames(self._parts.namespace)
        self._records = RecordReader(self._names, repairs=self._repairs)

    def _row(self, element: etree._Element) -> AggregateRow | RejectedRow:
        records = self._records
        if records is None:
            raise AssertionError("a row before the first element")
        row = records.reject(element, Reason.ROW_TRUNCATED) if self._is_ending else records.read(element)
        self._hash.update(records.canonical)
        return row

    def _head_element(self, name: str, element: etree._Element) -> None:
        if name == "report_metadata":
            self._parts.metadata.add(self._flat(element))
        elif name == "policy_published":
            self._parts.policy.add(self._flat(element))
        elif name == "version":
            self._parts.version = self._parts.version or (element.text or "").strip()
        else:
            self._repairs.note(
                RepairCode.EXTENSION_SKIPPED, name, etree.tostring(element, encoding="unicode", with_tail=False)
            )

    def _flat(self, element: etree._Element) -> list[tuple[str, str | None]]:
        return [(self._names[each.tag], each.text) for each in element.iter("*")]

    @property
    def rows_hash(self) -> bytes:
        return self._hash.digest()

    def head(self, *, first_from: str) -> AggregateHead:
        """The report-level part; raises `Unreadable` where it says too little to be counted anywhere.

        `first_from` is the first From domain of a row: it stands in for the domain of the policy in the last resort.
        """
        if self._records is None:
            raise Unreadable(Reason.NOT_AGGREGATE)
        return build_head(self._parts, first_from=first_from, hints=hints_of(self._payload), repairs=self._repairs)


def read_aggregate(payload: Payload) -> AggregateReport:
    """Read the whole report; raise `Unreadable` where the payload is none, or lacks domain, period or reporter.

    One that breaks off before its first whole record is unreadable too: its head may be cut in the middle of a name.
    XML that is not well-formed is read as far as it goes; if known mistakes can be mended, it is mended and read anew.
    """
    repairs = Repairs(payload.repairs)
    text = prepare(payload.data, repairs=repairs)
    return _read_quickly(text, payload, repairs=repairs) or _read_whole(text, payload, repairs=repairs)


def _read_quickly(text: XmlText, payload: Payload, *, repairs: Repairs) -> AggregateReport | None:
    """The report where it is written the usual way, else None."""
    repairs = Repairs(repairs.all())
    split = split_records(text)
    parts = quick_head(split.without, repairs=repairs) if split else None
    if split is None or parts is None:
        return None
    quick = quick_records(split, repairs=repairs)
    if quick is None:
        return None
    first_from = next((row.header_from for row in quick.rows if row.header_from), "")
    head = build_head(parts, first_from=first_from, hints=hints_of(payload), repairs=repairs)
    return AggregateReport(
        head=head,
        rows=_with_header_from(quick.rows, head.policy.domain, repairs=repairs),
        rejected=(),
        repairs=repairs.all(),
        rows_hash=quick.rows_hash,
    )


def _read_whole(text: XmlText, payload: Payload, *, repairs: Repairs) -> AggregateReport:
    with_mending = Repairs(repairs.all())
    reader = AggregateReader(text, payload, repairs=repairs)
    found = list(reader)
    mended = mend(text, repairs=with_mending) if reader.errors else None
    if mended:
        text, repairs = mended, with_mending
        reader = AggregateReader(text, payload, repairs=repairs)
        found = list(reader)
    _note_errors(reader, text, repairs=repairs)
    rows = [row for row in found if isinstance(row, AggregateRow)]
    if not rows and (_breaks_off(reader, text) or (not found and reader.errors and _RECORD.search(text.data))):
        raise Unreadable(Reason.REPORT_TRUNCATED)
    head = reader.head(first_from=next((row.header_from for row in rows if row.header_from), ""))
    if not found:
        repairs.note(RepairCode.NO_RECORDS)
    return AggregateReport(
        head=head,
        rows=_with_header_from(rows, head.policy.domain, repairs=repairs),
        rejected=tuple(row for row in found if isinstance(row, RejectedRow)),
        repairs=repairs.all(),
        rows_hash=reader.rows_hash,
    )


def _note_errors(reader: AggregateReader, text: XmlText, *, repairs: Repairs) -> None:
    if _breaks_off(reader, text):
        repairs.note(RepairCode.XML_TRUNCATED)
    for line, message in reader.errors[:ERRORS_NOTED]:
        repairs.note(RepairCode.XML_RECOVERED, f"line {line}", message)


def _breaks_off(reader: AggregateReader, text: XmlText) -> bool:
    """True where the text ends before its root element does; without a root element, nobody can tell."""
    last = b"record" if text.before == ORPHAN_ROOT else b"feedback"
    return bool(reader.errors) and last not in text.data[-TAIL:].lower().rpartition(b"</")[2]


def _with_header_from(rows: Sequence[AggregateRow], domain: str, *, repairs: Repairs) -> tuple[AggregateRow, ...]:
    missing = [row.position for row in rows if not row.header_from]
    if not missing:
        return tuple(rows)
    repairs.note(RepairCode.HEADER_FROM_ASSUMED, "identifiers/header_from", domain, row=missing[0], times=len(missing))
    return tuple(row if row.header_from else row._replace(header_from=domain) for row in rows)


def _forget(record: etree._Element) -> None:
    """Drop a record that was read, and all before it, so that memory stays constant."""
    record.clear()
    parent = record.getparent()
    while parent is not None and (before := record.getprevious()) is not None:
        parent.remove(before)
