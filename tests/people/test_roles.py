"""Roles need a second administrator once there are two, whoever writes them; refusals change nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from dmarcsite.models import RoleGrant, User
from dmarcsite.people import grants
from dmarcsite.people.errors import AlreadyDecided, AlreadyOpen, InvitationEnded, LastAdministrator, OwnProposal
from dmarcsite.people.first_administrator import make_first_administrator, make_organisation
from reports.access import viewer_for
from reports.models import AuditEntry, Membership, Organisation
from reports.viewer import Viewer
from reports.vocabulary import Role

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def organisation() -> Organisation:
    return make_organisation(name="Example", slug="example")


def member(organisation: Organisation, role: Role, email: str) -> Viewer:
    user = User.objects.create_user(email, "correct-horse-9-battery")
    with transaction.atomic():
        Membership.objects.create(user=user, organisation=organisation, role=role)
    viewer = viewer_for(user)
    assert viewer is not None
    return viewer


@pytest.fixture
def ann(organisation: Organisation) -> Viewer:
    return member(organisation, Role.ADMINISTRATOR, "ann@example.com")


@pytest.fixture
def bob(organisation: Organisation, ann: Viewer) -> Viewer:
    return member(organisation, Role.ADMINISTRATOR, "bob@example.com")


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_sql_cannot_give_a_role_without_a_second_administrator(
    organisation: Organisation, ann: Viewer, bob: Viewer
) -> None:
    stranger = User.objects.create_user("dan@example.com", "correct-horse-9-battery")
    with pytest.raises(IntegrityError, match="second administrator"), transaction.atomic():
        Membership.objects.create(user=stranger, organisation=organisation, role=Role.VIEWER)
    with pytest.raises(IntegrityError, match="second administrator"), transaction.atomic():
        Membership.objects.filter(user_id=bob.user_id).update(role=Role.APPROVER, user_id=stranger.pk)
    assert sorted(Membership.objects.values_list("user__email", "role")) == [
        ("ann@example.com", "administrator"),
        ("bob@example.com", "administrator"),
    ]


def test_a_grant_that_names_its_proposer_as_second_is_refused_by_the_database(ann: Viewer) -> None:
    with pytest.raises(IntegrityError, match="role_grant_four_eyes"), transaction.atomic():
        RoleGrant.objects.create(
            organisation_id=ann.organisation_id,
            email="dan@example.com",
            role=Role.APPROVER,
            proposed_by_id=ann.user_id,
            second_by_id=ann.user_id,
            proposed_by_name="Ann",
            proposed_at=NOW,
        )


def test_nobody_seconds_their_own_proposal(ann: Viewer, bob: Viewer) -> None:
    grant, token = grants.role_propose(viewer=ann, email="dan@example.com", role=Role.APPROVER, at=NOW)
    with pytest.raises(OwnProposal):
        grants.role_second(grant.pk, viewer=ann, at=NOW)
    grant.refresh_from_db()
    assert (token, grant.state, grant.second_by_id) == (None, "proposed", None)
    assert actions() == ["people.role.proposed"]


def test_a_second_administrator_makes_it_an_invitation_that_works_once(ann: Viewer, bob: Viewer) -> None:
    grant, _ = grants.role_propose(viewer=ann, email="Dan@Example.com", role=Role.APPROVER, at=NOW)
    grant, token = grants.role_second(grant.pk, viewer=bob, at=NOW)
    assert token is not None
    user = grants.invitation_accept(token, name="Dan", password="correct-horse-9-battery", at=NOW + timedelta(days=6))
    assert (user.email, Membership.objects.get(user=user).role) == ("dan@example.com", "approver")
    with pytest.raises(InvitationEnded):
        grants.invitation_accept(token, name="Eve", password="correct-horse-9-battery", at=NOW + timedelta(days=6))
    assert actions() == ["people.role.proposed", "people.role.granted", "people.invitation.accepted"]


def test_an_invitation_ends_after_seven_days(ann: Viewer) -> None:
    _, token = grants.role_propose(viewer=ann, email="dan@example.com", role=Role.VIEWER, at=NOW)
    assert token is not None
    with pytest.raises(InvitationEnded):
        grants.open_invitation(token, at=NOW + timedelta(days=7))
    assert grants.open_invitation(token, at=NOW + timedelta(days=7, seconds=-1)).email == "dan@example.com"


def test_a_decided_proposal_is_not_decided_again(ann: Viewer, bob: Viewer) -> None:
    grant, _ = grants.role_propose(viewer=ann, email="dan@example.com", role=Role.VIEWER, at=NOW)
    assert grants.role_refuse(grant.pk, viewer=bob, at=NOW).state == "refused"
    with pytest.raises(AlreadyDecided):
        grants.role_second(grant.pk, viewer=bob, at=NOW)


def test_one_open_proposal_per_person(ann: Viewer, bob: Viewer) -> None:
    grants.role_propose(viewer=ann, email="dan@example.com", role=Role.VIEWER, at=NOW)
    with pytest.raises(AlreadyOpen):
        grants.role_propose(viewer=bob, email="DAN@example.com", role=Role.APPROVER, at=NOW)
    assert RoleGrant.objects.count() == 1


def test_the_last_administrator_stays(ann: Viewer) -> None:
    membership = Membership.objects.get(user_id=ann.user_id)
    with pytest.raises(LastAdministrator):
        grants.membership_end(membership.pk, viewer=ann, at=NOW)
    with pytest.raises(LastAdministrator), transaction.atomic():
        grants.role_propose(viewer=ann, email="ann@example.com", role=Role.VIEWER, at=NOW)
    membership.refresh_from_db()
    assert membership.role == "administrator"


def test_taking_a_role_away_needs_one_administrator(organisation: Organisation, ann: Viewer) -> None:
    dan = member(organisation, Role.VIEWER, "dan@example.com")
    member(organisation, Role.ADMINISTRATOR, "bob@example.com")
    grants.membership_end(Membership.objects.get(user_id=dan.user_id).pk, viewer=ann, at=NOW)
    assert sorted(Membership.objects.values_list("user__email", flat=True)) == ["ann@example.com", "bob@example.com"]
    assert actions() == ["people.role.ended"]


def test_the_first_administrator_is_made_once(db: None) -> None:
    made = make_first_administrator(email="admin@example.com", password="")
    assert made is not None and made.generated_password is not None and len(made.generated_password) == 20
    assert make_first_administrator(email="other@example.com", password="") is None
    assert list(Membership.objects.values_list("user__email", "role")) == [("admin@example.com", "administrator")]
    assert actions() == ["people.first_administrator.made"]
