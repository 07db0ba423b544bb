"""Leaves word of a rule with the sources it speaks of, as rows of reports.decisions, so that report pages can show it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from exceptions.models import ExceptionRule, RuleVersion
from exceptions.selectors.coverage import covered_identities
from exceptions.vocabulary import RuleState
from reports import decisions
from reports.viewer import Viewer


def mark_requested(version: RuleVersion, *, rule: ExceptionRule, viewer: Viewer, at: datetime) -> None:
    """Say that an exception was asked for, of all sources in the stored reports that it would cover."""
    decisions.decide(
        decisions.Kind.REQUESTED,
        reference=rule.reference,
        organisation_id=rule.organisation_id,
        domain_id=rule.domain_id,
        source_ids=_sources(version, rule, at),
        decided_by_id=viewer.user_id,
        decided_by_name=viewer.user_name,
        at=at,
    )


def mark_excepted(version: RuleVersion, *, rule: ExceptionRule, at: datetime) -> None:
    """Say that these sources are excepted until the rule's expiry, by whoever approved it."""
    approval = version.approvals.latest("pk")
    decisions.decide(
        decisions.Kind.EXCEPTED,
        reference=rule.reference,
        organisation_id=rule.organisation_id,
        domain_id=rule.domain_id,
        source_ids=_sources(version, rule, at),
        decided_by_id=approval.approver_id,
        decided_by_name=approval.approver_name,
        at=approval.at,
        until=version.expires_at,
    )


def unmark(rule: ExceptionRule) -> None:
    """The rule says nothing any more: its sources stand undecided again."""
    decisions.withdraw(rule.reference, organisation_id=rule.organisation_id)


def refresh_marks(*, at: datetime) -> int:
    """Mark the sources that came up since their rules were approved; returns how many rules were looked at."""
    refreshed = 0
    for version in RuleVersion.objects.approved_until(at=at).order_by("rule_id"):
        with transaction.atomic():
            rule = ExceptionRule.objects.select_for_update().get(pk=version.rule_id)
            if rule.state == RuleState.APPROVED:
                mark_excepted(version, rule=rule, at=at)
                refreshed += 1
    return refreshed


def _sources(version: RuleVersion, rule: ExceptionRule, at: datetime) -> list[int]:
    covered = covered_identities(
        version.to_document(), organisation_id=rule.organisation_id, domain_id=rule.domain_id, at=at
    )
    return [identity.source_id for identity in covered]
