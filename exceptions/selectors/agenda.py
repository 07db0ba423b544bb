"""What waits for people: rules to be decided, rules that end soon, rules in force. Small figures for the Overview."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from exceptions.models import RuleVersion
from exceptions.vocabulary import RuleState
from reports.viewer import Viewer

SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Agenda:
    """`waiting` are proposals, oldest first.

    `expiring` are the rules in force that end within SOON, else the next one to end.
    """

    waiting: tuple[RuleVersion, ...]
    in_force: int
    expiring: tuple[RuleVersion, ...]


def agenda(viewer: Viewer, *, at: datetime) -> Agenda:
    """Three queries, four where no rule ends soon."""
    versions = RuleVersion.objects.current().filter(rule__organisation_id=viewer.organisation_id)
    if viewer.domain_ids is not None:
        versions = versions.filter(rule__domain_id__in=viewer.domain_ids)
    waiting = tuple(versions.filter(rule__state=RuleState.PROPOSED).order_by("rule__proposed_at", "pk"))
    live = versions.in_force(at=at)
    ending = live.order_by("expires_at", "pk")
    return Agenda(
        waiting=waiting,
        in_force=live.count(),
        expiring=tuple(ending.filter(expires_at__lte=at + SOON)) or tuple(ending[:1]),
    )
