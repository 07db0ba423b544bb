"""Creates, changes and deletes mailboxes, each with its audit entry. Passwords are sealed here and appear in no entry."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from reports.audit import log
from reports.audit.actions import register
from reports.ingest.places.secrets import sealed_secret
from reports.models import Mailbox, SignIn
from reports.viewer import Viewer

CREATED = register("reports.mailbox.created")
CHANGED = register("reports.mailbox.changed")
DELETED = register("reports.mailbox.deleted")
FETCH_ASKED = register("reports.mailbox.fetch_asked")

COMMON = (
    "name", "handled_action", "handled_folder", "refused_action", "refused_folder", "interval_minutes", "is_enabled",
)  # fmt: skip
REACH = ("host", "port", "tls", "ca_certificate", "username", "sign_in", "client_id", "tenant")
"""Where a token goes, and whose it is: whoever changes one of these signs in again, or it could be sent elsewhere."""


@transaction.atomic
def create_mailbox(mailbox: Mailbox, *, password: str, viewer: Viewer, at: datetime) -> None:
    """Save a new mailbox in the viewer's organisation; it is due at once."""
    mailbox.organisation_id = viewer.organisation_id
    mailbox.secret = sealed_secret(password)
    mailbox.save()
    log.record(CREATED, at=at, viewer=viewer, subject=mailbox, data=_settings(mailbox))


@transaction.atomic
def change_mailbox(mailbox: Mailbox, *, password: str, viewer: Viewer, at: datetime) -> None:
    """Save the changed settings, and the password unless it is ""; the mailbox is due at once, its last error forgotten."""
    before = _settings(Mailbox.objects.select_for_update().get(pk=mailbox.pk))
    if any(before.get(name) != mailbox.settings.get(name) for name in REACH):
        SignIn.objects.filter(mailbox=mailbox.pk).delete()
    fields = [*COMMON, "settings", "due_at", "failures", "error_code", "error_detail"]
    mailbox.due_at, mailbox.failures, mailbox.error_code, mailbox.error_detail = at, 0, "", ""
    if password:
        mailbox.secret = sealed_secret(password)
        fields.append("secret")
    # What a visit notes meanwhile stays: only what the form holds is written.
    mailbox.save(update_fields=fields)
    after = _settings(mailbox)
    changes: dict[str, Any] = {
        name: {"before": before.get(name), "after": value} for name, value in after.items() if before.get(name) != value
    }
    changes["is_password_new"] = bool(password)
    log.record(CHANGED, at=at, viewer=viewer, subject=mailbox, data=changes)


@transaction.atomic
def delete_mailbox(mailbox: Mailbox, *, viewer: Viewer, at: datetime) -> None:
    """Delete the mailbox with its password; what it brought stays, and mail on the server is not touched."""
    log.record(DELETED, at=at, viewer=viewer, subject=mailbox, data=_settings(mailbox))
    mailbox.delete()


@transaction.atomic
def ask_for_fetch(mailbox: Mailbox, *, viewer: Viewer, at: datetime) -> None:
    """Make the mailbox due now; the dispatcher, which runs each minute, does the rest."""
    Mailbox.objects.filter(pk=mailbox.pk).update(due_at=at)
    log.record(FETCH_ASKED, at=at, viewer=viewer, subject=mailbox)


def _settings(mailbox: Mailbox) -> dict[str, Any]:
    """As the audit log keeps it, under the names of the form's fields."""
    common = {name: getattr(mailbox, name) for name in COMMON}
    return {"place": mailbox.kind, **common, **mailbox.settings}
