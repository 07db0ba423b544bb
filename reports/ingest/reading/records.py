"""One `record` element becomes one row, or one rejected row with its text. Keeps nothing but skeletons already read."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from reports.dto import AggregateRow, RejectedRow
from reports.errors import Unreadable
from reports.ingest.reading.extensions import Extensions, unknown_within
from reports.ingest.reading.flat import RECORD_NAMES, Flat
from reports.ingest.reading.names import FOREIGN, LocalNames
from reports.ingest.reading.repairs import Repairs
from reports.ingest.reading.skeletons import Skeleton, read_skeleton
from reports.ingest.reading.values import read_address, read_count
from reports.vocabulary import Reason, RepairCode

SKELETONS_KEPT = 4096
MOST_RECORDS = 1_000_000
MOST_ELEMENTS = 4_000_000
"""Of records that differ in more than address and count: some thousand elements in the largest real reports. Each takes
hundreds of bytes, and an archive of some kilobytes may hold millions.
"""
TEXT_LENGTH = 4000
USUAL_PLACE = 2  # record, row, source_ip, count
_IN_RECORD = frozenset({"row", "identifiers", "auth_results"})
_IN_ROW = frozenset({"source_ip", "count", "policy_evaluated"})

_NOWHERE_ELSE = frozenset(
    {"row", "source_ip", "count", "policy_evaluated", "disposition", "identifiers", "identities", "header_from", "auth_results"}
)  # fmt: skip
"""What an element of another name has to hold to be taken for a wrapping, if it stands in none but it."""
_LISTS = frozenset({"reasons", "dkims", "spfs", "dkim_results", "spf_results"})
"""Elements around several of a kind, which no RFC has."""

_Elements = list[tuple[str, str | None]]


class RecordReader:
    """Reads the records of one report in document order. `canonical` are the bytes of the last one for the rows hash."""

    def __init__(self, names: LocalNames, *, repairs: Repairs, extensions: Extensions) -> None:
        self._names = names
        self._repairs = repairs
        self._extensions = extensions
        self._skeletons: dict[Flat, Skeleton] = {}
        self._elements = 0
        self.position = 0
        self.canonical = b""

    def read(self, record: etree._Element) -> Iterator[AggregateRow | RejectedRow]:
        """The row of the record, or each of several that share its identifiers and results.

        Raises Unreadable past MOST_RECORDS or MOST_ELEMENTS, as `reject_text` does.
        """
        flat = self._flat(record)
        names = [name for name, _ in flat]
        if FOREIGN in names and self._adopt(record):
            flat = self._flat(record)
            names = [name for name, _ in flat]
        if names.count("row") > 1 and len(rows := self._rows_in(record)) > 1:
            self._keep_unknown(record, self.position + 1)
            for row, said in self._each_row(record, rows):
                yield self._row(said, row, is_kept=True)
        else:
            yield self._row(flat, record)

    def _rows_in(self, record: etree._Element) -> list[etree._Element]:
        return [child for child in record.iterchildren("*") if self._names[child.tag] == "row"]

    def _flat(self, element: etree._Element) -> _Elements:
        names = self._names
        return [(names[each.tag], each.text) for each in self._heard(element)]

    def _heard(self, element: etree._Element) -> list[etree._Element]:
        """The element with all in it, but for what unknown ones hold: an extension may have a domain and a result, too."""
        names = self._names
        heard = list(element.iter("*"))
        if all(names[each.tag] in RECORD_NAMES for each in heard):
            return heard
        unknown = [
            list(each.iterdescendants("*")) for each, _, _ in unknown_within(element, names, RECORD_NAMES | _LISTS)
        ]
        within = {each for held in unknown for each in held}
        missing = _NOWHERE_ELSE - {names[each.tag] for each in heard if each not in within}
        passed_over = {each for held in unknown if missing.isdisjoint(names[it.tag] for it in held) for each in held}
        return [each for each in heard if each not in passed_over]

    def _adopt(self, record: etree._Element) -> bool:
        """Let the namespaces count of those elements that stand where the record's own should, and do not."""
        found = self._adopt_within(record, _IN_RECORD)
        for row in self._rows_in(record):
            found = self._adopt_within(row, _IN_ROW) or found
        return found

    def _adopt_within(self, element: etree._Element, parts: frozenset[str]) -> bool:
        names = self._names
        missing = parts - {names[child.tag] for child in element.iterchildren("*")}
        foreign = [child.tag for child in element.iterchildren("*") if names[child.tag] == FOREIGN]
        return any([names.adopt(tag, instead_of=missing) for tag in foreign] if missing else ())

    def _each_row(
        self, record: etree._Element, rows: list[etree._Element]
    ) -> Iterator[tuple[etree._Element, _Elements]]:
        """The rows of a record, each with what belongs to all of them."""
        names = self._names
        self._repairs.note(RepairCode.SEVERAL_ROWS, "row", str(len(rows)), row=self.position + 1)
        within = {element for row in rows for element in row.iter("*")}
        first, *shared = [
            (names[element.tag], element.text) for element in self._heard(record) if element not in within
        ]
        for row in rows:
            self._elements += len(shared)
            yield row, [first, *self._flat(row), *shared]

    def _row(self, flat: _Elements, element: etree._Element, *, is_kept: bool = False) -> AggregateRow | RejectedRow:
        """`element` holds the row; `is_kept` where the extensions in it have been kept."""
        self._count_on()
        sent_address, sent_count, rest = _split(flat)
        skeleton = self._skeleton(rest)
        if skeleton.has_unknown and not is_kept:
            self._keep_unknown(element, self.position)
        if sent_address is None and sent_count is None and not skeleton.has_content:
            return self._rejected(element, Reason.ROW_WITHOUT_CONTENT)
        address, address_rewritten = read_address(sent_address or "")
        if address is None:
            return self._rejected(element, Reason.BAD_SOURCE_IP)
        count, count_rewritten = read_count(sent_count or "")
        if count is None:
            return self._rejected(element, Reason.BAD_COUNT)
        if address_rewritten:
            self._repairs.note(RepairCode.ADDRESS_REWRITTEN, "row/source_ip", sent_address or "", row=self.position)
        if count_rewritten:
            self._repairs.note(RepairCode.COUNT_REWRITTEN, "row/count", sent_count or "", row=self.position)
        for code, place, sent in skeleton.notes:
            self._repairs.note(code, place, sent, row=self.position)
        self.canonical = b"%c%b%d %b\n" % (address.version, address.packed, count, skeleton.canonical)
        return AggregateRow(self.position, address, count, *skeleton[:9])

    def _keep_unknown(self, record: etree._Element, position: int) -> None:
        for element, name, place in unknown_within(record, self._names, RECORD_NAMES):
            self._extensions.add(element, name, place=place, record=position)

    def reject_text(self, text: str, code: str) -> RejectedRow:
        """A record that is none the parser could read."""
        self._count_on()
        self.canonical = b"?%b\n" % text.encode("utf-8", "replace")
        return RejectedRow(self.position, code, text[:TEXT_LENGTH])

    def _count_on(self) -> None:
        self.position += 1
        if self.position > MOST_RECORDS or self._elements > MOST_ELEMENTS:
            raise Unreadable(Reason.TOO_MANY_ELEMENTS)

    def _rejected(self, record: etree._Element, code: str) -> RejectedRow:
        text = etree.tostring(record, encoding="unicode", with_tail=False)[:TEXT_LENGTH]
        self.canonical = "".join(["?", *map(str, record.itertext())]).encode() + b"\n"
        return RejectedRow(self.position, code, text)

    def _skeleton(self, rest: Flat) -> Skeleton:
        found = self._skeletons.get(rest)
        if found is None:
            if len(self._skeletons) >= SKELETONS_KEPT:
                self._skeletons.clear()
            self._elements += len(rest)
            found = self._skeletons[rest] = read_skeleton(rest)
        return found


def _split(flat: _Elements) -> tuple[str | None, str | None, Flat]:
    """Take address and count out of the flat record; nearly always they are the third and fourth element."""
    if [name for name, _ in flat[USUAL_PLACE : USUAL_PLACE + 2]] == ["source_ip", "count"]:
        return flat[USUAL_PLACE][1], flat[USUAL_PLACE + 1][1], tuple(flat[USUAL_PLACE + 2 :])
    first: dict[str, str | None] = {}
    rest: list[tuple[str, str | None]] = []
    for name, text in flat:
        if name in ("source_ip", "count") and name not in first:
            first[name] = text or ""
        else:
            rest.append((name, text))
    return first.get("source_ip"), first.get("count"), tuple(rest)
