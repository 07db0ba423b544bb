"""How long an organisation keeps what. The only writer of it, with an audit entry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from reports.audit import log
from reports.audit.actions import register
from reports.models import Organisation, Retention
from reports.models.retention import KINDS
from reports.retention.terms import terms_of
from reports.retention.turn import turn
from reports.viewer import Viewer

CHANGED = register("organisation.retention.changed")


def retention_change(days: Mapping[str, int], *, viewer: Viewer, at: datetime) -> bool:
    """Save the terms, days by kind, and tell whether any changed. What a shorter one lets go goes the next night.

    The database refuses terms beyond those of `reports.models.Retention` (IntegrityError).
    """
    with turn():
        before = terms_of(viewer.organisation_id)
        changes = {
            kind: {"before": getattr(before, kind), "after": days[kind]}
            for kind in KINDS
            if getattr(before, kind) != days[kind]
        }
        if not changes:
            return False
        Retention.objects.update_or_create(
            organisation_id=viewer.organisation_id, defaults={kind: days[kind] for kind in KINDS}
        )
        organisation = Organisation.objects.get(pk=viewer.organisation_id)
        log.record(CHANGED, at=at, viewer=viewer, subject=organisation, data=changes)
    return True
