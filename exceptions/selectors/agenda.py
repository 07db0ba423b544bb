"""What waits for people: rules to be decided, rules that end soon, rules in force. Small figures for the Overview."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from exceptions.models import RuleVersion
from exceptions.vocabulary import RuleState
from reports.viewer import Viewer

SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Agenda:
    """`waiting` are proposals, oldest first; `mine` how many of them this person may decide (not their own)."""

    waiting: tuple[RuleVersion, ...]
    mine: int
    in_force: int
    expiring: tuple[RuleVersion, ...]


def agenda(viewer: Viewer, *, at: datetime) -> Agenda:
    """Three queries."""
    versions = RuleVersion.objects.current().filter(rule__organisation_id=viewer.organisation_id)
    if viewer.domain_ids is not None:
        versions = versions.filter(rule__domain_id__in=viewer.domain_ids)
    waiting = tuple(versions.filter(rule__state=RuleState.PROPOSED).order_by("rule__proposed_at", "pk"))
    live = versions.in_force(at=at)
    involved = (
        Q(owner_id=viewer.user_id)
        | Q(rule__proposed_by_id=viewer.user_id)
        | Q(rule__versions__author_id=viewer.user_id)
    )
    own = set(versions.filter(involved, rule__state=RuleState.PROPOSED).values_list("pk", flat=True))
    return Agenda(
        waiting=waiting,
        mine=sum(version.pk not in own for version in waiting),
        in_force=live.count(),
        expiring=tuple(live.filter(expires_at__lte=at + SOON).order_by("expires_at", "pk")),
    )
