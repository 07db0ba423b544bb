"""The Domains page: what reports named, what people named, and the two acts upon it. Thin: changes.py decides."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dmarcsite.domains import changes
from dmarcsite.domains.errors import DomainRefused
from dmarcsite.domains.forms import DomainForm
from dmarcsite.domains.sentences import refusal
from exceptions.selectors.enforcement import domain_modes
from exceptions.tasks import publish_soon
from reports.access import allowed_to, domain_for, viewer_of
from reports.permissions import Act
from reports.selectors.domains import named_and_seen
from reports.vocabulary import DomainKind

PER_PAGE = 50


@require_safe
@allowed_to(Act.SEE_REPORTS)
def domains(request: HttpRequest) -> HttpResponse:
    """Domains that wait for a person's word, and those that have it."""
    return _page(request, DomainForm())


@require_POST
@allowed_to(Act.MANAGE_DOMAINS)
def domain_name(request: HttpRequest) -> HttpResponse:
    """Say that a domain is ours or a partner's."""
    form = DomainForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    kind = DomainKind(form.cleaned_data["kind"])
    try:
        domain = changes.domain_name(form.cleaned_data["name"], kind=kind, viewer=viewer_of(request), at=timezone.now())
    except DomainRefused as error:
        form.add_error("name", refusal(error))
        return _page(request, form, status=409 if error.code == "already_named" else 422)
    publish_soon()
    messages.success(
        request, _("%(domain)s is named. Filters may now be stricter than what it publishes.") % {"domain": domain.name}
    )
    return redirect("domains")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.MANAGE_DOMAINS)
def domain_drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a domain's name back, after a page that says what that means."""
    viewer = viewer_of(request)
    domain = domain_for(viewer, pk)
    if request.method != "POST":
        return render(request, "domains/domain_drop.html", {"domain": domain})
    try:
        changes.domain_drop(pk, viewer=viewer, at=timezone.now())
    except DomainRefused as error:
        return _page(request, DomainForm(), refused=refusal(error), status=409)
    publish_soon()
    messages.success(request, _("%(domain)s is dropped.") % {"domain": domain.name})
    return redirect("domains")


def _page(request: HttpRequest, form: DomainForm, *, refused: str = "", status: int = 200) -> HttpResponse:
    viewer = viewer_of(request)
    modes = {each.domain.pk: each for each in domain_modes(viewer)}
    named, all_seen = named_and_seen(viewer)
    seen = Paginator(all_seen, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "refusal": refused,
        "seen": seen,
        "named": [(each.domain, modes[each.domain.pk], each) for each in named],
        "seen_modes": [(each.domain, modes[each.domain.pk], each) for each in seen],
    }
    return render(request, "domains/domains.html", context, status=status)
