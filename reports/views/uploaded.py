"""The page of a large upload: how far its reading is, and how its files ended."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from reports.access import allowed_to, viewer_of
from reports.permissions import Act
from reports.selectors.jobs import is_going_on, per_cent, uploads
from reports.selectors.uploads import ended_by_outcome, first_unused

LISTED = 20


@require_safe
@allowed_to(Act.UPLOAD)
def uploaded_page(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is; fetched again while it goes on."""
    job = get_object_or_404(uploads(viewer_of(request)), pk=pk)
    context = {
        "job": job,
        "goes_on": is_going_on(job),
        "per_cent": per_cent(job),
        "ended": ended_by_outcome(job),
        "unused": first_unused(job, limit=LISTED),
    }
    return render(request, "reports/_uploaded.html" if request.htmx else "reports/uploaded.html", context)  # type: ignore[attr-defined]
