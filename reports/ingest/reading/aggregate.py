"""Reads one aggregate report (RFC 7489, RFC 9990 and the drafts between): the short way, the whole way, or piece by piece.

Stores and decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reports.dto import AggregateReport, AggregateRow, Payload, RejectedRow
from reports.errors import Unreadable
from reports.folded import Folded
from reports.ingest.reading.broken import without_comments, without_records
from reports.ingest.reading.head import HeadParts, build_head
from reports.ingest.reading.hints import hints_of
from reports.ingest.reading.mending import bare_ampersands, mend
from reports.ingest.reading.quick_head import quick_head
from reports.ingest.reading.quick_records import QuickRecords, quick_records, quick_windows, split_records
from reports.ingest.reading.repairs import DISTINCT, Repairs
from reports.ingest.reading.streamed import ERRORS_NOTED, AggregateReader
from reports.ingest.reading.xmltext import ORPHAN_ROOT, XmlText, prepare
from reports.vocabulary import Reason, RepairCode

TAIL = 4096
AMPERSANDS = 10_000
"""Bare ones are mended beforehand: for each the parser looks for a semicolon in all that follows."""
_ROW_SIGN = re.compile(rb"(?i)source[_-]?ip|policy[_-]?evaluated|header[_-]?from")
"""Where one of these stands and no record could be made out, the report is not empty."""


def read_aggregate(payload: Payload) -> AggregateReport:
    """Read the whole report; raise `Unreadable` where the payload is none, or lacks domain, period or reporter.

    One that breaks off before its first whole record is unreadable too: its head may be cut in the middle of a name.
    XML that is not well-formed is mended as far as its mistakes are known ones, and else read record by record, so that
    each whole record is counted and each other one is kept as a rejected row.
    """
    if payload.folded is not None:
        found = _read_folded(payload.folded, payload)
        if found is not None:
            return found
        payload = payload._replace(data=payload.folded.whole(), folded=None)
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
    return _built(parts, quick, payload, repairs=repairs) if quick else None


def _read_folded(folded: Folded, payload: Payload) -> AggregateReport | None:
    """The same without ever holding the whole text."""
    repairs = Repairs()
    found = quick_windows(folded, repairs=repairs)
    noted = Repairs(payload.repairs)
    parts = quick_head(found[0], repairs=noted) if found else None
    if found is None or parts is None:
        return None
    if len(noted.all()) + len(repairs.all()) > DISTINCT:
        return None
    for repair in repairs.all():
        noted.note(repair.code, repair.place, repair.sent, times=repair.times)
    return _built(parts, found[1], payload, repairs=noted)


def _built(parts: HeadParts, quick: QuickRecords, payload: Payload, *, repairs: Repairs) -> AggregateReport:
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
    text = _without_bare_ampersands(text, repairs=repairs)
    known = repairs.all()
    reader = AggregateReader(text, payload, repairs=repairs)
    found = list(reader)
    mended = mend(text, repairs=(with_mending := Repairs(known))) if reader.errors else None
    if mended:
        text, repairs, known = mended, with_mending, with_mending.all()
        reader = AggregateReader(text, payload, repairs=repairs)
        found = list(reader)
    errors, is_broken = reader.errors, reader.is_broken
    if is_broken:
        text, repairs = without_comments(text), Repairs(known)
        reader = AggregateReader(without_records(text), payload, repairs=repairs)
        found = [*reader, *reader.each_by_itself(text)]
    breaks_off = bool(errors) and _breaks_off(text)
    if breaks_off:
        repairs.note(RepairCode.XML_TRUNCATED)
    for line, message in errors[:ERRORS_NOTED]:
        code = RepairCode.XML_RECOVERED if is_broken else RepairCode.UNDECLARED_PREFIX
        repairs.note(code, f"line {line}", message)
    rows = [row for row in found if isinstance(row, AggregateRow)]
    if breaks_off and not rows:
        raise Unreadable(Reason.REPORT_TRUNCATED)
    if is_broken and not found and _ROW_SIGN.search(text.data):
        raise Unreadable(Reason.NOT_XML)
    head = reader.head(first_from=next((row.header_from for row in rows if row.header_from), ""))
    if not found:
        repairs.note(RepairCode.NO_RECORDS)
    return AggregateReport(
        head=head,
        rows=_with_header_from(rows, head.policy.domain, repairs=repairs),
        rejected=tuple(row for row in found if isinstance(row, RejectedRow)),
        repairs=repairs.all(),
        rows_hash=reader.rows_hash,
        extensions=reader.extensions,
    )


def _without_bare_ampersands(text: XmlText, *, repairs: Repairs) -> XmlText:
    """The text as it is where there are few, since it may be well-formed with any number of others."""
    if text.data.count(b"&") > AMPERSANDS and bare_ampersands(text) > AMPERSANDS:
        return mend(text, repairs=repairs) or text
    return text


def _breaks_off(text: XmlText) -> bool:
    """True where a text with errors ends before its root element does; without a root element, its last record counts."""
    if text.before == ORPHAN_ROOT:
        return b"record" not in text.data[-TAIL:].lower().rpartition(b"</")[2]
    end = re.compile(rb"(?i)</(?:[\w.-]+:)?" + re.escape(text.root) + rb"[\s>]")
    return not end.search(text.data, text.start)


def _with_header_from(rows: Sequence[AggregateRow], domain: str, *, repairs: Repairs) -> tuple[AggregateRow, ...]:
    missing = [row.position for row in rows if not row.header_from]
    if not missing:
        return tuple(rows)
    repairs.note(RepairCode.HEADER_FROM_ASSUMED, "identifiers/header_from", domain, row=missing[0], times=len(missing))
    return tuple(row if row.header_from else row._replace(header_from=domain) for row in rows)
