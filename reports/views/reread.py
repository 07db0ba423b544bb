"""Re-reads: asked for with a dry run first, followed on a page of their own, cancelled there."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reports.access import allowed_to, job_for, message_for, viewer_of
from reports.forms.reread import RereadForm
from reports.jobs import JobGoingOn
from reports.models import Job, Organisation
from reports.permissions import Act
from reports.reread.asking import ask, end
from reports.reread.selection import Selection
from reports.selectors.ingest_health import ledger
from reports.selectors.jobs import is_going_on, per_cent, recent_jobs, rereads
from reports.viewer import Viewer
from reports.vocabulary import JobKind

LAST = 10


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.REREAD)
def reread(request: HttpRequest) -> HttpResponse:
    """Which messages, and whether only to look; and the last re-reads."""
    viewer = viewer_of(request)
    form = RereadForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return _asked(request, form.selection(), viewer=viewer, dry_run=form.cleaned_data["dry_run"])
    context = {"form": form, "jobs": rereads(viewer)[:LAST]}
    return render(request, "reports/reread.html", context, status=422 if form.errors else 200)


@require_POST
@allowed_to(Act.REREAD)
def message_reread(request: HttpRequest, pk: int) -> HttpResponse:
    """Read one message again, at once."""
    viewer = viewer_of(request)
    return _asked(request, Selection(message_id=message_for(viewer, pk).pk), viewer=viewer, dry_run=False)


@require_safe
@allowed_to(Act.REREAD)
def job_page(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is, and what it changes; fetched again while it goes on."""
    viewer = viewer_of(request)
    job = job_for(viewer, pk)
    listed: list[dict[str, Any]] = job.result.get("listed", [])
    known = ledger(viewer).in_bulk([each["message"] for each in listed])
    context = {
        "job": job,
        "goes_on": is_going_on(job),
        "per_cent": per_cent(job),
        "listed": [(known[each["message"]], each) for each in listed if each["message"] in known],
    }
    return render(request, "reports/_job.html" if request.htmx else "reports/job.html", context)  # type: ignore[attr-defined]


@require_safe
@allowed_to(Act.SEE_REPORTS)
def job_list(request: HttpRequest) -> HttpResponse:
    """What goes on and what ended lately; fetched again by pages while something goes on."""
    jobs = list(recent_jobs(viewer_of(request), now=timezone.now())[:LAST])
    context = {"jobs": jobs, "jobs_go_on": any(map(is_going_on, jobs))}
    return render(request, "reports/_jobs.html" if request.htmx else "reports/job_list.html", context)  # type: ignore[attr-defined]


@require_POST
@allowed_to(Act.REREAD)
def job_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the end."""
    viewer = viewer_of(request)
    job = job_for(viewer, pk)
    if job.kind != JobKind.REREAD:  # an import is ended where it was begun
        raise Http404
    if not end(job, at=timezone.now(), viewer=viewer):
        messages.info(request, _("It has ended already."))
    return redirect("reports:job-detail", job.pk)


def _asked(request: HttpRequest, selection: Selection, *, viewer: Viewer, dry_run: bool) -> HttpResponse:
    organisation = Organisation.objects.get(pk=viewer.organisation_id)
    try:
        job: Job = ask(selection, organisation=organisation, dry_run=dry_run, at=timezone.now(), viewer=viewer)
    except JobGoingOn:
        messages.warning(request, _("Messages are being read again already; wait for the end, or cancel it."))
        return redirect("reports:reread")
    return redirect("reports:job-detail", job.pk)
