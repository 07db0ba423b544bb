"""Failure reports: masked for everybody, and for a while in full for those who gave a reason. Bodies are never shown."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from reports.access import allowed_to, failure_for, viewer_of
from reports.forms.reveal import RevealForm
from reports.ingest.reading.results import claims_in
from reports.list_filters import FailureFilter
from reports.models import FailureReport
from reports.permissions import Act, may
from reports.revealing import reveal, revealed_until
from reports.selectors.failure_detail import identifiers, sample_header, source_opinions
from reports.selectors.report_list import failure_reports
from reports.sources.classify import Evidence, is_ours
from reports.tables import FailureTable, paged

PER_PAGE = 25
NAMING_NOBODY = frozenset({"dkim-identity", "dkim-selector-dns", "dkim-adsp-dns", "source-port", "reporting-mta"})
"""Fields of RFC 6591 that are shown masked; what any other may hold, nobody knows."""


@require_safe
@allowed_to(Act.SEE_REPORTS)
def failure_list(request: HttpRequest) -> HttpResponse:
    """Failing messages that receivers told about, one by one, masked."""
    viewer = viewer_of(request)
    found = FailureFilter(request.GET, queryset=failure_reports(viewer), request=request)
    table = paged(FailureTable(found.qs), request, per_page=PER_PAGE)
    records = [row.record for row in table.paginated_rows]
    opinions = source_opinions(records, viewer=viewer)
    for record in records:
        record.people, record.opinion = identifiers(record), opinions.get(record.pk)
    return render(request, "reports/failure_list.html", {"filter": found, "table": table})


@require_safe
@never_cache
@allowed_to(Act.SEE_REPORTS)
def failure_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One failure report: what the receiver said, what is made of it here, and who it names, masked."""
    return _page(request, failure_for(viewer_of(request), pk), RevealForm())


@require_POST
@never_cache
@allowed_to(Act.REVEAL_SAMPLES)
def failure_reveal(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the reason to the audit log, and show the report in full for a while."""
    viewer, form = viewer_of(request), RevealForm(request.POST)
    report = failure_for(viewer, pk)
    if not form.is_valid():
        return _page(request, report, form, status=422)
    reveal(report, viewer=viewer, reason=form.cleaned_data["reason"], at=timezone.now(), session=request.session)
    return redirect("reports:failure-detail", pk)


def _page(request: HttpRequest, report: FailureReport, form: RevealForm, *, status: int = 200) -> HttpResponse:
    viewer, now = viewer_of(request), timezone.now()
    until = None
    if may(viewer.role, Act.REVEAL_SAMPLES):
        until = revealed_until(report, viewer=viewer, at=now, session=request.session)
    people = identifiers(report)
    context: dict[str, Any] = {
        "report": report,
        "people": people,
        "claims": claims_in((people or {}).get("authentication_results", "")),
        "others": [
            (name, value) for name, value in (people or {}).get("other_fields", ()) if until or name in NAMING_NOBODY
        ],
        "opinion": source_opinions([report], viewer=viewer).get(report.pk),
        "dkim_is_ours": _is_ours(report, report.dkim_domain),
        "envelope_is_ours": _is_ours(report, report.envelope_domain),
        "revealed_until": until,
        "fields": sample_header(report) if until else [],
        "form": form,
    }
    return render(request, "reports/failure_detail.html", context, status=status)


def _is_ours(report: FailureReport, name: str) -> bool:
    return bool(name) and is_ours(name, Evidence(report.domain.name, report.header_from, "", ""))
