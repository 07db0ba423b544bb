"""Reads records by their bytes where a report is written the usual way: most records say what an earlier one said.

Between its address with its count and its end, a record of a large report repeats another one to the byte in nearly all
cases, so that it has to be parsed once. Whatever is written otherwise is left to the parser: `None` says so, and a test
holds both ways against each other. Nothing here is believed that was not parsed strictly at least once.
"""

from __future__ import annotations

import hashlib
import re
from itertools import chain
from typing import NamedTuple

from lxml import etree

from reports.dto import Address, AggregateRow
from reports.folded import Folded
from reports.ingest.reading.records import MOST_ELEMENTS, MOST_RECORDS
from reports.ingest.reading.repairs import Repairs
from reports.ingest.reading.shapes import Records
from reports.ingest.reading.skeletons import Skeleton, read_skeleton
from reports.ingest.reading.values import read_address
from reports.ingest.reading.xmltext import XmlText, prepare_usual
from reports.vocabulary import RepairCode

SAYINGS_KEPT = 4096
SAYING_LENGTH = 1 << 14
ROOT_LENGTH = 1 << 12
"""What is kept from one report to the next must be small."""
ADDRESSES_KEPT = 16_384
HASHED_TOGETHER = 500
WINDOW = 1 << 20
"""A record is shorter: what is left of a window beyond that will not become one."""
_ROOT = re.compile(rb"<([A-Za-z][\w.-]*)(?:\s[^<>]*)?>")
_RECORD = re.compile(
    rb"\s*<record>\s*<row>\s*<source_ip>([^<>&]{1,64})</source_ip>\s*<count>\s*([0-9]{1,15})\s*</count>"
)
_OPEN, _CLOSE = b"<record>", b"</record>"


class Split(NamedTuple):
    """A report whose root is at `start`; its records begin at `first` and end before `end`; `without` is all the rest."""

    data: bytes
    root: bytes
    root_name: bytes
    start: int
    first: int
    end: int
    without: bytes


class QuickRecords(NamedTuple):
    """All rows of a report, and the hash over them."""

    rows: list[AggregateRow]
    rows_hash: bytes


class _Sayings(dict[bytes, Skeleton]):
    """Skeletons by the bytes that say them, for reports that begin with the same root element."""

    def __init__(self, root: bytes, name: bytes) -> None:
        super().__init__()
        self._records = Records(root, name)
        self.elements = 0
        """How many had to be looked at since somebody set this to 0."""

    def __missing__(self, said: bytes) -> Skeleton:
        """Parse it. Raises etree.XMLSyntaxError where it is not well-formed, ValueError where it is no single record of the RFC."""
        if len(said) > SAYING_LENGTH or self.elements > MOST_ELEMENTS:
            raise ValueError("more than is kept")
        flat = self._records.flat(said)
        self.elements += len(flat)
        skeleton = read_skeleton(flat)
        if skeleton.has_unknown or any(name == "row" for name, _ in flat):
            raise ValueError("elements that are to be kept, or several rows")
        if len(self) >= SAYINGS_KEPT:
            self.clear()
        self[said] = skeleton
        return skeleton


# One pair is enough: nearly all reporters write the same root element.
_by_root: dict[bytes, _Sayings] = {}
ROOTS_KEPT = 16
_addresses: dict[bytes, tuple[Address, bytes, bool]] = {}


def split_records(text: XmlText) -> Split | None:
    """Tell the records from the rest by their bytes; None where there are none.

    Whoever reads the rest has to see that nothing in it is a record written in another way.
    """
    data = text.data
    root = _ROOT.match(data, text.start)
    first = data.find(_OPEN, text.start)
    if (
        text.before
        or root is None
        or len(root[0]) > ROOT_LENGTH
        or first < 0
        or data.find(b"<!", text.start, first) >= 0
    ):
        return None
    end = data.rfind(_CLOSE) + len(_CLOSE)
    if end <= first:
        return None
    return Split(data, root[0], root[1], text.start, first, end, data[text.start : first] + data[end:])


