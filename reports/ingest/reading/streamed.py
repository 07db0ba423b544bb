"""Reads one aggregate report as a stream of XML: rows as they come, the rest of it once they have ended."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from itertools import islice

from lxml import etree

from reports.dto import AggregateHead, AggregateRow, Extension, Payload, RejectedRow
from reports.errors import Unreadable
from reports.ingest.reading.broken import pieces
from reports.ingest.reading.extensions import Extensions, unknown_within
from reports.ingest.reading.head import HEAD_NAMES, HeadParts, build_head
from reports.ingest.reading.hints import hints_of
from reports.ingest.reading.names import PARTS, WANTED, WANTED_TAGS, LocalNames, namespace_of
from reports.ingest.reading.records import RecordReader
from reports.ingest.reading.repairs import Repairs
from reports.ingest.reading.xmltext import XmlText
from reports.vocabulary import Reason

ERRORS_NOTED = 5
_ALL_BUT_BRACKETS = bytes(code for code in range(256) if code not in b"<>")
_OPEN_TAGS = b"<" * 256
"""None of them ends. For each, the parser looks through all that follows up to where one does: 1 MB takes minutes."""
PARTS_WITHIN = 2
"""Where the end of a part is missing, the next one lies in it; each is read with all that it holds."""
LONGEST_ELEMENT = 4 << 20
"""Bytes between the ends of two records, which the parser holds in a tree of up to thirty times their size."""


_PREFIX = re.compile(rb"xmlns:([^\s=]{1,100})")
MOST_PREFIXES = 50
"""Different ones in one report. Each element is looked for among all that were declared around it, however deep it lies."""


class AggregateReader:
    """Iterates over the rows of one report, good and rejected, in document order and in constant memory.

    `head()`, `rows_hash`, `extensions` and `errors` are whole once the iteration has ended. Where the text then
    `is_broken`, the parser may have passed over rows: `each_by_itself` reads them. Raises Unreadable for more or larger
    records than anybody writes.
    """

    def __init__(self, text: XmlText, payload: Payload, *, repairs: Repairs) -> None:
        self._text = text
        self._payload = payload
        self._repairs = repairs
        self._hash = hashlib.sha256()
        self._parts = HeadParts(repairs)
        self._extensions = Extensions(repairs=repairs)
        self._root: etree._Element | None = None
        self._names = LocalNames("", repairs=repairs)
        self._records = RecordReader(self._names, repairs=repairs, extensions=self._extensions)
        self.errors: list[tuple[int, str]] = []
        self.is_broken = False

    def __iter__(self) -> Iterator[AggregateRow | RejectedRow]:
        # The text is UTF-8 without prolog by now, so no DTD, no entity and no declared encoding can reach the parser.
        parser = etree.XMLPullParser(
            events=("end",), tag=WANTED_TAGS, encoding="utf-8", recover=True, resolve_entities=False, no_network=True,
            load_dtd=False, remove_comments=True, remove_pis=True, huge_tree=False,
        )  # fmt: skip
        _check(self._text)
        held = 0
        for chunk in self._text.chunks():
            parser.feed(chunk)
            position = self._records.position
            yield from self._rows(parser)
            held = held + len(chunk) if self._records.position == position else 0
            if held > LONGEST_ELEMENT and any(map(_is_error, parser.feed_error_log)):
                break  # the parser gave up; whoever asked reads the records one by one
            if held > LONGEST_ELEMENT:
                raise Unreadable(Reason.TOO_MANY_ELEMENTS)
        try:
            parser.close()
        except etree.XMLSyntaxError as error:
            self.errors.append((error.lineno or 0, error.msg or ""))
        yield from self._rows(parser)
        for child in () if self._root is None else self._root.iterchildren("*"):
            self._keep_unknown(child)
        entries = list(parser.feed_error_log)
        self.is_broken = bool(self.errors) or any(map(_is_error, entries))
        self.errors += [(entry.line, entry.message) for entry in entries[:ERRORS_NOTED]]

    def each_by_itself(self, text: XmlText) -> Iterator[AggregateRow | RejectedRow]:
        """The rows of a broken text, one by one; the reader itself was given what stands beside its records."""
        for piece in pieces(text):
            if piece.record is None:
                yield self._records.reject_text(piece.text, piece.code)
                self._hash.update(self._records.canonical)
            else:
                self._start(piece.record)
                yield from self._rows_of(piece.record)

    def _rows(self, parser: etree.XMLPullParser) -> Iterator[AggregateRow | RejectedRow]:
        for _, element in parser.read_events():
            if not isinstance(element, etree._Element):
                continue  # what the stubs allow for other kinds of events
            self._start(element)
            name = self._names[element.tag]
            if not name and element.getparent() is self._root:
                name = self._names.adopt(element.tag, instead_of=PARTS)
            if name == "record":
                yield from self._rows_of(element)
                self._forget(element)
            elif name and not self._lies_deep(element):
                self._head_element(name, element)

    def _rows_of(self, record: etree._Element) -> Iterator[AggregateRow | RejectedRow]:
        for row in self._records.read(record):
            self._hash.update(self._records.canonical)
            yield row

    def _start(self, element: etree._Element) -> None:
        """Take the root element of the first element that comes for that of the report."""
        if self._root is None:
            self._root = element.getroottree().getroot()
            self._parts.namespace = namespace_of(self._root.tag)
            self._names.root_namespace = self._parts.namespace

    def _lies_deep(self, element: etree._Element) -> bool:
        parts = (each for each in element.iterancestors() if self._names[each.tag] in PARTS)
        return next(islice(parts, PARTS_WITHIN, None), None) is not None

    def _head_element(self, name: str, element: etree._Element) -> None:
        if name == "report_metadata":
            self._parts.metadata.add(self._flat(element))
        elif name == "policy_published":
            self._parts.policy.add(self._flat(element))
        elif element.getparent() is not self._root:
            return  # within an extension or a record, which keep it
        elif name == "version":
            self._parts.version = self._parts.version or (element.text or "").strip()
        else:
            self._extensions.add(element, name, place=name)

    def _flat(self, element: etree._Element) -> list[tuple[str, str | None]]:
        names = self._names
        unknown = list(unknown_within(element, names, HEAD_NAMES))
        for each, name, place in unknown:
            self._extensions.add(each, name, place=place)
        foreign = {inner for each, _, _ in unknown for inner in each.iter("*")}
        return [(names[each.tag], each.text) for each in element.iter("*") if each not in foreign]

    def _keep_unknown(self, child: etree._Element) -> None:
        name = self._names[child.tag]
        if name not in WANTED and next(child.iter(WANTED_TAGS), None) is None:  # a wrapping around parts that were read
            self._extensions.add(child, name, place="feedback")

    def _forget(self, record: etree._Element) -> None:
        """Drop a record that was read, and all before it, so that memory stays constant."""
        record.clear()
        parent = record.getparent()
        while parent is not None and (before := record.getprevious()) is not None:
            if parent is self._root and isinstance(before.tag, str):  # else a reference that nobody can resolve
                self._keep_unknown(before)
            parent.remove(before)

    @property
    def rows_hash(self) -> bytes:
        return self._hash.digest()

    @property
    def extensions(self) -> tuple[Extension, ...]:
        return self._extensions.all()

    def head(self, *, first_from: str) -> AggregateHead:
        """The report-level part; raises `Unreadable` where it says too little to be counted anywhere.

        `first_from` is the first From domain of a row: it stands in for the domain of the policy in the last resort.
        """
        if self._root is None:
            raise Unreadable(Reason.NOT_AGGREGATE)
        return build_head(self._parts, first_from=first_from, hints=hints_of(self._payload), repairs=self._repairs)


def _check(text: XmlText) -> None:
    """Raises Unreadable for what would keep the parser busy for minutes, and nobody writes."""
    if _OPEN_TAGS in text.data.translate(None, _ALL_BUT_BRACKETS):
        raise Unreadable(Reason.NOT_XML)
    prefixes = set[bytes]()
    for found in _PREFIX.finditer(text.data, text.start):
        prefixes.add(found[1])
        if len(prefixes) > MOST_PREFIXES:
            raise Unreadable(Reason.TOO_MANY_ELEMENTS)


def _is_error(entry: etree._LogEntry) -> bool:
    """Whether XML is broken there; a prefix that nobody declared breaks nothing."""
    return bool(entry.domain_name != "NAMESPACE")
