"""/healthz: this web process is alive and reaches its database."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dmarcsite.monitoring.changes import tell
from dmarcsite.monitoring.ready import database


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 "ok", or 503 with one sentence. Needs no login and tells nothing else."""
    found = database()
    tell("/healthz", {"database": found})
    status = HTTPStatus.OK if found == "ok" else HTTPStatus.SERVICE_UNAVAILABLE
    return HttpResponse(f"{found}\n", status=status, content_type="text/plain")
