"""Failing sources grouped by the service behind them: one row per service, those of which nothing is known together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, F, Max, Min, QuerySet, Sum

from reports.models import Source, SourceDay
from reports.selectors.failing_sources import rows_of_tab
from reports.selectors.identities import service_expression
from reports.selectors.scope import Scope


def service_groups(
    scope: Scope, *, tab: str, now: datetime, sources: QuerySet[Source] | None = None
) -> QuerySet[SourceDay, dict[str, Any]]:
    """One dict per service of the tab, with "service" "" for the unknown ones. Figures are messages; one query."""
    named = service_expression("source__address", organisation_id=scope.viewer.organisation_id)
    rows = rows_of_tab(scope, tab=tab, now=now, sources=sources).annotate(service=named)
    return rows.values("service").annotate(
        addresses=Count("source_id", distinct=True),
        total=Sum("messages"),
        failing=Sum(F("messages") - F("aligned")),
        dkim=Sum("dkim_aligned"),
        spf=Sum("spf_aligned"),
        unaligned_auth=Sum("unaligned"),
        nothing_passes=Sum("nothing"),
        first_day=Min("day"),
        last_day=Max("day"),
        from_domains=ArrayAgg("header_from", distinct=True),
    )
