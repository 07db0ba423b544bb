"""Writes aggregate reports: which are new, which were seen before, which contradict another. The caller holds the buckets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from django.db import connection

from reports.dto import PolicyPublished
from reports.ingest.conflicts import settle
from reports.ingest.copying import array_of, copy_rows, next_ids
from reports.ingest.filed import Before, FiledAggregate, Key, Place
from reports.ingest.outcome import Kept
from reports.ingest.rows import RowWriter
from reports.ingest.secondhand import doubtful, is_secondhand
from reports.models import AggregateReport, Organisation, RejectedRow, Sighting
from reports.rollups.buckets import Bucket
from reports.vocabulary import Kind

BATCH = 1000
REJECTED_KEPT = 10_000
"""Of one report, which counts all: an archive of 20 kB may hold a million records that are none. Its bytes hold the others."""
COLUMNS = {
    "id": "int8", "organisation_id": "int8", "domain_id": "int8", "message_id": "int8", "payload_index": "int2",
    "identity": "bytea", "rows_hash": "bytea", "org_name": "text", "email": "text", "report_id": "text",
    "begin": "timestamptz", '"end"': "timestamptz", "day": "date", "policy": "jsonb", "extra_contact_info": "text",
    "errors": "jsonb", "generator": "text", "version": "text", "namespace": "text", "rows": "int4", "messages": "int8",
    "failing": "int8", "rows_dropped": "int4", "repairs": "jsonb", "sightings": "int4", "is_conflicting": "bool",
    "is_secondhand": "bool", "filename": "text", "stored_at": "timestamptz",
}  # fmt: skip
SIGHTINGS = {
    "organisation_id": "int8", "message_id": "int8", "payload_index": "int2", "aggregate_id": "int8", "filename": "text",
}  # fmt: skip


def store_aggregates(
    filed: Sequence[FiledAggregate],
    *,
    organisation: Organisation,
    own_domains: Iterable[str],
    at: datetime,
    before: Mapping[Place, Before] = MappingProxyType({}),
) -> tuple[list[Kept], set[Bucket]]:
    """Store what is new with its rows, count the sighting of what is not; the answers are in the order of `filed`.

    Same identity with other rows: all stay, and reports.ingest.conflicts says which of them count; the second answer are
    the buckets in which that changed. `before` are the rows of payloads that were read before. The caller holds the
    buckets of `filed` (reports.rollups.buckets), so nobody else writes a report of theirs meanwhile.
    """
    pks = _known(filed, organisation=organisation)
    fresh: dict[Key, FiledAggregate] = {}
    for each in filed:
        if each.key not in pks:
            fresh.setdefault(each.key, each)
    claims = {
        each.key: before[Kind.AGGREGATE, each.message_id, each.payload_index]
        for each in reversed(filed)
        if (Kind.AGGREGATE, each.message_id, each.payload_index) in before
    }
    rows = [claims.get(key) for key in fresh]
    ids = iter(next_ids(AggregateReport._meta.db_table, rows.count(None)))
    pks |= zip(fresh, [row.pk if row else next(ids) for row in rows], strict=True)
    kept = [Kept(fresh.get(each.key) is each, pks[each.key]) for each in filed]
    new = [(pks[key], each) for key, each in fresh.items()]
    copy_rows(
        AggregateReport._meta.db_table,
        COLUMNS,
        (
            fields_of(pk, each, organisation=organisation, at=row.stored_at if row else at)
            for (pk, each), row in zip(new, rows, strict=True)
        ),
    )
    RowWriter(organisation, own_domains=own_domains).write(new, at=at)
    _store_rejected(new)
    _store_extensions(new)
    again = [(each.pk, one) for each, one in zip(kept, filed, strict=True) if each.pk is not None and not each.is_new]
    _count_sightings(again, organisation=organisation)
    contents = Counter(identity for identity, _ in pks)
    contested = [each for each in fresh.values() if contents[each.key[0]] > 1] + [each for _, each in again]
    identities = {(each.day, each.key[0]) for each in contested}
    identities |= doubtful(list(fresh.values()), organisation_id=organisation.pk)
    return kept, settle(identities, organisation_id=organisation.pk)


def _known(filed: Sequence[FiledAggregate], *, organisation: Organisation) -> dict[Key, int]:
    """What is stored already under the identities at hand, other rows included."""
    places = {(each.day, each.key[0]) for each in filed}
    with connection.cursor() as cursor:
        # OFFSET 0 has each looked up by itself, so that this costs the same however many reports these days have.
        cursor.execute(
            "SELECT asked.identity, known.rows_hash, known.id "
            "FROM unnest(%s::date[], %s::bytea[]) AS asked(day, identity) CROSS JOIN LATERAL ("
            "SELECT rows_hash, id FROM reports_aggregatereport r "
            "WHERE r.organisation_id = %s AND r.day = asked.day AND r.identity = asked.identity OFFSET 0) AS known",
            [array_of(day for day, _ in places), array_of(identity for _, identity in places), organisation.pk],
        )
        return {(bytes(identity), bytes(rows_hash)): pk for identity, rows_hash, pk in cursor.fetchall()}


def fields_of(pk: int, filed: FiledAggregate, *, organisation: Organisation, at: datetime) -> tuple[Any, ...]:
    """The values of COLUMNS for a report that comes in for the first time."""
    content, head = filed.content, filed.content.head
    begin, end = _utc(head.begin), _utc(head.end)
    repairs = json.dumps([asdict(repair) for repair in content.repairs]) if content.repairs else "[]"
    return (
        pk, organisation.pk, filed.domain_id, filed.message_id, filed.payload_index, *filed.key, head.org_name, head.email,
        head.report_id, begin, end, filed.day, _policy(head.policy), head.extra_contact_info,
        json.dumps(head.errors) if head.errors else "[]", head.generator, head.version, head.namespace, len(content.rows),
        content.messages, content.failing, len(content.rejected), repairs, 1, False, is_secondhand(filed), filed.filename, at,
    )  # fmt: skip


@lru_cache(maxsize=4096)  # many reports are about the same days
def _utc(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@lru_cache(maxsize=10_000)
def _policy(policy: PolicyPublished) -> str:
    sent = policy._asdict()
    if policy.psd is None:  # so that a report that was stored before this tag was read is still the same
        del sent["psd"]
    return json.dumps(sent)


def _store_rejected(new: Iterable[tuple[int, FiledAggregate]]) -> None:
    RejectedRow.objects.bulk_create(
        [
            RejectedRow(report_id=pk, position=row.position, code=row.code, text=row.text)
            for pk, each in new
            for row in each.content.rejected[:REJECTED_KEPT]
        ],
        batch_size=BATCH,
    )


def _store_extensions(new: Iterable[tuple[int, FiledAggregate]]) -> None:
    """Few reports have any, so that the others need no column of theirs in the COPY."""
    extended = [
        (pk, json.dumps([each._asdict() for each in one.content.extensions]))
        for pk, one in new
        if one.content.extensions
    ]
    if not extended:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE reports_aggregatereport r SET extensions = e.told::jsonb "
            "FROM unnest(%s::bigint[], %s::text[]) AS e(id, told) WHERE r.id = e.id",
            [list(column) for column in zip(*extended, strict=True)],
        )


def _count_sightings(again: Sequence[tuple[int, FiledAggregate]], *, organisation: Organisation) -> None:
    if not again:
        return
    copy_rows(
        Sighting._meta.db_table,
        SIGHTINGS,
        ((organisation.pk, each.message_id, each.payload_index, pk, each.filename) for pk, each in again),
    )
    sightings = Counter(pk for pk, _ in again)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE reports_aggregatereport r SET sightings = r.sightings + s.times "
            "FROM unnest(%s::bigint[], %s::int[]) AS s(id, times) WHERE r.id = s.id",
            [list(sightings), list(sightings.values())],
        )
