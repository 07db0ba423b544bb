"""Replaces what came of messages by what the present reader makes of them. The only one who takes stored reports away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import connection
from django.db.models import Q

from reports.ingest import ledger, store, tls
from reports.ingest.conflicts import settle
from reports.ingest.copying import array_of
from reports.ingest.filed import Before, Place
from reports.ingest.outcome import Reading, conclude
from reports.models import AggregateReport, FailureReport, Organisation, Sighting, TlsReport
from reports.rollups.buckets import Bucket, lock_buckets
from reports.rollups.build import rebuild
from reports.vocabulary import Kind


@dataclass(slots=True)
class _Old:
    """What is stored of the messages: rows by payload, their content, where they lie, and who else brought them."""

    places: dict[Place, Before] = field(default_factory=dict)
    contents: dict[tuple[Kind, int], tuple[bytes, ...]] = field(default_factory=dict)
    identities: set[tuple[date, bytes]] = field(default_factory=set)
    tls_identities: set[tuple[date, bytes]] = field(default_factory=set)
    buckets: set[Bucket] = field(default_factory=set)

    def pks(self, kind: Kind) -> list[int]:
        return [pk for one, pk in self.contents if one == kind]


def replace(readings: Sequence[tuple[int, Reading]], *, organisation: Organisation, at: datetime) -> set[int]:
    """Put these readings of messages (id, reading) in the place of what is stored of them, in the caller's transaction.

    A payload that gives a report again keeps its row's number, so that links go on leading there. Sums, repeated
    sightings and conflicts are right afterwards, but for the messages in the answer: they brought a report again that
    is no longer there as it was, and must be read again in the same transaction.
    """
    message_ids = [pk for pk, _ in readings]
    received = hold_messages(message_ids)
    old = _stored(message_ids, organisation=organisation)
    filed = store.file(readings, organisation=organisation, at=at, received=received)
    lock_buckets(filed.buckets | old.buckets)
    old = _stored(message_ids, organisation=organisation)  # as they are now that nobody else changes them
    seen = _forget_sightings(message_ids)
    _take_away(old)
    kept = store.keep(filed, at=at, before=old.places, emptied=old.buckets)
    ended = [
        (conclude(reading, each, message_id=pk), reading.mail)
        for (pk, reading), each in zip(readings, kept, strict=True)
    ]
    ledger.finish_again(ended, at=at)
    ledger.ask_senders(message_ids, at=at)
    followers = _left_behind(old)
    _count_sightings({*old.contents, *seen})
    identities = old.identities | {(each.day, each.key[0]) for each in filed.aggregates}
    _settle(identities, organisation=organisation)
    tls.settle(old.tls_identities, organisation_id=organisation.pk)
    return followers - set(message_ids)


def hold_messages(message_ids: Iterable[int]) -> dict[int, datetime]:
    """Hold the messages until the end of the transaction; the answer says when they came in."""
    with connection.cursor() as cursor:
        # Without its key: whoever refers to a message while he stores must not wait for us, who wait for him.
        cursor.execute(
            "SELECT id, received_at FROM reports_message WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE",
            [array_of(message_ids)],
        )
        return dict(cursor.fetchall())


def buckets_of(readings: Sequence[tuple[int, Reading]], *, organisation: Organisation, at: datetime) -> set[Bucket]:
    """The buckets that replacing these would touch, as far as that can be told before they are held."""
    filed = store.file(readings, organisation=organisation, at=at)
    return filed.buckets | _stored([pk for pk, _ in readings], organisation=organisation).buckets


def _stored(message_ids: Collection[int], *, organisation: Organisation) -> _Old:
    old = _Old()
    fields = ("pk", "message_id", "payload_index", "stored_at", "domain_id", "day", "identity")
    aggregates = AggregateReport.objects.filter(message__in=message_ids).values_list(*fields, "rows_hash")
    failures = FailureReport.objects.filter(message__in=message_ids).values_list(*fields)
    of_tls = TlsReport.objects.filter(message__in=message_ids).values_list(*fields, "policies_hash")
    for kind, rows in ((Kind.AGGREGATE, aggregates), (Kind.FAILURE, failures), (Kind.TLS, of_tls)):
        for pk, message_id, index, stored_at, domain_id, day, *content in rows:
            old.places[kind, message_id, index] = Before(pk, stored_at)
            old.contents[kind, pk] = tuple(map(bytes, content))
            old.buckets.add(Bucket(organisation.pk, domain_id, day))
            if kind == Kind.AGGREGATE:
                old.identities.add((day, bytes(content[0])))
            if kind == Kind.TLS:
                old.tls_identities.add((day, bytes(content[0])))
    return old


def _forget_sightings(message_ids: Collection[int]) -> set[tuple[Kind, int]]:
    """Forget what the messages brought again; answers which reports that was."""
    mine = Sighting.objects.filter(message__in=message_ids)
    seen = {
        (Kind.AGGREGATE, aggregate) if aggregate else (Kind.FAILURE, failure) if failure else (Kind.TLS, of_tls)
        for aggregate, failure, of_tls in mine.values_list("aggregate_id", "failure_id", "tls_id")
    }
    mine._raw_delete(mine.db)  # nothing refers to them
    return seen


def _take_away(old: _Old) -> None:
    """Delete reports with their rows. What refers to them waits until the end of the transaction, when most are back."""
    aggregates, failures = old.pks(Kind.AGGREGATE), old.pks(Kind.FAILURE)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM reports_rejectedrow WHERE report_id = ANY(%s)", [aggregates])
        cursor.execute("DELETE FROM reports_aggregatereport WHERE id = ANY(%s)", [aggregates])
        cursor.execute("DELETE FROM reports_failurereport WHERE id = ANY(%s)", [failures])
        of_tls = old.pks(Kind.TLS)
        cursor.execute(
            "DELETE FROM reports_tlsfailure f USING reports_tlspolicy p WHERE p.id = f.policy_id AND p.report_id = ANY(%s)",
            [of_tls],
        )
        cursor.execute("DELETE FROM reports_tlspolicy WHERE report_id = ANY(%s)", [of_tls])
        cursor.execute("DELETE FROM reports_tlsreport WHERE id = ANY(%s)", [of_tls])


def _left_behind(old: _Old) -> set[int]:
    """Messages that brought again what is gone or has another content now; their sightings are forgotten."""
    now: dict[tuple[Kind, int], tuple[bytes, ...]] = {}
    aggregates = AggregateReport.objects.filter(pk__in=old.pks(Kind.AGGREGATE))
    now |= {
        (Kind.AGGREGATE, pk): tuple(map(bytes, key))
        for pk, *key in aggregates.values_list("pk", "identity", "rows_hash")
    }
    failures = FailureReport.objects.filter(pk__in=old.pks(Kind.FAILURE))
    now |= {(Kind.FAILURE, pk): tuple(map(bytes, key)) for pk, *key in failures.values_list("pk", "identity")}
    of_tls = TlsReport.objects.filter(pk__in=old.pks(Kind.TLS))
    now |= {
        (Kind.TLS, pk): tuple(map(bytes, key)) for pk, *key in of_tls.values_list("pk", "identity", "policies_hash")
    }
    others = [each for each, content in old.contents.items() if now.get(each) != content]
    if not others:
        return set()
    behind = Sighting.objects.filter(_of(others))
    found = set(behind.values_list("message_id", flat=True))
    behind.delete()
    gone = [pk for kind, pk in others if kind == Kind.AGGREGATE and (kind, pk) not in now]
    AggregateReport.objects.filter(superseded_by__in=gone).update(superseded_by=None)  # decided anew right after
    return found


def _of(reports: Iterable[tuple[Kind, int]]) -> Q:
    pks: Mapping[Kind, list[int]] = defaultdict(list)
    for kind, pk in reports:
        pks[kind].append(pk)
    return Q(aggregate__in=pks[Kind.AGGREGATE]) | Q(failure__in=pks[Kind.FAILURE]) | Q(tls__in=pks[Kind.TLS])


def _count_sightings(reports: Iterable[tuple[Kind, int]]) -> None:
    """Count anew how often the reports came: the first time, and each repeated one."""
    with connection.cursor() as cursor:
        for kind, table, column in (
            (Kind.AGGREGATE, "reports_aggregatereport", "aggregate_id"),
            (Kind.FAILURE, "reports_failurereport", "failure_id"),
            (Kind.TLS, "reports_tlsreport", "tls_id"),
        ):
            cursor.execute(
                f"UPDATE {table} r SET sightings = n.times FROM ("  # noqa: S608  (constants of this function)
                f"SELECT id, 1 + (SELECT count(*) FROM reports_sighting s WHERE s.{column} = id) AS times "
                "FROM unnest(%s::bigint[]) AS ids(id)) n WHERE r.id = n.id AND r.sightings <> n.times",
                [[pk for one, pk in reports if one == kind]],
            )


def _settle(identities: Collection[tuple[date, bytes]], *, organisation: Organisation) -> None:
    """Decide anew where there is, or was, a rival or another mail."""
    of_them = Q(day__in={day for day, _ in identities}, identity__in={identity for _, identity in identities})
    doubtful = Q(is_conflicting=True) | Q(is_counted=False) | Q(sightings__gt=1) | Q(superseded__isnull=False)
    found = AggregateReport.objects.filter(of_them, doubtful, organisation=organisation).values_list("day", "identity")
    places = {(day, bytes(identity)) for day, identity in found}
    rebuild(settle(places, organisation_id=organisation.pk))
