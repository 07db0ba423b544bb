"""The Audit page: who changed what and when, with the state of the chain. Reads only."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reports.access import allowed_to, viewer_of
from reports.audit.trail import entries
from reports.audit.verify import verify
from reports.permissions import Act

PER_PAGE = 50


@require_safe
@allowed_to(Act.SEE_AUDIT)
def audit(request: HttpRequest) -> HttpResponse:
    """The organisation's entries, newest first; the chain is verified over all entries of the installation."""
    rows = entries(viewer=viewer_of(request))
    if action := request.GET.get("action", ""):
        rows = rows.filter(action__startswith=action.replace("\0", ""))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "audit/audit.html", {"page": page, "action": action, "chain": verify()})
