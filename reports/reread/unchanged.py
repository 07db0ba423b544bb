"""Tells which messages another reading leaves exactly as they are, so that nothing has to be written for them.

Compares what would be written with what is stored, value by value and row by row. It knows aggregate reports that nothing
else has touched; of everything else it says nothing, and whoever replaces decides.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection

from reports.dto import AggregateReport
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
_MESSAGE, _INDEX, _STORED_AT = (_NAMES.index(name) for name in ("message_id", "payload_index", "stored_at"))
_REPORT = ROW_COLUMNS.index("report_id")
_LEDGER = """
SELECT id, outcome, reason, problems, subject, sender FROM reports_message m WHERE id = ANY(%s::bigint[])
AND NOT EXISTS (SELECT FROM reports_sighting s WHERE s.message_id = m.id)
AND NOT EXISTS (SELECT FROM reports_failurereport f WHERE f.message_id = m.id)
AND NOT EXISTS (SELECT FROM reports_tlsreport t WHERE t.message_id = m.id)
"""
_REPORTS = f"""
SELECT {", ".join(COLUMNS)}, is_counted AND proven_by_id IS NULL AND coalesce(extensions, '[]') = '[]'
    AND NOT EXISTS (SELECT FROM reports_aggregatereport o WHERE o.superseded_by_id = r.id)
FROM reports_aggregatereport r WHERE message_id = ANY(%s::bigint[])
"""  # noqa: S608  (constants)
_ROWS = f"""
SELECT {", ".join(ROW_COLUMNS)} FROM unnest(%s::bigint[], %s::date[], %s::bigint[]) AS p(domain_id, day, report_id)
JOIN reports_aggregaterow r USING (domain_id, day, report_id)
WHERE r.organisation_id = %s AND r.day BETWEEN %s AND %s
"""  # noqa: S608

Pair = tuple[int, FiledAggregate]
Row = tuple[Any, ...]


def unchanged(
    readings: Sequence[tuple[int, Reading]], *, organisation: Organisation, at: datetime
) -> Mapping[int, Came]:
    """Those of the messages of which everything is stored as it was just read, with what came of them. A few queries."""
    entries = _ledger([pk for pk, _ in readings])
    same = {pk: reading for pk, reading in readings if pk in entries and _is_simple(reading)}
    results = {pk: _result(pk, reading) for pk, reading in same.items()}
    same = {pk: reading for pk, reading in same.items() if entries[pk] == _entry(results[pk], reading)}
    filed = store.file(list(same.items()), organisation=organisation, at=at)
    pairs, others = _paired(filed.aggregates, _stored(same), organisation=organisation)
    others |= _other_rows(
        [pair for pair in pairs if pair[1].message_id not in others], organisation=organisation, at=at
    )
    return {pk: _came(results[pk], reading) for pk, reading in same.items() if pk not in others}


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
    """The reports of the messages by message and payload: COLUMNS, and whether nothing but reading made them so."""
    with connection.cursor() as cursor:
        cursor.execute(_REPORTS, [array_of(message_ids)])
        return {(row[_MESSAGE], row[_INDEX]): row for row in cursor}


def _paired(
    filed: Iterable[FiledAggregate], stored: Mapping[tuple[int, int], Row], *, organisation: Organisation
) -> tuple[list[Pair], set[int]]:
    """The reports that are stored with the same values, with their primary keys, and the messages with any other."""
    left = dict(stored)
    pairs: list[Pair] = []
    others: set[int] = set()
    for each in filed:
        row = left.pop((each.message_id, each.payload_index), None)
        if row and row[-1] and _is_same(row[:-1], each, organisation=organisation):
            pairs.append((row[0], each))
        else:
            others.add(each.message_id)
    return pairs, others | {message_id for message_id, _ in left}


def _is_same(stored: Row, filed: FiledAggregate, *, organisation: Organisation) -> bool:
    read = fields_of(stored[0], filed, organisation=organisation, at=stored[_STORED_AT])
    return all(
        mine == its or (place in _JSON and _decoded(mine) == _decoded(its))
        for place, (mine, its) in enumerate(zip(read, stored, strict=True))
    )


def _other_rows(pairs: Sequence[Pair], *, organisation: Organisation, at: datetime) -> set[int]:
    """The messages with a report of which other rows are stored than these."""
    if not pairs:
        return set()
    days = [each.day for _, each in pairs]
    places = [each.domain_id for _, each in pairs], days, [pk for pk, _ in pairs]
    stored: dict[bytes, list[bytes]] = defaultdict(list)
    for line in copied_out(_ROWS, [*places, organisation.pk, min(days), max(days)]):
        stored[line.split(b"\t", _REPORT + 1)[_REPORT]].append(line)
    writer = RowWriter(organisation, own_domains=own_names(organisation))
    read: dict[bytes, list[bytes]] = defaultdict(list)
    for text in writer.lines(pairs, at=at):
        line = text.encode()
        read[line.split(b"\t", _REPORT + 1)[_REPORT]].append(line)
    keys = {str(pk).encode(): each.message_id for pk, each in pairs}
    return {message_id for key, message_id in keys.items() if not _are_same(stored[key], read[key])}


def _are_same(stored: list[bytes], read: list[bytes]) -> bool:
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


def _decoded(text: str) -> object:
    return _known(text) if len(text) <= KEPT_LENGTH else json.loads(text)


@lru_cache(maxsize=10_000)
def _known(text: str) -> object:
    return json.loads(text)
