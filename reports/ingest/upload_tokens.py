"""Who may use the upload API: tokens that are shown once and never stored, their revocation, and how often they are used."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from reports.audit import log
from reports.audit.actions import register
from reports.models import UploadToken
from reports.viewer import Viewer

MADE = register("reports.upload_token.made")
REVOKED = register("reports.upload_token.revoked")
REQUESTS_PER_MINUTE = 120
_COUNT = """
UPDATE reports_uploadtoken SET last_used_at = %(at)s,
    requests = CASE WHEN minute = %(minute)s THEN requests + 1 ELSE 1 END, minute = %(minute)s
WHERE token_sha256 = %(digest)s AND revoked_at IS NULL RETURNING id, requests
"""


class NameTaken(Exception):
    """Another token in use has this name."""


def make_token(*, viewer: Viewer, name: str, at: datetime) -> tuple[UploadToken, str]:
    """Make a token; the second value is what its owner sends, to be shown once. Raises NameTaken."""
    # The prefix lets people and secret scanners tell what it is.
    secret = f"sekimori_{secrets.token_urlsafe(32)}"
    try:
        with transaction.atomic():
            token = UploadToken.objects.create(
                organisation_id=viewer.organisation_id, name=name, token_sha256=_digest(secret), created_at=at
            )
            log.record(MADE, at=at, viewer=viewer, subject=token)
    except IntegrityError:
        raise NameTaken from None
    return token, secret


@transaction.atomic
def revoke_token(token: UploadToken, *, viewer: Viewer, at: datetime) -> None:
    """Void it at once and for good; what it brought stays."""
    if UploadToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=at):
        log.record(REVOKED, at=at, viewer=viewer, subject=token)


def use_token(secret: str, *, at: datetime) -> tuple[UploadToken | None, bool]:
    """The token that this secret is, or None; and whether it was used more often in this minute than it may be. Counted in
    one statement, so that requests at the same time count as many.
    """
    values: dict[str, Any] = {"at": at, "minute": at.replace(second=0, microsecond=0), "digest": _digest(secret)}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        found = cursor.fetchone()
    if found is None:
        return None, False
    pk, requests = found
    return UploadToken.objects.select_related("organisation").get(pk=pk), requests > REQUESTS_PER_MINUTE


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
