"""Compares what messages give now with what is stored of them, value by value and row by row. Reads only.

It knows aggregate reports that nothing but reading has touched; of everything else it says nothing, and whoever replaces
decides.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

from django.db import connection

from reports.dto import AggregateReport, MailFacts
from reports.ingest import ledger, store
from reports.ingest.aggregates import COLUMNS, fields_of
from reports.ingest.copying import array_of, copied_out
from reports.ingest.domains import own_names
from reports.ingest.filed import FiledAggregate
from reports.ingest.outcome import Kept, Reading, Result, conclude
from reports.ingest.rows import COLUMNS as ROW_COLUMNS
from reports.ingest.rows import RowWriter
from reports.models import Organisation
from reports.reread.difference import Came

KEPT_LENGTH = 2000
_NAMES = list(COLUMNS)
_JSON = tuple(_NAMES.index(name) for name in ("policy", "errors", "repairs"))
_STAYING = itemgetter(
    *map(
        _NAMES.index,
        ("domain_id", "day", "identity", "rows_dropped", "sightings", "is_conflicting", "is_secondhand"),
    )
)
"""What says where a report lies, and what others had to do with it; where one is other, its place has to be decided."""
_MESSAGE, _INDEX, _STORED_AT, _REPAIRS = (
    _NAMES.index(name) for name in ("message_id", "payload_index", "stored_at", "repairs")
)
_REPORT, _COUNT = ROW_COLUMNS.index("report_id"), ROW_COLUMNS.index("count")
_RENEWED = "renewed"
_LEDGER = """
SELECT id, outcome, reason, problems, subject, sender FROM reports_message m WHERE id = ANY(%s::bigint[])
AND NOT EXISTS (SELECT FROM reports_sighting s WHERE s.message_id = m.id)
AND NOT EXISTS (SELECT FROM reports_failurereport f WHERE f.message_id = m.id)
AND NOT EXISTS (SELECT FROM reports_tlsreport t WHERE t.message_id = m.id)
"""
_REPORTS = f"""
SELECT {", ".join(COLUMNS)}, xmin::text, is_counted AND proven_by_id IS NULL AND coalesce(extensions, '[]') = '[]'
    AND NOT EXISTS (SELECT FROM reports_aggregatereport o WHERE o.superseded_by_id = r.id)
