"""How reports come in: the pipeline, the mailboxes, everything that arrived and how it ended, and the filter nodes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reports.access import allowed_to, message_for, viewer_of
from reports.charts import outcome_chart, row_chart
from reports.ingest.places.registry import where
from reports.list_filters import MessageFilter
from reports.permissions import Act
from reports.selectors import ingest_health as health
from reports.selectors.reporters import expected_reporters
from reports.selectors.stages import stages
from reports.tables import MessageTable, paged

PER_PAGE = 15
CHART_DAYS = 30


@require_safe
@allowed_to(Act.SEE_REPORTS)
def ingestion(request: HttpRequest) -> HttpResponse:
    """Are reports still coming, what failed, and how is it repaired?"""
    viewer, now = viewer_of(request), timezone.now()
    days = [now.date() - timedelta(days=back) for back in range(CHART_DAYS - 1, -1, -1)]
    since = datetime.combine(days[0], time(), UTC)
    found = MessageFilter(request.GET, queryset=health.ledger(viewer), request=request)
    context: dict[str, Any] = {
        "pipeline": health.pipeline(viewer, now=now),
        "mailboxes": [(box, where(box), health.mailbox_health(box, now=now)) for box in health.mailboxes(viewer)],
        "nodes": [(node, health.node_health(node, now=now)) for node in health.nodes(viewer)],
        "stages": stages(viewer, now=now),
        "reporters": expected_reporters(viewer, now=now),
        "charts": [
            outcome_chart("outcomes", health.outcomes_by_day(viewer, since=since), days=days),
            row_chart("rows", health.rows_by_day(viewer, since=since), days=days),
        ],
        "filter": found,
        "table": paged(MessageTable(found.qs), request, per_page=PER_PAGE),
    }
    return render(request, "reports/ingestion.html", context)


@require_safe
@allowed_to(Act.SEE_REPORTS)
def message_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One mail or file: how it ended, every problem in words, and the reports that it brought."""
    viewer = viewer_of(request)
    message = message_for(viewer, pk)
    aggregates, failures, tls = health.reports_of(message, viewer=viewer)
    context = {"message": message, "aggregates": aggregates, "failures": failures, "tls": tls}
    return render(request, "reports/message_detail.html", context)
