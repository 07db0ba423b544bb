"""Who fails DMARC, and what each failing source looks like: one row per source. Reads the daily rollup alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg, BoolOr
from django.db.models import (
    BooleanField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Sum,
)

from reports.models import Decision, Source, SourceDay
from reports.selectors.scope import Scope
from reports.vocabulary import SourceVerdict

NEEDS_DECISION = "needs-decision"
EXCEPTED = "excepted"
FAILING_VERDICTS = (SourceVerdict.FIXABLE, SourceVerdict.FORWARDER, SourceVerdict.SUSPICIOUS, SourceVerdict.UNKNOWN)
TREND_DAYS = 30
TABS = (NEEDS_DECISION, *FAILING_VERDICTS, EXCEPTED, SourceVerdict.ALIGNED)

_FAILING = Q(messages__gt=F("aligned"))


def leading_verdict(messages: Mapping[str, int]) -> str:
    """The verdict with the most messages, aligned ones counting only where there are no others."""
    failing = {verdict: count for verdict, count in messages.items() if verdict != SourceVerdict.ALIGNED}
    return max(failing, key=lambda verdict: failing[verdict], default=SourceVerdict.ALIGNED)


def failing_sources(
    scope: Scope, *, tab: str, now: datetime, sources: QuerySet[Source] | None = None
) -> QuerySet[SourceDay, dict[str, Any]]:
    """One dict per source of the tab; the caller orders and slices it. Figures are messages; one query.

    With `sources`, only those among them.
    """
    rows = rows_of_tab(scope, tab=tab, now=now, sources=sources)
    return rows.values("source_id", address=F("source__address")).annotate(
        total=Sum("messages"),
        failing=Sum(F("messages") - F("aligned")),
        dkim=Sum("dkim_aligned"),
        spf=Sum("spf_aligned"),
        unaligned_auth=Sum("unaligned"),
        nothing_passes=Sum("nothing"),
        quarantine=Sum("quarantined"),
        reject=Sum("rejected"),
        passed_by_rule=Sum("excepted"),
        first_day=Min("day"),
        last_day=Max("day"),
        from_domains=ArrayAgg("header_from", distinct=True),
    )


def rows_of_tab(
    scope: Scope, *, tab: str, now: datetime, sources: QuerySet[Source] | None = None
) -> QuerySet[SourceDay]:
    """The daily sums that a tab is made of."""
    return _of_tab(_among(scope, sources), tab, now=now)


def tab_counts(scope: Scope, *, now: datetime, sources: QuerySet[Source] | None = None) -> dict[str, int]:
    """How many sources each tab holds. Two queries; failing sums are found in an index of their own."""
    rows = _among(scope, sources)
    failing: dict[str, Q] = {
        NEEDS_DECISION: ~_decided(now),
        EXCEPTED: _excepted(now),
        **{str(verdict): Q(verdict=verdict) for verdict in FAILING_VERDICTS},
    }
    # Source by source: to count distinct ones would sort all rows by them. An aggregate's alias hides a column of its name.
    holds = {f"holds_{place}": BoolOr(_is(condition)) for place, condition in enumerate(failing.values())}
    counts = {f"tab_{place}": Count("source_id", filter=Q(**{f"holds_{place}": True})) for place in range(len(failing))}
    found = rows.filter(_FAILING).values("source_id").annotate(**holds).aggregate(**counts)
    aligned = rows.filter(verdict=SourceVerdict.ALIGNED).values("source_id").distinct().count()
    return {tab: found[f"tab_{place}"] for place, tab in enumerate(failing)} | {SourceVerdict.ALIGNED.value: aligned}


def _is(condition: Q) -> ExpressionWrapper[Q]:
    return ExpressionWrapper(condition, BooleanField())


def live_decisions(scope: Scope, *, now: datetime) -> QuerySet[Decision]:
    """Decisions that still hold."""
    return scope.visible(Decision.objects.filter(Q(until=None) | Q(until__gt=now)))


def _among(scope: Scope, sources: QuerySet[Source] | None) -> QuerySet[SourceDay]:
    rows = scope.within(SourceDay.objects.all())
    return rows if sources is None else rows.filter(source_id__in=sources.values("pk"))


def _of_tab(rows: QuerySet[SourceDay], tab: str, *, now: datetime) -> QuerySet[SourceDay]:
    if tab == NEEDS_DECISION:
        return rows.filter(_FAILING & ~_decided(now))
    if tab == EXCEPTED:
        return rows.filter(_FAILING & _excepted(now))
    rows = rows.filter(verdict=tab)
    return rows if tab == SourceVerdict.ALIGNED else rows.filter(_FAILING)


def _decided(now: datetime) -> Q:
    return Q(Exists(_live(now).exclude(kind=Decision.Kind.REQUESTED)))


def _excepted(now: datetime) -> Q:
    return Q(Exists(_live(now).filter(kind=Decision.Kind.EXCEPTED)))


def _live(now: datetime) -> QuerySet[Decision]:
    """The decisions that hold now about the source and domain of the outer row."""
    live = Decision.objects.filter(Q(until=None) | Q(until__gt=now))
    return live.filter(source=OuterRef("source"), domain=OuterRef("domain"))
