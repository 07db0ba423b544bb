"""How ingestion is doing: mailboxes, what arrived and how it ended, and which policy each filter node runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import TruncDate

from reports.models import Mailbox, Message, Node
from reports.viewer import Viewer
from reports.vocabulary import Outcome


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The last 24 hours in counts of messages, and what still waits at each step."""

    arrived: int
    unread: int
    unacknowledged: int
    outcomes: dict[str, int]
    last_arrival: datetime | None


def pipeline(viewer: Viewer, *, now: datetime) -> Pipeline:
    """Two queries."""
    messages = Message.objects.filter(organisation_id=viewer.organisation_id)
    recent = messages.filter(received_at__gt=now - timedelta(days=1))
    outcomes = {outcome.value: Count("pk", filter=Q(outcome=outcome)) for outcome in Outcome}
    counts = recent.aggregate(arrived=Count("pk"), **outcomes)
    waiting = messages.aggregate(
        unread=Count("pk", filter=Q(outcome=None)),
        unacknowledged=Count("pk", filter=Q(mailbox__isnull=False, outcome__isnull=False, acknowledged_at=None)),
        last_arrival=Max("received_at"),
    )
    return Pipeline(arrived=counts.pop("arrived"), outcomes=counts, **waiting)


def mailboxes(viewer: Viewer) -> QuerySet[Mailbox]:
    """The organisation's mailboxes with what arrived in them altogether."""
    rows = Mailbox.objects.filter(organisation_id=viewer.organisation_id)
    return rows.annotate(messages=Count("message")).order_by("name", "pk")


def ledger(viewer: Viewer) -> QuerySet[Message]:
    """Every message that came in, newest first."""
    rows = Message.objects.filter(organisation_id=viewer.organisation_id).select_related("mailbox", "uploaded_by")
    return rows.order_by("-received_at", "-pk")


def outcomes_by_day(viewer: Viewer, *, since: datetime) -> list[dict[str, Any]]:
    """Messages per UTC day of arrival and outcome."""
    rows = Message.objects.filter(organisation_id=viewer.organisation_id, received_at__gte=since)
    return list(
        rows.annotate(on=TruncDate("received_at"))
        .values("on", "outcome")
        .annotate(total=Count("pk"))
        .order_by("on", "outcome")
    )


def nodes(viewer: Viewer) -> QuerySet[Node]:
    """The organisation's filter nodes, working ones first."""
    return Node.objects.filter(organisation_id=viewer.organisation_id).order_by("revoked_at", "name", "pk")
