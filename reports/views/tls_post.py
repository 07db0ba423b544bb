"""Where other mail servers POST their TLS reports (RFC 8460 section 5.4). No sessions, no cookies, and no words.

docs/tls-reports.md is the contract.
"""

from __future__ import annotations

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from reports.errors import RawStoreError
from reports.ingest.tls_endpoints import use_endpoint
from reports.ingest.tls_posts import NoTlsReport, OtherDomain, take_post
from reports.models import TlsEndpoint

LIMIT_BYTES = 1 << 20
"""The largest real reports have some hundred kB as plain JSON; who posts is a stranger."""


@csrf_exempt  # no cookie gives anybody a right here
def tls_post(request: HttpRequest, secret: str) -> HttpResponse:
    """Take in one report: 200 with no content, else the status alone says why not."""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    try:
        endpoint, is_too_often = use_endpoint(secret, at=timezone.now())
        if endpoint is None:
            return HttpResponse(status=404)
        if is_too_often:
            return HttpResponse(status=429, headers={"Retry-After": "60"})
        return HttpResponse(status=_taken(request, endpoint=endpoint))
    except (OperationalError, RawStoreError):
        return HttpResponse(status=503, headers={"Retry-After": "60"})


def _taken(request: HttpRequest, *, endpoint: TlsEndpoint) -> int:
    """The status that says how the report ended."""
    try:
        data = request.read(LIMIT_BYTES + 1)
        if len(data) > LIMIT_BYTES:
            return 413
        take_post(data, endpoint=endpoint, at=timezone.now())
    except UnreadablePostError:
        return 400
    except NoTlsReport:
        return 415
    except OtherDomain:
        return 422
    return 200
