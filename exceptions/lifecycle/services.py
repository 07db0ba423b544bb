"""The only writer of rules. Each verb: guard, swap, event, return, in one transaction; publishing is the caller's part.

All verbs raise NotAllowed (the role does not include it), StaleReview (not the version that was seen), WrongState
(not from here, or somebody was faster) or a content error, and then nothing has changed. All are safe to race.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from exceptions.errors import ExpiryInvalid, RuleInvalid, WrongState
from exceptions.lifecycle import events, transitions
from exceptions.lifecycle.content import RuleContent, checked
from exceptions.lifecycle.guard import allow, guard, owner_of
from exceptions.lifecycle.marks import mark_excepted, mark_requested, unmark
from exceptions.lifecycle.transitions import Transition
from exceptions.models import Approval, ExceptionRule, RuleVersion
from reports.permissions import Act
from reports.selectors.domains import covering_domain_id
from reports.viewer import Viewer


@transaction.atomic
def rule_draft(content: RuleContent, *, viewer: Viewer, at: datetime) -> ExceptionRule:
    """Write down a new rule as a draft. Raises what `content.checked` raises, or RuleInvalid("owner_unknown")."""
    allow(viewer, Act.REQUEST_RULE)
    content = checked(content, at=at)
    rule = ExceptionRule(organisation_id=viewer.organisation_id, created_at=at)
    rule.domain_id = _domain_id(content, viewer)
    rule.save()
    version = _write_version(rule, number=1, content=content, viewer=viewer, at=at)
    events.record_content(events.DRAFTED, rule, version, viewer=viewer, at=at)
    return rule


@transaction.atomic
def rule_edit(
    rule: ExceptionRule, *, content: RuleContent, viewer: Viewer, seen_version: int, at: datetime
) -> ExceptionRule:
    """Write the next version of a draft or a proposal. A proposal becomes a draft again: nobody has seen this version."""
    guard(transitions.EDIT, rule, viewer=viewer, act=Act.REQUEST_RULE, seen_version=seen_version)
    content = checked(content, at=at)
    version = _write_version(rule, number=rule.version + 1, content=content, viewer=viewer, at=at)
    _swap(
        transitions.EDIT,
        rule,
        version=version.number,
        domain_id=_domain_id(content, viewer),
        proposed_by=None,
        proposed_by_name="",
        proposed_at=None,
    )
    unmark(rule)
    events.record_content(events.EDITED, rule, version, viewer=viewer, at=at)
    return rule


@transaction.atomic
def rule_propose(rule: ExceptionRule, *, viewer: Viewer, seen_version: int, at: datetime) -> ExceptionRule:
    """Ask for the approval of this version. Raises ExpiryInvalid where it would be over by now."""
    version = guard(transitions.PROPOSE, rule, viewer=viewer, act=Act.REQUEST_RULE, seen_version=seen_version)
    _demand_time_left(version, at)
    _swap(
        transitions.PROPOSE,
        rule,
        proposed_by_id=viewer.user_id,
        proposed_by_name=viewer.user_name,
        proposed_at=at,
    )
    mark_requested(version, rule=rule, viewer=viewer, at=at)
    events.record(events.PROPOSED, rule, viewer=viewer, at=at)
    return rule


@transaction.atomic
def rule_approve(
    rule: ExceptionRule, *, viewer: Viewer, seen_version: int, reason: str = "", at: datetime
) -> ExceptionRule:
    """Put a proposed rule in force, exactly as the approver saw it. Raises FourEyes too, or ExpiryInvalid."""
    version = guard(transitions.APPROVE, rule, viewer=viewer, act=Act.DECIDE_RULE, seen_version=seen_version)
    _demand_time_left(version, at)
    Approval.objects.create(
        version=version, approver_id=viewer.user_id, approver_name=viewer.user_name, at=at, reason=reason.strip()
    )
    _swap(transitions.APPROVE, rule)
    mark_excepted(version, rule=rule, at=at)
    events.record(events.APPROVED, rule, viewer=viewer, at=at, reason=reason)
    return rule


@transaction.atomic
def rule_reject(rule: ExceptionRule, *, viewer: Viewer, seen_version: int, reason: str, at: datetime) -> ExceptionRule:
    """Refuse a proposed rule for good. Raises RuleInvalid("reason_missing") too."""
    guard(transitions.REJECT, rule, viewer=viewer, act=Act.DECIDE_RULE, seen_version=seen_version)
    return _end(transitions.REJECT, events.REJECTED, rule, viewer=viewer, reason=reason, at=at)


@transaction.atomic
def rule_withdraw(rule: ExceptionRule, *, viewer: Viewer, reason: str = "", at: datetime) -> ExceptionRule:
    """Take a draft or a proposal back for good."""
    guard(transitions.WITHDRAW, rule, viewer=viewer, act=Act.REQUEST_RULE)
    return _end(transitions.WITHDRAW, events.WITHDRAWN, rule, viewer=viewer, reason=reason, at=at)


@transaction.atomic
def rule_revoke(rule: ExceptionRule, *, viewer: Viewer, reason: str, at: datetime) -> ExceptionRule:
    """End an approved rule at once; it takes one person. Raises RuleInvalid("reason_missing") too."""
    guard(transitions.REVOKE, rule, viewer=viewer, act=Act.REVOKE_RULE)
    return _end(transitions.REVOKE, events.REVOKED, rule, viewer=viewer, reason=reason, at=at)


@transaction.atomic
def rule_expire(rule: ExceptionRule, *, at: datetime) -> ExceptionRule:
    """Note that a rule's time is over, for people: filters obey the clock. Raises WrongState("not_over_yet") before."""
    version = guard(transitions.EXPIRE, rule)
    if version.expires_at > at:
        raise WrongState("not_over_yet", step=transitions.EXPIRE.name)
    return _end(transitions.EXPIRE, events.EXPIRED, rule, viewer=None, reason="", at=at)


