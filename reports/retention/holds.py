"""Legal hold: while a domain is held, nothing of it goes, however old. Both acts are in the audit log with their reason."""

from __future__ import annotations

from datetime import datetime

from reports.audit import log
from reports.audit.actions import register
from reports.models import Domain
from reports.retention.turn import turn
from reports.viewer import Viewer

HELD = register("organisation.domain.held")
RELEASED = register("organisation.domain.released")


def domain_hold(domain_id: int, *, reason: str, viewer: Viewer, at: datetime) -> bool:
    """Hold the domain; False where it is held already, by whom and why stays then. What went before is not brought back."""
    with turn():
        domain = Domain.objects.select_for_update().get(organisation_id=viewer.organisation_id, pk=domain_id)
        if domain.held_at:
            return False
        domain.held_at, domain.held_by_name, domain.hold_reason = at, viewer.user_name, reason
        domain.save(update_fields=["held_at", "held_by_name", "hold_reason"])
        log.record(HELD, at=at, viewer=viewer, subject=domain, reason=reason)
    return True


def domain_release(domain_id: int, *, reason: str, viewer: Viewer, at: datetime) -> bool:
    """End the hold; what is over its time goes the next night. False where there is none."""
    with turn():
        domain = Domain.objects.select_for_update().get(organisation_id=viewer.organisation_id, pk=domain_id)
        if not domain.held_at:
            return False
        held = {"since": domain.held_at.isoformat(), "by": domain.held_by_name, "reason": domain.hold_reason}
        domain.held_at, domain.held_by_name, domain.hold_reason = None, "", ""
        domain.save(update_fields=["held_at", "held_by_name", "hold_reason"])
        log.record(RELEASED, at=at, viewer=viewer, subject=domain, reason=reason, data=held)
    return True
