"""Lets go what is over its time. Each step is a transaction of its own; a run that is ended midway is taken up by the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest

from reports.ingest import raw
from reports.models import Domain, FailureReport, Message, Organisation, RawMessage, Sighting
from reports.retention.due import due, held_messages
from reports.retention.months import drop_month, months_over
from reports.retention.terms import cutoffs_of
from reports.retention.turn import turn, wait_for_writers
from reports.sealing import Purpose, seal

BATCH = 1000
NOBODY = b"[]"


def preview(organisation_id: int, *, at: datetime) -> dict[str, int]:
    """How much of each kind a run would let go now."""
    return {kind: rows.count() for kind, rows in due(organisation_id, at=at).items()}


def apply_retention(*, at: datetime) -> dict[int, dict[str, int]]:
    """Let go what is over, of all organisations; answers how much of each kind by organisation.

    Rows whose month is over for everybody are not counted one by one: their partition is dropped.
    """
    organisations = list(Organisation.objects.values_list("pk", flat=True))
    for pk in organisations:
        _freeze(pk, at=at)
    wait_for_writers()
    for month in months_over(at=at):
        drop_month(month)
    return {
        pk: {kind: _LET_GO.get(kind, _delete)(rows) for kind, rows in due(pk, at=at).items()} for pk in organisations
    }


def _freeze(organisation_id: int, *, at: datetime) -> None:
    """From here on the sums of days that go stand as they are."""
    with turn():
        cutoff = cutoffs_of(organisation_id, at=at).reports
        free = Domain.objects.filter(organisation_id=organisation_id, held_at__isnull=True)
        free.update(rows_since=Greatest(Coalesce("rows_since", cutoff), cutoff))


def _delete(rows: QuerySet[Any]) -> int:
    total = 0
    while True:
        with turn():
            batch = list(rows.values_list("pk", flat=True)[:BATCH])
            rows.model.objects.filter(pk__in=batch).delete()
        total += len(batch)
        if len(batch) < BATCH:
            return total


def _delete_at_once(rows: QuerySet[Any]) -> int:
    """For rows that nothing refers to: one statement, without asking for their keys."""
    with turn():
        return rows._raw_delete(rows.db)  # delete() would fetch the keys of all of them


def _delete_failures(rows: QuerySet[FailureReport]) -> int:
    """Failure reports with the mails that brought them, whatever else these held."""
    total = 0
    while True:
        with turn():
            batch = list(rows.values_list("pk", flat=True)[:BATCH])
            again = Sighting.objects.filter(message=OuterRef("pk"), failure__in=batch)
            mails = Message.objects.filter(Q(failure_reports__in=batch) | Exists(again), raw__isnull=False)
            mails = mails.exclude(held_messages(OuterRef("pk")))
            _let_bytes_go(mails.values_list("raw_id", flat=True))
            FailureReport.objects.filter(pk__in=batch).delete()
        total += len(batch)
        if len(batch) < BATCH:
            return total


def _erase_events(rows: QuerySet[Any]) -> int:
    """Whom judged mail was for goes; what it was counted by stays."""
    with turn():
        nobody = seal(NOBODY, purpose=Purpose.EVENT_RECIPIENTS)
        return rows.update(recipients=nobody, helo="", ptr="", queue_id="")


def _throw_away(rows: QuerySet[Any]) -> int:
    total = 0
    while True:
        with turn():
            batch = list(rows.values_list("pk", flat=True)[:BATCH])
            _let_bytes_go(batch)
        total += len(batch)
        if len(batch) < BATCH:
            return total


def _let_bytes_go(ids: Iterable[int]) -> None:
    """Throw bytes away, but for those that came in again and are still to be read.

    They are held before that is asked: whoever enters the same bytes meanwhile waits, and keeps them anew.
    """
    held = RawMessage.objects.filter(pk__in=list(ids)).order_by("pk").select_for_update().values_list("pk", flat=True)
    ours = set(held)
    unread = Message.objects.filter(raw__in=ours, outcome__isnull=True).values_list("raw_id", flat=True)
    raw.throw_away(ours.difference(unread))


_LET_GO: Mapping[str, Callable[[QuerySet[Any]], int]] = {
    "failures": _delete_failures,
    "events": _erase_events,
    "rows": _delete_at_once,
    "raw": _throw_away,
    "source_sums": _delete_at_once,
    "domain_sums": _delete_at_once,
}
