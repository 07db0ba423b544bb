"""The one click that removes the demonstration data."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dmarcsite.demo.loader import demo_remove
from reports.access import allowed_to, viewer_of
from reports.permissions import Act


@require_POST
@allowed_to(Act.REMOVE_DEMO)
def remove(request: HttpRequest) -> HttpResponse:
    """Remove the demo organisation, its reports, rules and people; the audit log keeps what happened."""
    if demo_remove(viewer=viewer_of(request), now=timezone.now()):
        messages.success(request, _("The demonstration data is gone."))
    return redirect("/")
