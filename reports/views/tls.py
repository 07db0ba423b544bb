"""TLS reports: how connections of other mail servers to ours went, and one report with everything that it says."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reports.access import allowed_to, tls_report_for, viewer_of
from reports.charts import session_chart
from reports.filters import page_scope
from reports.permissions import Act
from reports.selectors import tls as selectors
from reports.tables import TlsReportTable, paged

PER_PAGE = 25


@require_safe
@allowed_to(Act.SEE_REPORTS)
def tls_list(request: HttpRequest) -> HttpResponse:
    """Sessions by day, domain, kind of failure, policy and reporter, and the reports that say so."""
    viewer = viewer_of(request)
    page = page_scope(request, viewer=viewer, today=timezone.now().date())
    scope = page.scope
    by_day = selectors.sessions_by_day(scope)
    good, bad = (sum(each[index] for each in by_day.values()) for index in (0, 1))
    context: dict[str, Any] = {
        "scope": {"domain": page.domain, "domains": page.domains, "days": page.days, "ranges": page.ranges},
        "good": good,
        "bad": bad,
        "total": good + bad,
        "chart": session_chart("tls-days", by_day, days=scope.days),
        "domains": selectors.sessions_by_domain(scope),
        "failures": selectors.failures_by_type(scope),
        "policies": selectors.policies_seen(scope),
        "reporters": selectors.reporters_seen(scope),
        "table": paged(TlsReportTable(selectors.reports_within(scope)), request, per_page=PER_PAGE),
        "has_any": selectors.tls_reports(viewer).exists(),
    }
    return render(request, "reports/tls_list.html", context)


@require_safe
@allowed_to(Act.SEE_REPORTS)
def tls_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One TLS report: its policies, their failures, and what was mended or left out."""
    viewer = viewer_of(request)
    report = tls_report_for(viewer, pk)
    context: dict[str, Any] = {
        "report": report,
        "total": report.total_successful_session_count + report.total_failure_session_count,
        "policies": selectors.policies_of(report, viewer=viewer),
        "conflicting": selectors.conflicting_tls(report, viewer=viewer) if report.is_conflicting else [],
    }
    return render(request, "reports/tls_detail.html", context)
