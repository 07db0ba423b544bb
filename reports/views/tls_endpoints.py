"""The addresses for TLS reports over HTTPS: made, shown once, and revoked by administrators."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from reports.access import allowed_to, tls_endpoint_for, viewer_of
from reports.forms.tls_endpoint import TlsEndpointForm
from reports.ingest.tls_endpoints import make_endpoint, revoke_endpoint
from reports.permissions import Act
from reports.selectors.tls import endpoints_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.MANAGE_MAILBOXES)
def endpoint_list(request: HttpRequest) -> HttpResponse:
    """The addresses and when each was last used; POST makes one and shows it this once."""
    viewer = viewer_of(request)
    form = TlsEndpointForm(request.POST or None, viewer=viewer)
    if request.method == "POST" and form.is_valid():
        endpoint, secret = make_endpoint(form.cleaned_data["domain"], viewer=viewer, at=timezone.now())
        address = f"{settings.BASE_URL}{reverse('reports:tls-post', args=[secret])}"
        return render(request, "reports/tls_endpoint_made.html", {"endpoint": endpoint, "address": address})
    context = {"form": form, "endpoints": endpoints_of(viewer)}
    return render(request, "reports/tls_endpoint_list.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.MANAGE_MAILBOXES)
def endpoint_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke an address, after a page that says what that means."""
    viewer = viewer_of(request)
    endpoint = tls_endpoint_for(viewer, pk)
    if request.method != "POST":
        return render(request, "reports/tls_endpoint_revoke.html", {"endpoint": endpoint})
    revoke_endpoint(endpoint, viewer=viewer, at=timezone.now())
    messages.success(request, _("The address for %(domain)s is void.") % {"domain": endpoint.domain.name})
    return redirect("reports:tls-endpoint-list")
