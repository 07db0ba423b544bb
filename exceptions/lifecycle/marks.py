"""Leaves word of a rule with the sources it speaks of, as rows of reports.decisions, so that report pages can show it."""

from __future__ import annotations

from datetime import datetime

from exceptions.models import ExceptionRule, RuleVersion
from exceptions.selectors.coverage import covered_identities
from reports import decisions
from reports.viewer import Viewer


def mark_requested(version: RuleVersion, *, rule: ExceptionRule, viewer: Viewer, at: datetime) -> None:
    """Say that an exception was asked for, of all sources in the stored reports that it would cover."""
    _mark(decisions.Kind.REQUESTED, version, rule=rule, viewer=viewer, at=at, until=None)


def mark_excepted(version: RuleVersion, *, rule: ExceptionRule, viewer: Viewer, at: datetime) -> None:
    """Say that these sources are excepted until the rule's expiry."""
    _mark(decisions.Kind.EXCEPTED, version, rule=rule, viewer=viewer, at=at, until=version.expires_at)


def unmark(rule: ExceptionRule) -> None:
    """The rule says nothing any more: its sources stand undecided again."""
    decisions.withdraw(rule.reference, organisation_id=rule.organisation_id)


def _mark(
    kind: decisions.Kind,
    version: RuleVersion,
    *,
    rule: ExceptionRule,
    viewer: Viewer,
    at: datetime,
    until: datetime | None,
) -> None:
    covered = covered_identities(
        version.to_document(), organisation_id=rule.organisation_id, domain_id=rule.domain_id, at=at
    )
    decisions.decide(
        kind,
        reference=rule.reference,
        organisation_id=rule.organisation_id,
        domain_id=rule.domain_id,
        source_ids=[identity.source_id for identity in covered],
        decided_by_id=viewer.user_id,
        decided_by_name=viewer.user_name,
        at=at,
        until=until,
    )
