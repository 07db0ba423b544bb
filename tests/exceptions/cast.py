"""The people and things that tests of the deciding side begin with, made through the real services."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model

from exceptions.lifecycle import services
from exceptions.lifecycle.content import RuleContent
from exceptions.models import ExceptionRule
from exceptions.vocabulary import ReasonCode, RuleState
from reports.access import viewer_for
from reports.models import Domain, Membership, Organisation
from reports.viewer import Viewer
from reports.vocabulary import DomainKind, Role

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
REASON = "The payroll vendor cannot sign with our domain before its next release."


def an_organisation(name: str = "Ours", *, is_demo: bool = False) -> Organisation:
    """With an own domain, a partner's, and the row for all others."""
    organisation = Organisation.objects.create(name=name, slug=name.lower(), is_demo=is_demo)
    kinds = {"example.com": DomainKind.OWN, "partner.example": DomainKind.PARTNER, "*": DomainKind.FOREIGN}
    for domain, kind in kinds.items():
        Domain.objects.create(organisation=organisation, name=domain, kind=kind)
    return organisation


def a_person(name: str, role: Role, organisation: Organisation) -> Viewer:
    user = get_user_model().objects.create_user(f"{name.lower()}@{organisation.slug}.example", name=name)
    Membership.objects.create(user=user, organisation=organisation, role=role)
    viewer = viewer_for(user)
    assert viewer is not None
    return viewer


@dataclass(frozen=True)
class Cast:
    """Ann asks, Bob approves, Cy administers, Dan only looks, Eve audits."""

    organisation: Organisation
    ann: Viewer
    bob: Viewer
    cy: Viewer
    dan: Viewer
    eve: Viewer


def a_cast(organisation: Organisation | None = None) -> Cast:
    organisation = organisation or an_organisation()
    people = {
        "ann": Role.ANALYST,
        "bob": Role.APPROVER,
        "cy": Role.ADMINISTRATOR,
        "dan": Role.VIEWER,
        "eve": Role.AUDITOR,
    }
    return Cast(organisation, **{name: a_person(name.title(), role, organisation) for name, role in people.items()})


def content(owner: Viewer, **changes: Any) -> RuleContent:
    """A rule for one address, from now for 30 days."""
    plain = RuleContent(
        header_from="example.com",
        networks=("198.51.100.25/32",),
        reason_code=ReasonCode.VENDOR_NOT_ALIGNED,
        reason_text=REASON,
        owner_id=owner.user_id,
        starts_at=NOW,
        expires_at=NOW + timedelta(days=30),
    )
    return replace(plain, **changes)


def a_rule(cast: Cast, *, state: RuleState = RuleState.DRAFT, at: datetime = NOW, **changes: Any) -> ExceptionRule:
    """A rule that Ann wrote and owns, brought to the state by the people who may."""
    rule = services.rule_draft(content(cast.ann, **changes), viewer=cast.ann, at=at)
    if state == RuleState.WITHDRAWN:
        return services.rule_withdraw(rule, viewer=cast.ann, at=at)
    if state != RuleState.DRAFT:
        services.rule_propose(rule, viewer=cast.ann, seen_version=1, at=at)
    if state == RuleState.REJECTED:
        return services.rule_reject(rule, viewer=cast.bob, seen_version=1, reason="Fix it instead.", at=at)
    if state in (RuleState.APPROVED, RuleState.REVOKED, RuleState.EXPIRED):
        services.rule_approve(rule, viewer=cast.bob, seen_version=1, at=at)
    if state == RuleState.REVOKED:
        return services.rule_revoke(rule, viewer=cast.bob, reason="No longer needed.", at=at)
    if state == RuleState.EXPIRED:
        return services.rule_expire(rule, at=at + timedelta(days=91))
    return rule
