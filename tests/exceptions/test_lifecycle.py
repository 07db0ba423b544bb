"""The verbs on real tables: what each does, who may, and that a refusal moves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from exceptions.errors import ExpiryInvalid, FourEyes, NotAllowed, RuleInvalid, RuleTooBroad, StaleReview, WrongState
from exceptions.lifecycle import services
from exceptions.models import Approval, ExceptionRule, RuleVersion
from exceptions.vocabulary import RuleState
from reports.audit import trail
from reports.models import AuditEntry, Domain
from reports.viewer import Viewer
from reports.vocabulary import Role
from tests.exceptions.cast import NOW, Cast, a_cast, a_person, a_rule, an_organisation, content

pytestmark = pytest.mark.django_db
S = RuleState


@pytest.fixture
def cast() -> Cast:
    return a_cast()


def standing(rule: ExceptionRule) -> tuple[object, ...]:
    """All that a refused act must leave as it was."""
    stored = ExceptionRule.objects.filter(pk=rule.pk).values().get()
    return stored, RuleVersion.objects.count(), Approval.objects.count(), AuditEntry.objects.count()


def test_a_rule_lives_from_draft_to_revocation_with_an_entry_for_each_step(cast: Cast) -> None:
    rule = a_rule(cast, state=S.REVOKED)
    assert (rule.state, rule.reference, rule.version) == (S.REVOKED, f"EX-{rule.pk}", 1)
    assert (rule.proposed_by_id, rule.proposed_by_name, rule.ended_at) == (cast.ann.user_id, "Ann", NOW)
    assert list(Approval.objects.values_list("version__number", "approver_name")) == [(1, "Bob")]
    assert [(entry.action, entry.actor_name, entry.data["state"]) for entry in trail.entries_about(rule)] == [
        ("exceptions.rule.drafted", "Ann", "draft"),
        ("exceptions.rule.proposed", "Ann", "proposed"),
        ("exceptions.rule.approved", "Bob", "approved"),
        ("exceptions.rule.revoked", "Bob", "revoked"),
    ]


def test_an_edit_makes_a_new_version_and_voids_the_proposal(cast: Cast) -> None:
    rule = a_rule(cast, state=S.PROPOSED)
    wider = content(cast.ann, networks=("198.51.100.0/24",))
    services.rule_edit(rule, content=wider, viewer=cast.ann, seen_version=1, at=NOW)
    assert (rule.state, rule.version, rule.proposed_by_id) == (S.DRAFT, 2, None)
    assert list(rule.versions.order_by("number").values_list("number", "networks")) == [
        (1, ["198.51.100.25/32"]),
        (2, ["198.51.100.0/24"]),
    ]
    before = standing(rule)
    with pytest.raises(StaleReview) as caught:
        services.rule_approve(rule, viewer=cast.bob, seen_version=1, at=NOW)
    assert caught.value.params == {"seen": 1, "version": 2}
    assert standing(rule) == before


def test_the_rule_belongs_to_the_own_domain_that_covers_its_from_domain(cast: Cast) -> None:
    names = {
        header_from: a_rule(cast, header_from=header_from).domain.name
        for header_from in ("example.com", "news.example.com", "partner.example", "notexample.com", "example.org")
    }
    assert names == {
        "example.com": "example.com",
        "news.example.com": "example.com",
        "partner.example": "partner.example",
        "notexample.com": "*",
        "example.org": "*",
    }


@pytest.mark.parametrize(
    ("changes", "code"), [({"networks": ()}, "no_source_evidence"), ({"header_from": ""}, "no_from_domain")]
)
def test_from_alone_and_source_alone_are_refused(cast: Cast, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleTooBroad) as caught:
        a_rule(cast, **changes)
    assert caught.value.code == code
    assert (ExceptionRule.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_the_owner_must_belong_to_the_organisation(cast: Cast) -> None:
    stranger = a_person("Stranger", Role.ANALYST, an_organisation("Theirs"))
    with pytest.raises(RuleInvalid) as caught:
        a_rule(cast, owner_id=stranger.user_id)
    assert caught.value.code == "owner_unknown"
    assert ExceptionRule.objects.count() == 0


@pytest.mark.parametrize("who", ["ann", "bob", "cy"])
def test_nobody_approves_what_they_proposed_wrote_or_own(cast: Cast, who: str) -> None:
    """Ann wrote version 1, Bob proposed version 2 that Cy wrote and Ann owns."""
    rule = a_rule(cast)
    services.rule_edit(rule, content=content(cast.ann), viewer=cast.cy, seen_version=1, at=NOW)
    services.rule_propose(rule, viewer=cast.bob, seen_version=2, at=NOW)
    before = standing(rule)
    viewer = replace(getattr(cast, who), role=Role.ADMINISTRATOR)
    with pytest.raises(FourEyes) as caught:
        services.rule_approve(rule, viewer=viewer, seen_version=2, at=NOW)
    assert caught.value.code == {"ann": "own_version", "bob": "own_proposal", "cy": "own_version"}[who]
    assert standing(rule) == before
    fourth = a_person("Fred", Role.APPROVER, cast.organisation)
    assert services.rule_approve(rule, viewer=fourth, seen_version=2, at=NOW).state == S.APPROVED


def test_the_owner_who_wrote_nothing_may_not_approve(cast: Cast) -> None:
    rule = a_rule(cast, state=S.PROPOSED, owner_id=cast.bob.user_id)
    before = standing(rule)
    with pytest.raises(FourEyes) as caught:
        services.rule_approve(rule, viewer=cast.bob, seen_version=1, at=NOW)
    assert caught.value.code == "own_rule"
    assert standing(rule) == before


ACTS: dict[str, tuple[RuleState, Callable[[ExceptionRule, Viewer], object]]] = {
    "draft": (S.DRAFT, lambda rule, viewer: services.rule_draft(content(viewer), viewer=viewer, at=NOW)),
    "edit": (
        S.DRAFT,
        lambda rule, viewer: services.rule_edit(rule, content=content(viewer), viewer=viewer, seen_version=1, at=NOW),
    ),
    "propose": (S.DRAFT, lambda rule, viewer: services.rule_propose(rule, viewer=viewer, seen_version=1, at=NOW)),
    "withdraw": (S.PROPOSED, lambda rule, viewer: services.rule_withdraw(rule, viewer=viewer, at=NOW)),
    "approve": (S.PROPOSED, lambda rule, viewer: services.rule_approve(rule, viewer=viewer, seen_version=1, at=NOW)),
    "reject": (
        S.PROPOSED,
        lambda rule, viewer: services.rule_reject(rule, viewer=viewer, seen_version=1, reason="No.", at=NOW),
    ),
    "revoke": (S.APPROVED, lambda rule, viewer: services.rule_revoke(rule, viewer=viewer, reason="Done.", at=NOW)),
}
MAY = {
    Role.VIEWER: set(),
    Role.ANALYST: {"draft", "edit", "propose", "withdraw", "revoke"},
    Role.APPROVER: {"draft", "edit", "propose", "withdraw", "approve", "reject", "revoke"},
    Role.ADMINISTRATOR: {"draft", "edit", "propose", "withdraw", "approve", "reject", "revoke"},
    Role.AUDITOR: set(),
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", ACTS)
def test_each_role_may_do_exactly_its_acts(cast: Cast, role: Role, act: str) -> None:
    state, perform = ACTS[act]
    rule = a_rule(cast, state=state)
    somebody = a_person("Somebody", role, cast.organisation)
    before = standing(rule)
    if act in MAY[role]:
        perform(rule, somebody)
        assert AuditEntry.objects.count() == before[-1] + 1  # type: ignore[operator]
        return
    with pytest.raises(NotAllowed):
        perform(rule, somebody)
    assert standing(rule) == before


@pytest.mark.parametrize("act", [act for act in ACTS if act != "draft"])
def test_people_of_another_organisation_may_do_nothing(cast: Cast, act: str) -> None:
    state, perform = ACTS[act]
    rule = a_rule(cast, state=state)
    stranger = a_person("Stranger", Role.ADMINISTRATOR, an_organisation("Theirs"))
    before = standing(rule)
    with pytest.raises(NotAllowed) as caught:
        perform(rule, stranger)
    assert caught.value.code == "other_organisation"
    assert standing(rule) == before


def test_a_person_with_access_to_other_domains_may_do_nothing(cast: Cast) -> None:
    rule = a_rule(cast, state=S.PROPOSED)
    elsewhere = Domain.objects.get(name="partner.example").pk
    before = standing(rule)
    with pytest.raises(NotAllowed) as caught:
        services.rule_approve(rule, viewer=replace(cast.bob, domain_ids=(elsewhere,)), seen_version=1, at=NOW)
    assert caught.value.code == "other_domain"
    assert standing(rule) == before


@pytest.mark.parametrize("act", ["reject", "revoke"])
def test_ending_a_rule_of_others_needs_a_reason(cast: Cast, act: str) -> None:
    rule = a_rule(cast, state=S.PROPOSED if act == "reject" else S.APPROVED)
    before = standing(rule)
    with pytest.raises(RuleInvalid) as caught:
        if act == "reject":
            services.rule_reject(rule, viewer=cast.bob, seen_version=1, reason=" ", at=NOW)
        else:
            services.rule_revoke(rule, viewer=cast.bob, reason=" ", at=NOW)
    assert caught.value.code == "reason_missing"
    assert standing(rule) == before


def test_a_proposal_whose_time_is_over_cannot_be_approved(cast: Cast) -> None:
    rule = a_rule(cast, state=S.PROPOSED)
    before = standing(rule)
    with pytest.raises(ExpiryInvalid):
        services.rule_approve(rule, viewer=cast.bob, seen_version=1, at=NOW + timedelta(days=30))
    assert standing(rule) == before


def test_a_rule_expires_only_when_its_time_is_over(cast: Cast) -> None:
    rule = a_rule(cast, state=S.APPROVED)
    before = standing(rule)
    with pytest.raises(WrongState) as caught:
        services.rule_expire(rule, at=NOW + timedelta(days=30, seconds=-1))
    assert caught.value.code == "not_over_yet"
    assert standing(rule) == before
    assert services.rule_expire(rule, at=NOW + timedelta(days=30)).state == S.EXPIRED


def test_the_clock_alone_decides_what_is_in_force(cast: Cast) -> None:
    start, end = NOW + timedelta(days=1), NOW + timedelta(days=2)
    rule = a_rule(cast, state=S.APPROVED, starts_at=start, expires_at=end)
    for state in (S.DRAFT, S.PROPOSED, S.WITHDRAWN, S.REJECTED, S.REVOKED):
        a_rule(cast, state=state, starts_at=start, expires_at=end)
    second = timedelta(seconds=1)
    moments = {"before": start - second, "start": start, "last": end - second, "end": end}
    assert {
        name: [version.rule_id for version in RuleVersion.objects.in_force(at=moment)]
        for name, moment in moments.items()
    } == {"before": [], "start": [rule.pk], "last": [rule.pk], "end": []}
    assert [version.rule_id for version in RuleVersion.objects.approved_until(at=NOW)] == [rule.pk]
