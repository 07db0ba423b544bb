"""The rules that a viewer sees, each at its current version, with the state that the clock gives it. Changes nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, CharField, F, Q, QuerySet, Value, When

from exceptions.models import ExceptionRule, RuleVersion, RuleVersionQuerySet
from exceptions.selectors.agenda import SOON
from exceptions.vocabulary import RuleState
from reports.permissions import Act, may
from reports.selectors.rule_hits import used_references
from reports.viewer import Viewer

IN_FORCE = "in_force"
SCHEDULED = "scheduled"
SHOWN_STATES = (
    RuleState.DRAFT.value,
    RuleState.PROPOSED.value,
    SCHEDULED,
    IN_FORCE,
    RuleState.EXPIRED.value,
    RuleState.REVOKED.value,
    RuleState.REJECTED.value,
    RuleState.WITHDRAWN.value,
)
"""What people read in place of `RuleState`: "approved" is told apart by the clock."""

UNUSED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ChipCounts:
    """How many rules each chip above the list holds."""

    everything: int
    waiting: int
    expiring: int
    unused: int


def visible_rules(viewer: Viewer) -> QuerySet[ExceptionRule]:
    """Rules of the viewer's organisation and domains, whatever their state."""
    rules = ExceptionRule.objects.filter(organisation_id=viewer.organisation_id)
    return rules if viewer.domain_ids is None else rules.filter(domain_id__in=viewer.domain_ids)


def current_rules(viewer: Viewer, *, at: datetime) -> RuleVersionQuerySet:
    """The current versions, those that are open first and the newest of them before; each has a `shown_state`."""
    approved = Q(rule__state=RuleState.APPROVED)
    shown = Case(
        When(approved & Q(expires_at__lte=at), then=Value(RuleState.EXPIRED.value)),
        When(approved & Q(starts_at__gt=at), then=Value(SCHEDULED)),
        When(approved, then=Value(IN_FORCE)),
        default=F("rule__state"),
        output_field=CharField(),
    )
    versions = RuleVersion.objects.current().filter(rule__in=visible_rules(viewer)).annotate(shown_state=shown)
    return versions.order_by(F("rule__ended_at").desc(nulls_first=True), "-rule_id")


def waiting_for(versions: RuleVersionQuerySet, viewer: Viewer) -> RuleVersionQuerySet:
    """Proposals that this person may decide: not those that they proposed, wrote or own."""
    if not may(viewer.role, Act.DECIDE_RULE):
        return versions.none()
    involved = Q(owner_id=viewer.user_id) | Q(rule__proposed_by_id=viewer.user_id) | Q(rule_id__in=_written_by(viewer))
    return versions.filter(rule__state=RuleState.PROPOSED).exclude(involved)


def expiring(versions: RuleVersionQuerySet, *, at: datetime) -> RuleVersionQuerySet:
    """In force, and over within 14 days."""
    return versions.in_force(at=at).filter(expires_at__lte=at + SOON)


def unused(versions: RuleVersionQuerySet, viewer: Viewer, *, at: datetime) -> RuleVersionQuerySet:
    """In force for 30 days and longer, and no node told of a hit in the last 30."""
    used = used_references(organisation_id=viewer.organisation_id, since=at - UNUSED)
    return versions.in_force(at=at).filter(starts_at__lte=at - UNUSED).exclude(rule_id__in=_keys(used))


def chip_counts(viewer: Viewer, *, at: datetime) -> ChipCounts:
    """Five queries."""
    versions = current_rules(viewer, at=at)
    return ChipCounts(
        everything=versions.count(),
        waiting=waiting_for(versions, viewer).count(),
        expiring=expiring(versions, at=at).count(),
        unused=unused(versions, viewer, at=at).count(),
    )


def _written_by(viewer: Viewer) -> QuerySet[RuleVersion, int]:
    """A person who wrote any version of a rule is one of its authors."""
    return RuleVersion.objects.filter(author_id=viewer.user_id).values_list("rule_id", flat=True)


def _keys(references: Collection[str]) -> list[int]:
    """EX-12 is the rule 12; what a node may else have written is no rule of ours."""
    numbers = [reference.removeprefix("EX-") for reference in references]
    return [int(number) for number in numbers if number.isascii() and number.isdigit()]
