"""One source: what it sent as whom, with which identities, seen by whom, and what the reports said of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum

from reports.dto import DkimResult, OverrideReason, SpfResult
from reports.models import AggregateRow, Decision, FailureReport, InboundEvent, Source, SourceDay
from reports.selectors.ranking import plain
from reports.selectors.scope import Scope
from reports.selectors.source_rows import SourceRows
from reports.sources.classify import Classification, Evidence, classify

IDENTITY_LIMIT = 100
EVENT_LIMIT = 50
REPORTER_LIMIT = 200
FROM_LIMIT = 10
_IDENTITY = (
    "header_from",
    "envelope_from",
    "reasons",
    "dkim_results",
    "spf_results",
    "dkim",
    "spf",
    "is_aligned",
    "domain__name",
)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the span in the lens; all figures are messages, `first` and `last` UTC days."""

    messages: int
    aligned: int
    quarantined: int
    rejected: int
    excepted: int
    first: date | None
    last: date | None

    @property
    def failing(self) -> int:
        return self.messages - self.aligned


def source_totals(scope: Scope, *, source: Source) -> Totals:
    """One query on the daily rollup."""
    sums = scope.within(SourceDay.objects.filter(source=source)).aggregate(
        messages=Sum("messages", default=0),
        aligned=Sum("aligned", default=0),
        quarantined=Sum("quarantined", default=0),
        rejected=Sum("rejected", default=0),
        excepted=Sum("excepted", default=0),
        first=Min("day"),
        last=Max("day"),
    )
    return Totals(**sums)


def source_days(scope: Scope, *, source: Source) -> dict[date, dict[str, int]]:
    """Messages per day and verdict. One query on the daily rollup."""
    days: dict[date, dict[str, int]] = defaultdict(dict)
    rows = scope.within(SourceDay.objects.filter(source=source)).values("day", "verdict")
    for row in rows.annotate(total=Sum("messages")).order_by("day"):
        days[row["day"]][row["verdict"]] = row["total"]
    return days


def source_verdicts(scope: Scope, *, source: Source) -> dict[str, int]:
    """Messages per verdict."""
    rows = scope.within(SourceDay.objects.filter(source=source)).values_list("verdict").annotate(total=Sum("messages"))
    return dict(rows.order_by("-total"))


@dataclass(frozen=True, slots=True)
class Identity:
    """One combination of From, envelope and results that a source used, how it was judged, and its messages."""

    evidence: Evidence
    classification: Classification
    is_aligned: bool
    messages: int
    delivered: int
    quarantined: int
    rejected: int


def source_identities(rows: SourceRows) -> list[Identity]:
    """The distinct combinations, failing ones first, most messages first. One query on the rows of the source."""
    return [_identity(row) for row in rows.of("identities", _identities)]


def _identities(rows: QuerySet[AggregateRow]) -> list[dict[str, Any]]:
    sums = rows.values(*_IDENTITY).annotate(
        total=Sum("count"),
        quarantine=Sum("count", filter=Q(disposition="quarantine"), default=0),
        reject=Sum("count", filter=Q(disposition="reject"), default=0),
    )
    return [plain(row) for row in sums.order_by("is_aligned", "-total", "header_from")[:IDENTITY_LIMIT]]


def _identity(row: dict[str, Any]) -> Identity:
    evidence = Evidence(
        domain=row["domain__name"],
        header_from=row["header_from"],
        dkim=row["dkim"],
        spf=row["spf"],
        envelope_from=row["envelope_from"],
        reasons=tuple(OverrideReason(**each) for each in row["reasons"]),
        dkim_results=tuple(DkimResult(**each) for each in row["dkim_results"]),
        spf_results=tuple(SpfResult(**each) for each in row["spf_results"]),
    )
    return Identity(
        evidence=evidence,
        classification=classify(evidence),
        is_aligned=row["is_aligned"],
        messages=row["total"],
        delivered=row["total"] - row["quarantine"] - row["reject"],
        quarantined=row["quarantine"],
        rejected=row["reject"],
    )


def source_reporters(rows: SourceRows) -> list[dict[str, Any]]:
    """Who reported it, the most messages first: messages, failing messages, reports."""
    return rows.of("reporters", _reporters)


def _reporters(rows: QuerySet[AggregateRow]) -> list[dict[str, Any]]:
    sums = rows.values(org_name=F("report__org_name")).annotate(
        total=Sum("count"),
        failing=Sum("count", filter=Q(is_aligned=False), default=0),
        reports=Count("report", distinct=True),
    )
    return [plain(row) for row in sums.order_by("-total", "org_name")[:REPORTER_LIMIT]]


def source_failures(scope: Scope, *, source: Source) -> list[FailureReport]:
    """Failure reports that name this address, newest first."""
    rows = scope.on_days(FailureReport.objects.filter(source_ip=source.address)).select_related("domain")
    return list(rows.order_by("-arrived_at", "-pk")[:EVENT_LIMIT])


def source_events(scope: Scope, *, source: Source) -> list[InboundEvent]:
    """What our own filter nodes did with its failing messages, newest first."""
    rows = scope.on_days(InboundEvent.objects.filter(source=source)).select_related("node", "domain")
    return list(rows.order_by("-at", "-pk")[:EVENT_LIMIT])


def source_decisions(scope: Scope, *, source: Source) -> list[Decision]:
    """What was decided about it, ended decisions included, newest first."""
    return list(
        scope.visible(Decision.objects.filter(source=source)).select_related("domain").order_by("-decided_at", "-pk")
    )


def other_lenses(scope: Scope, *, source: Source) -> dict[str, int]:
    """Messages of the span in the lenses that the page does not show, so that nobody overlooks them."""
    rows = scope.on_days(SourceDay.objects.filter(source=source)).exclude(lens=scope.lens)
    return dict(rows.values_list("lens").annotate(total=Sum("messages")).order_by("lens"))


def failing_from_domains(scope: Scope, *, source: Source) -> list[str]:
    """The From domains with which it failed in the span, in any lens, most messages first."""
    rows = scope.on_days(SourceDay.objects.filter(source=source, messages__gt=F("aligned"))).exclude(header_from="")
    sums = rows.values_list("header_from").annotate(total=Sum("messages"))
    return [name for name, _ in sums.order_by("-total", "header_from")[:FROM_LIMIT]]