def _end(
    transition: Transition, event: str, rule: ExceptionRule, *, viewer: Viewer | None, reason: str, at: datetime
) -> ExceptionRule:
    if transition.needs_reason and not reason.strip():
        raise RuleInvalid("reason_missing", field="reason")
    _swap(transition, rule, ended_at=at)
    unmark(rule)
    events.record(event, rule, viewer=viewer, at=at, reason=reason)
    return rule


def _swap(transition: Transition, rule: ExceptionRule, **changes: object) -> None:
    """Move the row only if it is still what the guard read; otherwise somebody was faster."""
    unchanged = ExceptionRule.objects.filter(pk=rule.pk, state=rule.state, version=rule.version)
    if not unchanged.update(state=transition.target, **changes):
        raise WrongState("somebody_was_faster", step=transition.name)
    rule.refresh_from_db()


def _write_version(
    rule: ExceptionRule, *, number: int, content: RuleContent, viewer: Viewer, at: datetime
) -> RuleVersion:
    return RuleVersion.objects.create(
        rule=rule,
        number=number,
        header_from=content.header_from,
        networks=list(content.networks),
        dkim_domain=content.dkim_domain,
        envelope_domain=content.envelope_domain,
        recipients=list(content.recipients),
        action=content.action,
        reason_code=content.reason_code,
        reason_text=content.reason_text,
        owner_id=content.owner_id,
        owner_name=owner_of(content, viewer),
        starts_at=content.starts_at,
        expires_at=content.expires_at,
        author_id=viewer.user_id,
        author_name=viewer.user_name,
        created_at=at,
    )


def _domain_id(content: RuleContent, viewer: Viewer) -> int:
    domain_id = covering_domain_id(organisation_id=viewer.organisation_id, name=content.header_from)
    allow(viewer, Act.REQUEST_RULE, domain_id=domain_id)
    return domain_id


def _demand_time_left(version: RuleVersion, at: datetime) -> None:
    if version.expires_at <= at:
        raise ExpiryInvalid("expiry_past", field="expires_at")
