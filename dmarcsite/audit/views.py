"""The Audit page: who changed what and when, with the state of the chain. Reads only."""

from __future__ import annotations

from dataclasses import asdict

from django.core.cache import cache
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dmarcsite.audit.acts import act_words
from dmarcsite.audit.details import details
from dmarcsite.audit.forms import AuditFilter
from reports.access import allowed_to, viewer_of
from reports.audit.trail import actors, entries, newest_id
from reports.audit.verify import ChainState, verify
from reports.permissions import Act

PER_PAGE = 50
VERDICT_SECONDS = 60


@require_safe
@allowed_to(Act.SEE_AUDIT)
def audit(request: HttpRequest) -> HttpResponse:
    """The organisation's entries, newest first; the chain is verified over all entries of the installation."""
    viewer = viewer_of(request)
    rows, form = entries(viewer=viewer), AuditFilter(request.GET, people=actors(viewer=viewer))
    form.is_valid()
    page = Paginator(rows.filter(form.wanted), PER_PAGE).get_page(request.GET.get("page"))
    lines = [(entry, act_words(entry.action), details(entry.data)) for entry in page]
    return render(request, "audit/audit.html", {"page": page, "lines": lines, "form": form, "chain": _chain()})


def _chain() -> ChainState:
    """The verdict of the last minute while nothing was appended: the pass over a table that only grows is a long one."""
    key = f"audit-chain-{newest_id()}"
    found = cache.get(key)
    if found is None:
        found = asdict(verify())
        cache.set(key, found, VERDICT_SECONDS)
    return ChainState(**found)
