"""Failing sources as a list, and one source with everything that helps to decide about it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reports.access import allowed_to, source_for, viewer_of
from reports.charts import verdict_chart
from reports.filters import page_scope
from reports.permissions import Act
from reports.selectors import failing_sources as listing
from reports.selectors import source_detail as detail
from reports.selectors.overview import freshness
from reports.tables import SourceTable, paged

PER_PAGE = 25


@require_safe
@allowed_to(Act.SEE_REPORTS)
def source_list(request: HttpRequest) -> HttpResponse:
    """Who fails DMARC, by verdict; at first those about whom nobody has decided."""
    viewer, now = viewer_of(request), timezone.now()
    page = page_scope(request, viewer=viewer, today=now.date())
    tab = request.GET.get("tab", "")
    if tab not in listing.TABS:
        tab = listing.NEEDS_DECISION
    sources = listing.failing_sources(page.scope, tab=tab, now=now)
    table = paged(SourceTable(sources), request, per_page=PER_PAGE)
    records = [row.record for row in table.paginated_rows]
    sketches = listing.sketches(page.scope, source_ids=[record["source_id"] for record in records], now=now)
    for record in records:
        sketch = sketches[record["source_id"]]
        record["sketch"] = sketch
        record["per_day"] = [sketch.by_day.get(day, 0) for day in page.scope.days[-listing.TREND_DAYS :]]
    context = {
        "scope": page,
        "freshness": freshness(page.scope).data_until,
        "tab": tab,
        "tabs": _ordered(listing.tab_counts(page.scope, now=now)),
        "table": table,
    }
    name = "reports/_source_table.html" if request.htmx else "reports/source_list.html"  # type: ignore[attr-defined]
    return render(request, name, context)


@require_safe
@allowed_to(Act.SEE_REPORTS)
def source_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One source: why it fails, whom it claims to be, who saw it, and what can be done."""
    viewer, now = viewer_of(request), timezone.now()
    source = source_for(viewer, pk)
    page = page_scope(request, viewer=viewer, today=now.date())
    scope = page.scope
    verdicts = detail.source_verdicts(scope, source=source)
    identities = detail.source_identities(scope, source=source)
    context: dict[str, Any] = {
        "scope": page,
        "source": source,
        "from_domains": detail.failing_from_domains(scope, source=source),
        "totals": detail.source_totals(scope, source=source),
        "verdict": listing.leading_verdict(verdicts),
        "verdicts": verdicts,
        "identities": identities,
        "leading": identities[0].classification if identities else None,
        "reporters": detail.source_reporters(scope, source=source),
        "failures": detail.source_failures(scope, source=source),
        "events": detail.source_events(scope, source=source),
        "decisions": detail.source_decisions(scope, source=source),
        "chart": verdict_chart("source-days", detail.source_days(scope, source=source), days=scope.days),
        "other_lenses": detail.other_lenses(scope, source=source),
    }
    return render(request, "reports/source_detail.html", context)


def _ordered(counts: dict[str, int]) -> list[tuple[str, int]]:
    return [(tab, counts[tab]) for tab in listing.TABS]
