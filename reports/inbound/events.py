"""Stores what nodes saw: each event and each count once, whatever comes twice, with the daily sums of the same moment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import connection, transaction

from reports.dto import Address
from reports.inbound.reading import Batch, Event, Passes, read_batch
from reports.models import Domain, InboundEvent, Node, PassCount
from reports.rollups.buckets import Bucket, lock_buckets
from reports.rollups.build import rebuild
from reports.sealing import Purpose, seal


@dataclass(frozen=True, slots=True)
class Receipt:
    """`accepted` were new, `duplicates` stored before, `refused` unreadable: no repetition will help."""

    accepted: int
    duplicates: int
    refused: int


@transaction.atomic
def record_events(node: Node, body: object, *, at: datetime) -> Receipt:
    """Store the body of POST events. Safe to repeat and to race; one node's batches wait for each other.

    Raises InboundRefused. Recipients are sealed, since they are people.
    """
    batch = read_batch(body, at=at)
    # Behind this lock nobody else writes rows of this node, so that what is new is known before it is written.
    Node.objects.select_for_update().get(pk=node.pk)
    domains = dict(Domain.objects.filter(organisation_id=node.organisation_id).values_list("name", "pk"))
    sources = _source_ids(node, _addresses(batch), at)
    events = _new_events(node, batch.events, domains, sources)
    counts = _new_counts(node, batch.passes, domains, sources)
    places = [*((each.domain_id, each.day) for each in events), *((each.domain_id, each.day) for each in counts)]
    buckets = {Bucket(node.organisation_id, domain_id, day) for domain_id, day in places}
    lock_buckets(buckets)
    InboundEvent.objects.bulk_create(events)
    PassCount.objects.bulk_create(counts)
    rebuild(buckets)
    accepted = len(events) + len(counts)
    return Receipt(accepted, len(batch.events) + len(batch.passes) - accepted, batch.refused)


def _addresses(batch: Batch) -> set[Address]:
    return {event.source for event in batch.events} | {passes.source for passes in batch.passes}


def _new_events(
    node: Node, events: Iterable[Event], domains: Mapping[str, int], sources: Mapping[Address, int]
) -> list[InboundEvent]:
    found = {(_day(event.at), event.event_id): event for event in events}
    known = InboundEvent.objects.filter(
        organisation_id=node.organisation_id,
        node=node,
        day__in={day for day, _ in found},
        event_id__in={event_id for _, event_id in found},
    ).values_list("day", "event_id")
    for key in known:
        found.pop(key, None)
    return [_event_row(node, event, domains, sources) for event in found.values()]


def _event_row(node: Node, event: Event, domains: Mapping[str, int], sources: Mapping[Address, int]) -> InboundEvent:
    return InboundEvent(
        organisation_id=node.organisation_id,
        domain_id=_covering(event.header_from, domains),
        node=node,
        day=_day(event.at),
        event_id=event.event_id,
        at=event.at,
        source_id=sources[event.source],
        source_ip=str(event.source),
        header_from=event.header_from,
        envelope_domain=event.envelope_domain,
        recipients=seal(json.dumps(event.recipients).encode(), purpose=Purpose.EVENT_RECIPIENTS),
        recipient_count=len(event.recipients),
        helo=event.helo,
        ptr=event.ptr,
        queue_id=event.queue_id,
        spf=event.spf,
        dkim=[{"domain": each.domain, "result": each.result} for each in event.dkim],
        published=event.published,
        mode=event.mode,
        verdict=event.verdict,
        would_be=event.would_be,
        classification=event.classification,
        rule_reference=event.rule_reference,
        policy_number=event.policy_number,
        action=event.action,
    )


def _new_counts(
    node: Node, passes: Iterable[Passes], domains: Mapping[str, int], sources: Mapping[Address, int]
) -> list[PassCount]:
    found = {(each.batch, each.hour, sources[each.source], each.header_from): each for each in passes}
    known = PassCount.objects.filter(
        organisation_id=node.organisation_id,
        node=node,
        day__in={_day(each.hour) for each in found.values()},
        batch__in={batch for batch, *_ in found},
    ).values_list("batch", "hour", "source_id", "header_from")
    for key in known:
        found.pop(key, None)
    return [
        PassCount(
            organisation_id=node.organisation_id,
            domain_id=_covering(each.header_from, domains),
            node=node,
            day=_day(each.hour),
            hour=each.hour,
            batch=each.batch,
            source_id=sources[each.source],
            header_from=each.header_from,
            messages=each.messages,
        )
        for each in found.values()
    ]


def _covering(name: str, domains: Mapping[str, int]) -> int:
    """The organisation's domain that is `name` or its nearest parent, else "*"."""
    while name:
        if name in domains:
            return domains[name]
        name = name.partition(".")[2]
    return domains["*"]


def _source_ids(node: Node, addresses: Iterable[Address], at: datetime) -> dict[Address, int]:
    ordered = sorted(addresses, key=lambda address: (address.version, address))
    texts = [str(address) for address in ordered]
    with connection.cursor() as cursor:
        # In one order, so that two writers of the same sources never wait for each other in a ring.
        cursor.execute(
            "INSERT INTO reports_source (organisation_id, address, created_at)"
            " SELECT %s, address, %s FROM unnest(%s::inet[]) AS address"
            " ON CONFLICT (organisation_id, address) DO NOTHING",
            [node.organisation_id, at, texts],
        )
        cursor.execute(
            "SELECT source.id FROM unnest(%s::inet[]) WITH ORDINALITY AS wanted(address, place)"
            " JOIN reports_source AS source ON source.organisation_id = %s AND source.address = wanted.address"
            " ORDER BY place",
            [texts, node.organisation_id],
        )
        return dict(zip(ordered, (pk for (pk,) in cursor.fetchall()), strict=True))


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
