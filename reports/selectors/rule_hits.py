"""What exception rules let through, as our own nodes told it: messages per rule, per node and per day. Reads only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet

from reports.models import InboundEvent

RECENT = 20


@dataclass(frozen=True, slots=True)
class Hits:
    """Messages since the asked time, and the last one ever."""

    messages: int = 0
    last_at: datetime | None = None


def hits(*, organisation_id: int, references: Collection[str], since: datetime) -> dict[str, Hits]:
    """The hits of each rule that had any, by its reference. One query."""
    rows = InboundEvent.objects.filter(organisation_id=organisation_id, rule_reference__in=references)
    sums = rows.values_list("rule_reference").annotate(recent=Count("pk", filter=Q(at__gte=since)), latest=Max("at"))
    return {reference: Hits(messages, last_at) for reference, messages, last_at in sums}


def used_references(*, organisation_id: int, since: datetime) -> set[str]:
    """The rules that let anything through since then."""
    rows = InboundEvent.objects.filter(organisation_id=organisation_id, at__gte=since).exclude(rule_reference="")
    return set(rows.values_list("rule_reference", flat=True).distinct())


def hits_by_node(*, organisation_id: int, reference: str, since: datetime) -> list[dict[str, Any]]:
    """Messages since then and the last hit of each node that had any, by the node's name."""
    rows = _of_rule(organisation_id, reference).values(node_name=F("node__name"))
    return list(rows.annotate(messages=Count("pk", filter=Q(at__gte=since)), last_at=Max("at")).order_by("node_name"))


def hits_by_day(*, organisation_id: int, reference: str, since: date) -> dict[date, int]:
    """Messages per UTC day."""
    rows = _of_rule(organisation_id, reference).filter(day__gte=since).values_list("day")
    return dict(rows.annotate(total=Count("pk")).order_by("day"))


def recent_hits(*, organisation_id: int, reference: str) -> list[InboundEvent]:
    """The last messages that the rule let through, newest first."""
    rows = _of_rule(organisation_id, reference).select_related("node").defer("recipients")
    return list(rows.order_by("-at", "-pk")[:RECENT])


def _of_rule(organisation_id: int, reference: str) -> QuerySet[InboundEvent]:
    return InboundEvent.objects.filter(organisation_id=organisation_id, rule_reference=reference)
