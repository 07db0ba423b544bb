"""Addresses at which reporters may POST TLS reports of one domain: made, revoked, and how often each is used."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from reports.audit import log
from reports.audit.actions import register
from reports.models import Domain, TlsEndpoint
from reports.viewer import Viewer

MADE = register("reports.tls_endpoint.made")
REVOKED = register("reports.tls_endpoint.revoked")
REQUESTS_PER_MINUTE = 60
_COUNT = """
UPDATE reports_tlsendpoint SET last_used_at = %(at)s,
    requests = CASE WHEN minute = %(minute)s THEN requests + 1 ELSE 1 END, minute = %(minute)s
WHERE secret_sha256 = %(digest)s AND revoked_at IS NULL RETURNING id, requests
"""


@transaction.atomic
def make_endpoint(domain: Domain, *, viewer: Viewer, at: datetime) -> tuple[TlsEndpoint, str]:
    """Make an address for a confirmed own domain; the second value is its secret, to be shown once."""
    secret = secrets.token_urlsafe(32)
    endpoint = TlsEndpoint.objects.create(
        organisation_id=viewer.organisation_id,
        domain=domain,
        secret_sha256=_digest(secret),
        created_at=at,
        created_by_name=viewer.user_name,
    )
    log.record(MADE, at=at, viewer=viewer, subject=endpoint, data={"domain": domain.name})
    return endpoint, secret


@transaction.atomic
def revoke_endpoint(endpoint: TlsEndpoint, *, viewer: Viewer, at: datetime) -> None:
    """Void it at once and for good; what it brought stays."""
    if TlsEndpoint.objects.filter(pk=endpoint.pk, revoked_at__isnull=True).update(revoked_at=at):
        log.record(REVOKED, at=at, viewer=viewer, subject=endpoint, data={"domain": endpoint.domain.name})


def use_endpoint(secret: str, *, at: datetime) -> tuple[TlsEndpoint | None, bool]:
    """The endpoint in force with this secret, or None; and whether it was used more often in this minute than it may be.

    Found by the digest of the secret, so the time that the search takes tells nothing of the secret. Counted in one
    statement, so that requests at the same time count as many.
    """
    values: dict[str, Any] = {"at": at, "minute": at.replace(second=0, microsecond=0), "digest": _digest(secret)}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        found = cursor.fetchone()
    if found is None:
        return None, False
    pk, requests = found
    endpoint = TlsEndpoint.objects.select_related("organisation", "domain").get(pk=pk)
    return endpoint, requests > REQUESTS_PER_MINUTE


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