def quick_records(split: Split, *, repairs: Repairs) -> QuickRecords | None:
    """The rows in document order; None where anything is unusual, with `repairs` then to be thrown away."""
    rows = Rows(_sayings(split.root, split.root_name), repairs=repairs)
    try:
        end = rows.take(split.data, split.first)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return rows.all() if end == split.end else None


def quick_windows(folded: Folded, *, repairs: Repairs) -> tuple[bytes, QuickRecords] | None:
    """The same of a text that is unfolded piece by piece: all but the records, and these. None where anything is unusual."""
    pieces = folded.pieces()
    window = next(pieces, b"")
    text = prepare_usual(window)
    begin = split_records(text) if text else None
    if begin is None:
        return None
    rows = Rows(_sayings(begin.root, begin.root_name), repairs=repairs)
    head, start = begin.without[: begin.first - begin.start], begin.first
    try:
        for piece in chain([b""], pieces):
            window = window[start:] + piece
            start = rows.take(window, 0)
            if len(window) - start > WINDOW:
                return None
    except (etree.XMLSyntaxError, ValueError):
        return None
    rest = window[start:]
    return None if _CLOSE in rest else (head + rest, rows.all())


def _sayings(root: bytes, name: bytes) -> _Sayings:
    found = _by_root.get(root)
    if found is None:
        if len(_by_root) >= ROOTS_KEPT:
            _by_root.clear()
        found = _by_root[root] = _Sayings(root, name)
    return found


class Rows:
    """Takes rows from a text, or from one window of it after the other."""

    def __init__(self, sayings: _Sayings, *, repairs: Repairs) -> None:
        self._sayings = sayings
        self._repairs = repairs
        self._hash = hashlib.sha256()
        self._rows: list[AggregateRow] = []
        sayings.elements = 0

    def take(self, data: bytes, position: int) -> int:
        """Take the whole records that stand one after another from `position` on; returns where the last one ends.

        Raises etree.XMLSyntaxError or ValueError for what only the whole parser can take.
        """
        rows, sayings, repairs = self._rows, self._sayings, self._repairs
        canonical: list[bytes] = []
        number = len(rows)
        while (found := _RECORD.match(data, position)) is not None:
            start = found.end()
            end = data.find(_CLOSE, start)
            if end < 0:
                break
            skeleton = sayings[data[start:end]]
            number += 1
            if number > MOST_RECORDS:
                raise ValueError("more than is read")
            address, prefix, is_rewritten = _address(found[1])
            count = int(found[2])
            if is_rewritten:
                repairs.note(RepairCode.ADDRESS_REWRITTEN, "row/source_ip", found[1].decode(), row=number)
            for code, place, sent in skeleton.notes:
                repairs.note(code, place, sent, row=number)
            rows.append(AggregateRow(number, address, count, *skeleton[:9]))
            canonical.append(b"%b%d %b\n" % (prefix, count, skeleton.canonical))
            if len(canonical) >= HASHED_TOGETHER:
                self._hash.update(b"".join(canonical))
                canonical.clear()
            position = end + len(_CLOSE)
        self._hash.update(b"".join(canonical))
        return position

    def all(self) -> QuickRecords:
        return QuickRecords(self._rows, self._hash.digest())


def _address(sent: bytes) -> tuple[Address, bytes, bool]:
    """The address, its canonical form, and whether it was rewritten. Raises ValueError where it is none."""
    known = _addresses.get(sent)
    if known is None:
        address, is_rewritten = read_address(sent.decode())
        if address is None:
            raise ValueError("no address")
        if len(_addresses) >= ADDRESSES_KEPT:
            _addresses.clear()
        known = _addresses[sent] = (address, b"%c%b" % (address.version, address.packed), is_rewritten)
    return known
