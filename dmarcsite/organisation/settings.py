"""The organisation's name and which reporters are its own. The only writer of them, with an audit entry."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from reports.audit import log
from reports.audit.actions import register
from reports.ingest.senders_again import JUDGED_AGAIN
from reports.models import Organisation
from reports.viewer import Viewer

CHANGED = register("organisation.settings.changed")
FIELDS = ("name", "own_reporters", "mailbox_reporters", "trusted_authserv_ids")


@transaction.atomic
def organisation_change(
    *,
    viewer: Viewer,
    name: str,
    own_reporters: list[str],
    mailbox_reporters: list[str],
    trusted_authserv_ids: list[str],
    at: datetime,
) -> bool:
    """Save the settings and tell whether anything changed. Reporters hold for what arrives from now on.

    Where the trusted servers change, senders judged before are judged again (reports.ingest.senders_again).
    """
    organisation = Organisation.objects.select_for_update().get(pk=viewer.organisation_id)
    after = {
        "name": name,
        "own_reporters": own_reporters,
        "mailbox_reporters": mailbox_reporters,
        "trusted_authserv_ids": trusted_authserv_ids,
    }
    changes = {
        field: {"before": getattr(organisation, field), "after": after[field]}
        for field in FIELDS
        if getattr(organisation, field) != after[field]
    }
    if not changes:
        return False
    data: dict[str, object] = dict(changes)
    judging = {}
    if "trusted_authserv_ids" in changes:
        judging = {"servers_changed_at": at}
        data["judged_again_since"] = (at - JUDGED_AGAIN).date().isoformat()
    Organisation.objects.filter(pk=organisation.pk).update(**after, **judging)
    log.record(CHANGED, at=at, viewer=viewer, subject=organisation, label=name, data=data)
    return True
