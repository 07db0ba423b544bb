"""How reports come in: the pipeline, the mailboxes, what is parked, long work, and everything that arrived."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reports.access import allowed_to, message_for, viewer_of
from reports.charts import outcome_chart, row_chart
from reports.list_filters import MessageFilter
from reports.permissions import Act
from reports.selectors import ingest_health as health
from reports.selectors.arrivals import outcomes_by_day, rows_by_day
from reports.selectors.jobs import is_going_on, recent_jobs
from reports.selectors.mailboxes import mailbox_states
from reports.selectors.parked import parked
from reports.selectors.reporters import expected_reporters
from reports.selectors.stages import stages
from reports.selectors.sums import sums_state
from reports.tables import MessageTable, paged
from reports.vocabulary import Stage

PER_PAGE = 15
CHART_DAYS = 30
PARKED_SHOWN = 10
JOBS_SHOWN = 5


@require_safe
@allowed_to(Act.SEE_REPORTS)
def ingestion(request: HttpRequest) -> HttpResponse:
    """Are reports still coming, what failed, and how is it repaired?"""
    viewer, now = viewer_of(request), timezone.now()
    days = [now.date() - timedelta(days=back) for back in range(CHART_DAYS - 1, -1, -1)]
    found = MessageFilter(request.GET, queryset=health.ledger(viewer), request=request)
    states = stages(viewer, now=now)
    waiting = {state.stage: state.waiting for state in states}
    parked_messages = list(parked(viewer)[: PARKED_SHOWN + 1])
    jobs = list(recent_jobs(viewer, now=now)[:JOBS_SHOWN])
    outcomes = outcomes_by_day(viewer, since=days[0])
    rows = rows_by_day(viewer, since=days[0], today=days[-1], outcomes=outcomes)
    context: dict[str, Any] = {
        "pipeline": health.pipeline(viewer, now=now),
        "unread": waiting[Stage.READ],
        "untold": waiting[Stage.ACKNOWLEDGE],
        "stages": states,
        "sums": sums_state(now=now),
        "mailboxes": mailbox_states(viewer, now=now),
        "parked": parked_messages[:PARKED_SHOWN],
        "has_more_parked": len(parked_messages) > PARKED_SHOWN,
        "jobs": jobs,
        "jobs_go_on": any(map(is_going_on, jobs)),
        "reporters": expected_reporters(viewer, now=now),
        "nodes": [(node, health.node_health(node, now=now)) for node in health.nodes(viewer)],
        "charts": [
            outcome_chart("outcomes", outcomes, days=days),
            row_chart("rows", rows, days=days),
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
