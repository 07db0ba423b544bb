"""Failing sources as a list, and one source with everything that helps to decide about it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reports.access import allowed_to, source_for, viewer_of
from reports.charts import verdict_chart
from reports.filters import page_scope
from reports.list_filters import SourceFilter
from reports.models import Source
from reports.permissions import Act
from reports.selectors import failing_sources as listing
from reports.selectors import source_detail as detail
from reports.selectors.identities import Identity, identities_of, sources_of
from reports.selectors.memory import Memory
from reports.selectors.overview import freshness
from reports.selectors.ranking import Ranking
from reports.selectors.service_groups import service_groups
from reports.selectors.sketches import sketches
from reports.selectors.source_rows import SourceRows
from reports.selectors.spans import spread_over_days
from reports.tables import ServiceTable, SourceTable, paged

PER_PAGE = 25
BY_SERVICE = "service"
"""What `group` in the address bar may be; anything else lists addresses one by one."""


@require_safe
@allowed_to(Act.SEE_REPORTS)
def source_list(request: HttpRequest) -> HttpResponse:
    """Who fails DMARC, by verdict; at first those about whom nobody has decided."""
    viewer, now = viewer_of(request), timezone.now()
    page = page_scope(request, viewer=viewer, today=now.date())
    tab = request.GET.get("tab", "")
    if tab not in listing.TABS:
        tab = listing.NEEDS_DECISION
    found = SourceFilter(request.GET, queryset=sources_of(organisation_id=viewer.organisation_id), request=request)
    by_service = request.GET.get("group") == BY_SERVICE
    memory = Memory(page.scope, now)
    tabs = _tabs(memory, sources=found.narrowed)
    if by_service:
        groups = service_groups(memory, tab=tab, sources=found.narrowed)
        table = paged(ServiceTable(groups), request, per_page=PER_PAGE)
    else:
        ranking = Ranking(memory, tab=tab, total=tabs[tab], sources=found.narrowed)
        table = paged(SourceTable(ranking), request, per_page=PER_PAGE)
        _complete([row.record for row in table.paginated_rows], memory=memory)
    context = {
        "filter": found,
        "by_service": by_service,
        "scope": page,
        "freshness": freshness(page.scope).data_until,
        "tab": tab,
        "tabs": [(each, tabs[each]) for each in listing.TABS],
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
    rows = SourceRows(scope, source)
    identities = detail.source_identities(rows)
    volumes = spread_over_days(detail.source_days(scope, source=source), scope, source=source)
    context: dict[str, Any] = {
        "scope": page,
        "source": source,
        "identity": _identity(source.address, organisation_id=viewer.organisation_id),
        "from_domains": detail.failing_from_domains(scope, source=source),
        "totals": detail.source_totals(scope, source=source),
        "verdict": listing.leading_verdict(verdicts),
        "verdicts": verdicts,
        "identities": identities,
        "leading": identities[0].classification if identities else None,
        "reporters": detail.source_reporters(rows),
        "failures": detail.source_failures(scope, source=source),
        "events": detail.source_events(scope, source=source),
        "decisions": detail.source_decisions(scope, source=source),
        "chart": verdict_chart("source-days", volumes, days=scope.days),
        "other_lenses": detail.other_lenses(scope, source=source),
    }
    return render(request, "reports/source_detail.html", context)


def _complete(records: list[dict[str, Any]], *, memory: Memory) -> None:
    """Add to the rows of one page what is shown beside their sums."""
    scope = memory.scope
    drawn = sketches(memory, source_ids=[record["source_id"] for record in records])
    known = identities_of([record["address"] for record in records], organisation_id=scope.viewer.organisation_id)
    for record in records:
        sketch = drawn[record["source_id"]]
        record["sketch"] = sketch
        record["identity"] = known.get(record["address"])
        record["per_day"] = [sketch.by_day.get(day, 0) for day in scope.days[-listing.TREND_DAYS :]]


def _identity(address: str, *, organisation_id: int) -> Identity:
    return identities_of([address], organisation_id=organisation_id).get(address, Identity())


def _tabs(memory: Memory, *, sources: QuerySet[Source] | None) -> dict[str, int]:
    def count() -> dict[str, int]:
        return listing.tab_counts(memory.scope, now=memory.now, sources=sources)

    return memory.of("tabs", count) if sources is None else count()
