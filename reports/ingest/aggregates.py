"""Writes aggregate reports: which are new, which were seen before, which contradict another. The caller holds the buckets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from django.db import connection

from reports.dto import AggregateReport as Content
from reports.ingest.copying import next_ids
from reports.ingest.outcome import Kept
from reports.ingest.rows import RowWriter
from reports.models import AggregateReport, Organisation, RejectedRow

BATCH = 1000
Key = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class FiledAggregate:
    """One report with the places where it belongs."""

    message_id: int
    payload_index: int
    domain_id: int
    day: date
    key: Key
    content: Content


def store_aggregates(
    filed: Sequence[FiledAggregate], *, organisation: Organisation, own_domains: Iterable[str], at: datetime
) -> list[Kept]:
    """Store what is new with its rows, count the sighting of what is not; the answers are in the order of `filed`.

    Same identity with other rows: all stay, and all are marked as conflicting. The caller holds the buckets of `filed`
    (reports.rollups.buckets), so nobody else writes a report of theirs meanwhile.
    """
    pks = _known(filed, organisation=organisation)
    fresh: dict[Key, FiledAggregate] = {}
    for each in filed:
        if each.key not in pks:
            fresh.setdefault(each.key, each)
    pks |= zip(fresh, next_ids(AggregateReport._meta.db_table, len(fresh)), strict=True)
    kept = [Kept(fresh.get(each.key) is each, pks[each.key]) for each in filed]
    new = [(pks[key], each) for key, each in fresh.items()]
    AggregateReport.objects.bulk_create(
        [_report(pk, each, organisation=organisation, at=at) for pk, each in new], batch_size=BATCH
    )
    RowWriter(organisation, own_domains=own_domains).write(new, at=at)
    _store_rejected(new)
    _count_sightings(Counter(each.pk for each in kept if each.pk is not None and not each.is_new))
    _mark_conflicting(fresh.values(), pks, organisation=organisation)
    return kept


def _known(filed: Sequence[FiledAggregate], *, organisation: Organisation) -> dict[Key, int]:
    """What is stored already under the identities at hand, other rows included."""
    found = AggregateReport.objects.filter(
        organisation=organisation, day__in={each.day for each in filed}, identity__in={each.key[0] for each in filed}
    ).values_list("identity", "rows_hash", "pk")
    return {(bytes(identity), bytes(rows_hash)): pk for identity, rows_hash, pk in found}


def _report(pk: int, filed: FiledAggregate, *, organisation: Organisation, at: datetime) -> AggregateReport:
    content, head = filed.content, filed.content.head
    return AggregateReport(
        pk=pk,
        organisation=organisation,
        domain_id=filed.domain_id,
        message_id=filed.message_id,
        payload_index=filed.payload_index,
        identity=filed.key[0],
        rows_hash=filed.key[1],
        org_name=head.org_name,
        email=head.email,
        report_id=head.report_id,
        begin=datetime.fromtimestamp(head.begin, UTC),
        end=datetime.fromtimestamp(head.end, UTC),
        day=filed.day,
        policy=asdict(head.policy),
        extra_contact_info=head.extra_contact_info,
        errors=list(head.errors),
        generator=head.generator,
        version=head.version,
        namespace=head.namespace,
        rows=len(content.rows),
        messages=content.messages,
        failing=sum(row.count for row in content.rows if not row.is_aligned),
        rows_dropped=len(content.rejected),
        repairs=[asdict(repair) for repair in content.repairs],
        stored_at=at,
    )


def _store_rejected(new: Iterable[tuple[int, FiledAggregate]]) -> None:
    RejectedRow.objects.bulk_create(
        [
            RejectedRow(report_id=pk, position=row.position, code=row.code, text=row.text)
            for pk, each in new
            for row in each.content.rejected
        ],
        batch_size=BATCH,
    )


def _count_sightings(sightings: Mapping[int, int]) -> None:
    if not sightings:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE reports_aggregatereport r SET sightings = r.sightings + s.times "
            "FROM unnest(%s::bigint[], %s::int[]) AS s(id, times) WHERE r.id = s.id",
            [list(sightings), list(sightings.values())],
        )


def _mark_conflicting(fresh: Iterable[FiledAggregate], pks: Mapping[Key, int], *, organisation: Organisation) -> None:
    contents = Counter(identity for identity, _ in pks)
    contested = [each for each in fresh if contents[each.key[0]] > 1]
    if contested:
        AggregateReport.objects.filter(
            organisation=organisation,
            day__in={each.day for each in contested},
            identity__in={each.key[0] for each in contested},
        ).update(is_conflicting=True)