FROM reports_aggregatereport r WHERE message_id = ANY(%s::bigint[])
"""  # noqa: S608  (constants)
_ROWS = f"""
SELECT {", ".join(ROW_COLUMNS)} FROM unnest(%s::bigint[], %s::date[], %s::bigint[]) AS p(domain_id, day, report_id)
JOIN reports_aggregaterow r USING (domain_id, day, report_id)
WHERE r.organisation_id = %s AND r.day BETWEEN %s AND %s
"""  # noqa: S608

Row = tuple[Any, ...]


@dataclass(slots=True)
class Standing:
    """A report that stays where it is stored: `values` and `lines` are what was read, as the tables take them.

    `version`, `repairs` and `lines_before` are of what is stored; by the first it can be told later whether somebody has
    changed the report meanwhile.
    """

    filed: FiledAggregate
    values: Row
    version: str
    repairs: str
    is_same: bool
    has_same_rows: bool = False
    lines: Sequence[str] = ()
    lines_before: Sequence[bytes] = ()

    @property
    def pk(self) -> int:
        return int(self.values[0])


@dataclass(frozen=True, slots=True)
class Renewal:
    """A message of which other values are stored than were read, in the same places, and what came of it before and after.

    `end` is how it ends now, where the ledger says otherwise.
    """

    reports: Sequence[Standing]
    end: tuple[Result, MailFacts] | None
    before: Came
    after: Came


@dataclass(frozen=True, slots=True)
class Compared:
    """Messages of which all is stored as it was just read, and those for which values in their places are to be renewed."""

    same: Mapping[int, Came]
    renewals: Mapping[int, Renewal]


def compare(readings: Sequence[tuple[int, Reading]], *, organisation: Organisation, at: datetime) -> Compared:
    """Those of the messages that need no deciding. A few queries."""
    entries = _ledger([pk for pk, _ in readings])
    simple = {pk: reading for pk, reading in readings if pk in entries and _is_simple(reading)}
    results = {pk: _result(pk, reading) for pk, reading in simple.items()}
    filed = store.file(list(simple.items()), organisation=organisation, at=at)
    standing = _standing(filed.aggregates, _stored(simple), messages=simple, organisation=organisation)
    _compare_rows([each for reports in standing.values() for each in reports], organisation=organisation, at=at)
    same: dict[int, Came] = {}
    renewals: dict[int, Renewal] = {}
    for pk, reports in standing.items():
        reading, result = simple[pk], results[pk]
        came = _came(result, reading)
        end = None if entries[pk] == _entry(result, reading) else (result, reading.mail)
        if end is None and all(each.is_same and each.has_same_rows for each in reports):
            same[pk] = came
        else:
            renewals[pk] = Renewal(reports, end, _stood(entries[pk], reports), replace(came, content=_RENEWED))
    return Compared(same, renewals)


def _is_simple(reading: Reading) -> bool:
    contents = [report.content for report in reading.reports]
    return all(isinstance(each, AggregateReport) and not (each.rejected or each.extensions) for each in contents)


def _result(pk: int, reading: Reading) -> Result:
    """How the message ends if all its reports are its own."""
    return conclude(reading, [Kept(is_new=True)] * len(reading.reports), message_id=pk)


def _ledger(message_ids: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_LEDGER, [array_of(message_ids)])
        return {pk: (outcome, reason, _decoded(problems), *mail) for pk, outcome, reason, problems, *mail in cursor}


def _entry(result: Result, reading: Reading) -> tuple[Any, ...]:
    """What the ledger would say, as `_ledger` has it."""
    end = ledger.end_of(result, reading.mail)
    return end["outcome"], end["reason"], end["problems"], end["subject"], end["sender"]


def _stored(message_ids: Iterable[int]) -> dict[tuple[int, int], Row]:
    """The reports of the messages by message and payload: COLUMNS, the version, and whether only reading made them so."""
    with connection.cursor() as cursor:
        cursor.execute(_REPORTS, [array_of(message_ids)])
        return {(row[_MESSAGE], row[_INDEX]): row for row in cursor}


def _standing(
    filed: Iterable[FiledAggregate],
    stored: Mapping[tuple[int, int], Row],
    *,
    messages: Iterable[int],
    organisation: Organisation,
) -> dict[int, list[Standing]]:
    """The reports of each of the messages whose reports are all stored under the same identities in the same places."""
    left = dict(stored)
    standing: dict[int, list[Standing]] = {pk: [] for pk in messages}
    others: set[int] = set()
    for each in filed:
        row = left.pop((each.message_id, each.payload_index), None)
        found = _compared(row, each, organisation=organisation) if row and row[-1] else None
        if found:
            standing[each.message_id].append(found)
        else:
            others.add(each.message_id)
    others |= {message_id for message_id, _ in left}
    return {pk: reports for pk, reports in standing.items() if pk not in others}


def _compared(row: Row, filed: FiledAggregate, *, organisation: Organisation) -> Standing | None:
    """The report beside its stored row; None where it would not stay there, or where more than reading made either."""
    *stored, version, _ = row
    read = fields_of(stored[0], filed, organisation=organisation, at=stored[_STORED_AT])
    if _STAYING(stored) != _STAYING(read):
        return None
    is_same = all(
        mine == its or (place in _JSON and _decoded(mine) == _decoded(its))
        for place, (mine, its) in enumerate(zip(read, stored, strict=True))
    )
    return Standing(filed, read, version, stored[_REPAIRS], is_same)


def _compare_rows(reports: Sequence[Standing], *, organisation: Organisation, at: datetime) -> None:
    """Find out which reports have other rows stored, and what these said."""
    if not reports:
        return
    filed = [each.filed for each in reports]
    days = [each.day for each in filed]
    places = [each.domain_id for each in filed], days, [each.pk for each in reports]
    stored: dict[bytes, list[bytes]] = defaultdict(list)
    for line in copied_out(_ROWS, [*places, organisation.pk, min(days), max(days)]):
        stored[line.split(b"\t", _REPORT + 1)[_REPORT]].append(line)
    writer = RowWriter(organisation, own_domains=own_names(organisation))
    read: dict[str, list[str]] = defaultdict(list)
    for text in writer.lines([(each.pk, each.filed) for each in reports], at=at):
        read[text.split("\t", _REPORT + 1)[_REPORT]].append(text)
    for each in reports:
        key = str(each.pk)
        each.lines, each.lines_before = read[key], stored[key.encode()]
        each.has_same_rows = _are_same(each.lines_before, [line.encode() for line in each.lines])


def _are_same(stored: Sequence[bytes], read: Sequence[bytes]) -> bool:
    return stored == read or sorted(stored) == sorted(read)


def _came(result: Result, reading: Reading) -> Came:
    contents = [each.content for each in reading.reports if isinstance(each.content, AggregateReport)]
    return Came(
        outcome=str(result.outcome),
        reason=result.reason,
        reports=len(contents),
        rows=reading.rows,
        messages=sum(each.messages for each in contents),
        repairs=sum(len(each.repairs) for each in contents),
    )


def _stood(entry: tuple[Any, ...], reports: Sequence[Standing]) -> Came:
    """What is stored of a message; none of its rows was rejected, else it would not be here."""
    outcome, reason, *_ = entry
    return Came(
        outcome,
        reason,
        reports=len(reports),
        rows=sum(len(each.lines_before) for each in reports),
        messages=sum(int(line.split(b"\t", _COUNT + 1)[_COUNT]) for each in reports for line in each.lines_before),
        repairs=sum(len(json.loads(each.repairs)) for each in reports),
    )


def _decoded(text: str) -> object:
    return _known(text) if len(text) <= KEPT_LENGTH else json.loads(text)


@lru_cache(maxsize=10_000)
def _known(text: str) -> object:
    return json.loads(text)
