"""The time of an aggregate report in parsedmarc's output: its period in UTC, and records that were split by day, whole again.

parsedmarc writes the period of a report in the local time of its machine, the intervals of records in UTC, and splits
records of reports that span more than a day into a part for each day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from reports.ingest.parsedmarc.values import entries, entry, text

Record = Mapping[str, Any]
_OWN = frozenset({"count", "interval_begin", "interval_end"})


def period(report: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Begin and end in epoch seconds, as the reporter sent them wherever the output allows to tell; None where it says nothing.

    A time without offset is taken for UTC where no whole record tells better. Within the hour that the end of summer time
    repeats, parsedmarc takes the earlier one; the length of the period, which it kept, shows that.
    """
    metadata, records = entry(report, "report_metadata"), entries(report, "records")
    begin, end = moment(metadata.get("begin_date")), moment(metadata.get("end_date"))
    span = metadata.get("original_timespan_seconds")
    if not _names_offset(metadata.get("begin_date")):
        begin, end = _by_records(records, begin, end)
    if begin is not None and end is not None and isinstance(span, int) and span >= 0:
        return (end - span, end) if end - begin > span else (begin, begin + span)
    return begin, end


def tells_utc(record: Record) -> bool:
    """Whether the record says when it begins: parsedmarc before 9 did not write that."""
    return bool(record.get("interval_begin"))


def _by_records(records: list[Record], begin: int | None, end: int | None) -> tuple[int | None, int | None]:
    """The bounds of what the records cover. A record split by day covers it too, but for days that got no message."""
    begins = [each for record in records if (each := moment(record.get("interval_begin"))) is not None]
    ends = [each for record in records if (each := moment(record.get("interval_end"))) is not None]
    if not begins or not ends:
        return begin, end
    if not any(record.get("normalized_timespan") for record in records) or begin is None or end is None:
        return min(begins), max(ends)
    shift = _shift(begin, min(begins)) or _shift(end, max(ends))
    return begin + shift, end + shift


def _shift(local: int, utc: int) -> int:
    """The offset from local time to UTC, where the two can be the same moment in some zone of the Earth."""
    shift = utc - local
    return shift if abs(shift) <= 14 * 3600 and shift % 900 == 0 else 0


def _names_offset(value: object) -> bool:
    try:
        return datetime.fromisoformat(text(value).strip()).tzinfo is not None
    except ValueError:
        return False


def moment(value: object) -> int | None:
    """Epoch seconds of "2026-01-31 00:00:00", in UTC where it names no offset."""
    try:
        found = datetime.fromisoformat(text(value).strip())
    except ValueError:
        return None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def joined(records: Iterable[Record], *, begin: int | None, end: int | None) -> Iterator[Record]:
    """The records with the daily parts of one record put together: parts follow each other in time, and differ in nothing else."""
    last: dict[str, Any] | None = None
    for record in records:
        if last is not None and _is_part(record, begin, end) and _follows(last, record):
            last["count"] += record["count"]
            last["interval_end"] = record["interval_end"]
            continue
        if last is not None:
            yield last
        last = dict(record)
    if last is not None:
        yield last


def _is_part(record: Record, begin: int | None, end: int | None) -> bool:
    spans = moment(record.get("interval_begin")), moment(record.get("interval_end"))
    return None not in spans and spans != (begin, end) and isinstance(record.get("count"), int)


def _follows(last: Record, record: Record) -> bool:
    ended, begins = moment(last.get("interval_end")), moment(record.get("interval_begin"))
    if ended is None or begins is None or begins < ended or not isinstance(last.get("count"), int):
        return False
    return {key: last[key] for key in last.keys() - _OWN} == {key: record[key] for key in record.keys() - _OWN}
