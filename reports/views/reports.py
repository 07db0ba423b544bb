"""Aggregate reports as a list, and one report with everything that it says."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from reports.access import allowed_to, report_for, viewer_of
from reports.charts import TONES, verdict_words
from reports.ingest.original import OriginalGone, original
from reports.list_filters import ReportFilter
from reports.models import AggregateReport
from reports.permissions import Act
from reports.selectors.report_list import (
    ReportList,
    aggregate_reports,
    conflicting_reports,
    report_rows,
    report_verdicts,
    superseded_reports,
)
from reports.tables import ReportTable, RowTable, paged

PER_PAGE = 25
ROWS_PER_PAGE = 50
REJECTED_LIMIT = 50
POLICY_TAGS = ("p", "sp", "np", "adkim", "aspf", "fo", "testing", "pct", "discovery_method", "psd")


@require_safe
@allowed_to(Act.SEE_REPORTS)
def report_list(request: HttpRequest) -> HttpResponse:
    """Which reports arrived, newest period first."""
    # What stands beside a report is fetched for the page's alone: joined, it would be for all before they are sorted.
    rows = aggregate_reports(viewer_of(request)).select_related(None).prefetch_related("domain", "message", "proven_by")
    found = ReportFilter(request.GET, queryset=rows, request=request)
    table = paged(ReportTable(ReportList(found.qs)), request, per_page=PER_PAGE)
    return render(request, "reports/report_list.html", {"filter": found, "table": table})


@require_safe
@allowed_to(Act.SEE_REPORTS)
def report_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One report: its head, the policy it found, its records, and what was mended or left out."""
    viewer = viewer_of(request)
    report = report_for(viewer, pk)
    shown = request.GET.get("records")
    failing_only = shown == "failing" or (shown != "all" and report.failing > 0)
    rows = report_rows(report, failing_only=failing_only)
    context: dict[str, Any] = {
        "report": report,
        "policy": [(tag, report.policy.get(tag)) for tag in POLICY_TAGS],
        "parts": _parts(report),
        "failing_only": failing_only,
        "table": paged(RowTable(rows), request, per_page=ROWS_PER_PAGE),
        "rejected": report.rejected_rows.all()[:REJECTED_LIMIT] if report.rows_dropped else [],
        "conflicting": conflicting_reports(report, viewer=viewer) if report.is_conflicting else [],
        "superseded": superseded_reports(report, viewer=viewer),
    }
    return render(request, "reports/report_detail.html", context)


@require_safe
@never_cache
@allowed_to(Act.SEE_REPORTS)
def report_original(request: HttpRequest, pk: int) -> HttpResponse:
    """The report's XML as it was sent, unpacked: a download, never shown by the browser."""
    report = report_for(viewer_of(request), pk)
    try:
        xml = original(report)
    except OriginalGone:
        raise Http404 from None
    return HttpResponse(
        xml,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="report-{report.pk}.xml"',
            "X-Content-Type-Options": "nosniff",
        },
    )


def _parts(report: AggregateReport) -> list[dict[str, Any]]:
    counts, words = report_verdicts(report), verdict_words()
    return [
        {"tone": TONES[verdict], "value": counts[verdict], "label": words[verdict]}
        for verdict in TONES
        if counts.get(verdict)
    ]
