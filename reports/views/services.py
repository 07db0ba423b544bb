"""What the organisation calls sending services itself: the list, naming one, and dropping a name."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from reports.access import allowed_to, service_name_for, viewer_of
from reports.enrichment import naming
from reports.enrichment.naming import NamingRefused
from reports.forms.service import ServiceForm
from reports.permissions import Act
from reports.selectors.identities import service_names
from reports.sentences.services import naming_refusal


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.NAME_SERVICES)
def service_list(request: HttpRequest) -> HttpResponse:
    """Names that people gave; a new one may be asked for with ?target= from a source's page."""
    if request.method != "POST":
        return _page(request, ServiceForm(initial={"target": request.GET.get("target", "")[:253]}))
    form = ServiceForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    given = form.cleaned_data
    try:
        named = naming.service_name(
            given["target"], name=given["name"], kind=given["type"], viewer=viewer_of(request), at=timezone.now()
        )
    except NamingRefused as error:
        form.add_error("target", naming_refusal(error.code, dict(error.params)))
        return _page(request, form, status=409 if error.code == "taken" else 422)
    messages.success(request, _("These addresses are now called %(name)s.") % {"name": named.name})
    return redirect("reports:service-list")


@require_POST
@allowed_to(Act.NAME_SERVICES)
def service_drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a name back."""
    viewer = viewer_of(request)
    naming.service_drop(service_name_for(viewer, pk), viewer=viewer, at=timezone.now())
    messages.success(request, _("The name is dropped."))
    return redirect("reports:service-list")


def _page(request: HttpRequest, form: ServiceForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "services": service_names(viewer_of(request))}
    return render(request, "reports/service_list.html", context, status=status)
