"""The way of a report from mailbox to filter, stage by stage: how much passed in a day, what waits, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

from django.db.models import Avg, Count, F, Min, Q, QuerySet, Sum

from reports.models import AggregateReport, FailureReport, Mailbox, Message, Node
from reports.selectors.ingest_health import GRACE
from reports.viewer import Viewer
from reports.vocabulary import Stage

DAY = timedelta(days=1)
PATIENCE = timedelta(minutes=15)
"""How long something may wait between two stages before the page says that it is late: three rounds of the tidying task."""


class _Waiting(TypedDict):
    waiting: int
    oldest: datetime | None
    is_late: bool


@dataclass(frozen=True, slots=True)
class StageState:
    """`passed` in the last 24 hours and `waiting` now, both in the stage's own unit; the oldest waits since `oldest`.

    `usual` is how long it takes on average from arrival to the end of the stage, None where nothing passed.
    """

    stage: Stage
    passed: int
    waiting: int = 0
    oldest: datetime | None = None
    is_late: bool = False
    usual: timedelta | None = None


def stages(viewer: Viewer, *, now: datetime) -> list[StageState]:
    """The stages in their order. Seven queries, all on indexes of what is recent or still waits."""
    ours = {"organisation_id": viewer.organisation_id}
    messages = Message.objects.filter(**ours)
    recent = messages.filter(received_at__gt=now - DAY).aggregate(
        fetched=Count("pk", filter=Q(mailbox__isnull=False)),
        read=Count("pk", filter=Q(outcome__isnull=False)),
        acknowledged=Count("pk", filter=Q(mailbox__isnull=False, acknowledged_at__isnull=False)),
        usual=Avg(F("read_at") - F("received_at")),
    )
    due = Mailbox.objects.filter(**ours, is_enabled=True, due_at__lt=now)
    unread = messages.filter(outcome__isnull=True)
    untold = messages.filter(mailbox__isnull=False, outcome__isnull=False, acknowledged_at__isnull=True)
    return [
        StageState(Stage.FETCH, recent["fetched"], **_waiting(due, "due_at", now=now)),
        StageState(Stage.READ, recent["read"], **_waiting(unread, "received_at", now=now), usual=recent["usual"]),
        StageState(Stage.STORE, _stored(viewer, since=now - DAY)),
        StageState(Stage.ACKNOWLEDGE, recent["acknowledged"], **_waiting(untold, "read_at", now=now)),
        _filters(viewer, now=now),
    ]


def _waiting(rows: QuerySet[Any], since: str, *, now: datetime) -> _Waiting:
    found = rows.aggregate(waiting=Count("pk"), oldest=Min(since))
    oldest = found["oldest"]
    return {"waiting": found["waiting"], "oldest": oldest, "is_late": oldest is not None and now - oldest > PATIENCE}


def _stored(viewer: Viewer, *, since: datetime) -> int:
    """Rows of aggregate reports and failure reports that came in since; their sums are renewed in the same transaction.

    By the arrival of their messages, for which there is an index: what was stored long ago is not looked at.
    """
    recent = {"message__organisation_id": viewer.organisation_id, "message__received_at__gt": since}
    rows = AggregateReport.objects.filter(**recent).aggregate(sum=Sum("rows"))["sum"] or 0
    return int(rows) + FailureReport.objects.filter(**recent).count()


def _filters(viewer: Viewer, *, now: datetime) -> StageState:
    """Filter nodes that asked for their policy lately; what waits are those that did not."""
    silent = Q(last_contact_at__lt=now - GRACE)
    nodes = Node.objects.filter(organisation_id=viewer.organisation_id, revoked_at=None, last_contact_at__isnull=False)
    found = nodes.aggregate(
        passed=Count("pk", filter=~silent),
        waiting=Count("pk", filter=silent),
        oldest=Min("last_contact_at", filter=silent),
    )
    return StageState(Stage.FILTER, **found, is_late=found["waiting"] > 0)
