"""The page of the organisation's settings."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dmarcsite.organisation.forms import OrganisationForm
from dmarcsite.organisation.settings import FIELDS, organisation_change
from reports.access import allowed_to, viewer_of
from reports.models import Organisation
from reports.permissions import Act


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.MANAGE_DOMAINS)
def settings(request: HttpRequest) -> HttpResponse:
    """Name, own gateways, hosts of mailboxes."""
    viewer = viewer_of(request)
    organisation = Organisation.objects.get(pk=viewer.organisation_id)
    initial = {field: getattr(organisation, field) for field in FIELDS}
    form = OrganisationForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        organisation_change(viewer=viewer, at=timezone.now(), **form.cleaned_data)
        messages.success(request, _("Saved. Reports that arrive from now on are sorted accordingly."))
        return redirect("domains")
    context = {"form": form, "is_judging": organisation.servers_changed_at is not None}
    return render(request, "organisation/settings.html", context, status=422 if form.errors else 200)
