"""The figures of the Overview page, each with its denominator. Reads the small daily rollup, one lens at a time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import F, Max, Q, Sum

from reports.models import AggregateReport, DomainDay, Mailbox, Message
from reports.selectors.scope import Scope
from reports.vocabulary import SourceVerdict

NEWEST = 200
_SUMMED = ("messages", "aligned", "dkim_aligned", "spf_aligned", "quarantined", "rejected", "excepted")


@dataclass(frozen=True, slots=True)
class Volumes:
    """Messages of the span in the lens. `legitimate` are all but suspicious and unknown ones."""

    messages: int
    aligned: int
    dkim_aligned: int
    spf_aligned: int
    quarantined: int
    rejected: int
    excepted: int
    suspicious: int
    suspicious_stopped: int
    legitimate: int

    @property
    def failing(self) -> int:
        return self.messages - self.aligned

    @property
    def dkim_failing(self) -> int:
        return self.messages - self.dkim_aligned

    @property
    def spf_failing(self) -> int:
        return self.messages - self.spf_aligned

    @property
    def judged(self) -> int:
        return self.quarantined + self.rejected


def volumes(scope: Scope) -> Volumes:
    """One query."""
    suspicious = Q(verdict=SourceVerdict.SUSPICIOUS)
    stopped = F("quarantined") + F("rejected")
    # An aggregate's alias hides the column of the same name, so each gets one of its own.
    sums = scope.within(DomainDay.objects.all()).aggregate(
        **{f"{column}_sum": Sum(column, default=0) for column in _SUMMED},
        suspicious_sum=Sum("messages", filter=suspicious, default=0),
        suspicious_stopped_sum=Sum(stopped, filter=suspicious, default=0),
        legitimate_sum=Sum(
            "messages", filter=~Q(verdict__in=(SourceVerdict.SUSPICIOUS, SourceVerdict.UNKNOWN)), default=0
        ),
    )
    return Volumes(**{name.removesuffix("_sum"): int(total) for name, total in sums.items()})


def daily_volumes(scope: Scope) -> dict[date, dict[str, int]]:
    """Messages per day and verdict. One query."""
    days: dict[date, dict[str, int]] = defaultdict(dict)
    rows = scope.within(DomainDay.objects.all()).values("day", "verdict").annotate(total=Sum("messages"))
    for row in rows.order_by("day"):
        days[row["day"]][row["verdict"]] = int(row["total"])
    return days


def domains_at_risk(scope: Scope, *, limit: int) -> list[dict[str, Any]]:
    """The domains with the most failing messages. One query."""
    rows = scope.within(DomainDay.objects.all()).values("domain_id", "domain__name")
    sums = rows.annotate(total=Sum("messages"), aligned_total=Sum("aligned"))
    found = [row | {"total": int(row["total"]), "failing": int(row["total"] - row["aligned_total"])} for row in sums]
    worst = sorted((row for row in found if row["failing"]), key=lambda row: (-row["failing"], row["domain__name"]))
    return [{name: row[name] for name in ("domain_id", "domain__name", "total", "failing")} for row in worst[:limit]]


@dataclass(frozen=True, slots=True)
class Freshness:
    """How current the data is: `data_until` is the end of the newest report period."""

    data_until: datetime | None
    failing_mailboxes: tuple[str, ...]
    mailboxes: int
    unread: int


def freshness(scope: Scope) -> Freshness:
    """Three small queries."""
    organisation_id = scope.viewer.organisation_id
    # Among those that begin last, since an index knows these: what began long before tells of hardly anything newer.
    newest = AggregateReport.objects.filter(organisation_id=organisation_id).order_by("-begin", "-pk")[:NEWEST]
    until = newest.aggregate(until=Max("end"))["until"]
    boxes = list(
        Mailbox.objects.filter(organisation_id=organisation_id, is_enabled=True).values_list("name", "failures")
    )
    return Freshness(
        data_until=until,
        failing_mailboxes=tuple(name for name, failures in boxes if failures),
        mailboxes=len(boxes),
        unread=Message.objects.filter(organisation_id=organisation_id, outcome=None).count(),
    )
