"""Ways around the second administrator, and invitations that have lost their ground: each is refused, with a sentence."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction
from django.test import Client
from pytest_django import Settings

from dmarcsite.models import RoleGrant, User
from dmarcsite.people import grants
from dmarcsite.people.errors import InvitationEnded, OtherAdministrator, SecondMissing
from dmarcsite.people.first_administrator import make_organisation
from reports.access import viewer_for
from reports.models import AuditEntry, Membership, Organisation
from reports.viewer import Viewer
from reports.vocabulary import Role

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PASSWORD = "correct-horse-9-battery"
pytestmark = pytest.mark.django_db


@pytest.fixture
def organisation() -> Organisation:
    return make_organisation(name="Example", slug="example")


def administrator(organisation: Organisation, name: str) -> Viewer:
    user = User.objects.create_user(f"{name}@example.com", PASSWORD)
    RoleGrant.objects.create(
        organisation=organisation,
        email=user.email,
        role=Role.ADMINISTRATOR,
        state=RoleGrant.State.GRANTED,
        proposed_at=NOW,
        decided_at=NOW,
        proposed_by=User.objects.create_user(f"one-{name}@example.net"),
        second_by=User.objects.create_user(f"two-{name}@example.net"),
        user=user,
    )
    Membership.objects.create(user=user, organisation=organisation, role=Role.ADMINISTRATOR)
    viewer = viewer_for(user)
    assert viewer is not None
    return viewer


@pytest.fixture
def ann(organisation: Organisation) -> Viewer:
    return administrator(organisation, "ann")


@pytest.fixture
def bob(organisation: Organisation, ann: Viewer) -> Viewer:
    return administrator(organisation, "bob")


def membership_of(viewer: Viewer) -> Membership:
    return Membership.objects.get(user_id=viewer.user_id)


def invited(viewer: Viewer, email: str = "dan@example.com", role: Role = Role.APPROVER) -> str:
    _, token = grants.role_propose(viewer=viewer, email=email, role=role, at=NOW)
    assert token is not None
    return token


def test_one_of_two_administrators_cannot_remove_the_other_and_then_grant_roles_alone(ann: Viewer, bob: Viewer) -> None:
    with pytest.raises(OtherAdministrator):
        grants.membership_end(membership_of(bob).pk, viewer=ann, at=NOW)
    assert Membership.objects.count() == 2
    assert grants.role_propose(viewer=ann, email="dan@example.com", role=Role.APPROVER, at=NOW)[1] is None


def test_one_of_two_administrators_may_give_up_their_own_role(ann: Viewer, bob: Viewer) -> None:
    grants.membership_end(membership_of(bob).pk, viewer=bob, at=NOW)
    assert list(Membership.objects.values_list("user__email", flat=True)) == ["ann@example.com"]


def test_one_of_three_administrators_can_be_removed_by_another(
    organisation: Organisation, ann: Viewer, bob: Viewer
) -> None:
    third = administrator(organisation, "cy")
    grants.membership_end(membership_of(third).pk, viewer=ann, at=NOW)
    with pytest.raises(OtherAdministrator):
        grants.membership_end(membership_of(bob).pk, viewer=ann, at=NOW)


def test_whoever_runs_the_server_can_end_the_role_of_an_administrator_who_is_gone(ann: Viewer, bob: Viewer) -> None:
    call_command("end_role", "bob@example.com", organisation="example", reason="Has left.")
    assert list(Membership.objects.values_list("user__email", flat=True)) == ["ann@example.com"]
    entry = AuditEntry.objects.get(action="people.role.ended")
    assert (entry.actor_name, entry.object_label, entry.reason) == ("", "bob@example.com", "Has left.")
    with pytest.raises(CommandError, match="last administrator"):
        call_command("end_role", "ann@example.com", organisation="example", reason="Has left.")
    with pytest.raises(CommandError, match="no role"):
        call_command("end_role", "bob@example.com", organisation="example", reason="Has left.")


def test_an_invitation_by_a_lone_administrator_ends_when_there_are_two(organisation: Organisation, ann: Viewer) -> None:
    token = invited(ann)
    administrator(organisation, "bob")
    with pytest.raises(SecondMissing):
        grants.invitation_accept(token, name="Dan", password=PASSWORD, at=NOW)
    assert not User.objects.filter(email="dan@example.com").exists()


def test_the_page_of_such_an_invitation_says_so(organisation: Organisation, ann: Viewer, client: Client) -> None:
    _, token = grants.role_propose(viewer=ann, email="dan@example.com", role=Role.VIEWER, at=datetime.now(UTC))
    administrator(organisation, "bob")
    response = client.post(f"/invitations/{token}/", {"name": "Dan", "password": PASSWORD})
    assert response.status_code == 410
    assert "second administrator" in response.content.decode()


def test_a_new_invitation_ends_the_one_before_it(ann: Viewer) -> None:
    lost = invited(ann, role=Role.ADMINISTRATOR)
    found = invited(ann, role=Role.VIEWER)
    with pytest.raises(InvitationEnded):
        grants.invitation_accept(lost, name="Eve", password=PASSWORD, at=NOW)
    user = grants.invitation_accept(found, name="Dan", password=PASSWORD, at=NOW)
    assert Membership.objects.get(user=user).role == Role.VIEWER


def test_an_invitation_for_somebody_who_has_an_account_by_now_has_ended(ann: Viewer) -> None:
    token = invited(ann)
    User.objects.create_user("dan@example.com", PASSWORD)
    with pytest.raises(InvitationEnded):
        grants.invitation_accept(token, name="Dan", password=PASSWORD, at=NOW)


def test_an_open_invitation_can_be_withdrawn(ann: Viewer) -> None:
    token = invited(ann)
    grants.role_refuse(RoleGrant.objects.get(email="dan@example.com").pk, viewer=ann, at=NOW)
    with pytest.raises(InvitationEnded):
        grants.open_invitation(token, at=NOW)
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "people.role.proposed",
        "people.role.granted",
        "people.role.withdrawn",
    ]


def test_a_grant_serves_once_whoever_writes_sql(organisation: Organisation, ann: Viewer, bob: Viewer) -> None:
    grant, _ = grants.role_propose(viewer=ann, email="dan@example.com", role=Role.ADMINISTRATOR, at=NOW)
    _, token = grants.role_second(grant.pk, viewer=bob, at=NOW)
    assert token is not None
    dan = grants.invitation_accept(token, name="Dan", password=PASSWORD, at=NOW)
    grants.membership_end(Membership.objects.get(user=dan).pk, viewer=ann, at=NOW)
    with pytest.raises(IntegrityError, match="second administrator"), transaction.atomic():
        Membership.objects.create(user=dan, organisation=organisation, role=Role.ADMINISTRATOR)
    with pytest.raises(IntegrityError, match="role_grant_is_frozen"), transaction.atomic():
        RoleGrant.objects.filter(pk=grant.pk).update(effective_at=None)
    assert not Membership.objects.filter(user=dan).exists()


@pytest.mark.parametrize("change", ["role", "user", "email", "second_by"])
def test_what_was_granted_to_whom_and_by_whom_does_not_change(
    change: str, organisation: Organisation, ann: Viewer, bob: Viewer
) -> None:
    stranger = User.objects.create_user("eve@example.com", PASSWORD)
    new = {"role": Role.VIEWER, "user": stranger, "email": "eve@example.com", "second_by": stranger}[change]
    grant = RoleGrant.objects.get(user_id=bob.user_id)
    with pytest.raises(IntegrityError, match="role_grant_is_frozen"), transaction.atomic():
        RoleGrant.objects.filter(pk=grant.pk).update(**{change: new})


def test_an_organisation_whose_name_no_database_can_hold_is_not_chosen(ann: Viewer, client: Client) -> None:
    client.force_login(User.objects.get(pk=ann.user_id))
    response = client.post("/organisation/", {"organisation": "a\0b"})
    assert (response.status_code, "sekimori_organisation" in response.cookies) == (302, False)


@pytest.mark.parametrize("has_mail_server", [True, False])
def test_the_link_is_shown_only_where_no_mail_could_be_sent(
    has_mail_server: bool, ann: Viewer, client: Client, settings: Settings
) -> None:
    settings.HAS_MAIL_SERVER = has_mail_server
    client.force_login(User.objects.get(pk=ann.user_id))
    page = client.post("/people/propose/", {"email": "dan@example.com", "role": Role.VIEWER}).content.decode()
    links = re.findall(r"/invitations/[\w-]+/", page)
    mailed = [link for message in mail.outbox for link in re.findall(r"/invitations/[\w-]+/", str(message.body))]
    assert (len(links), len(mailed)) == ((0, 1) if has_mail_server else (1, 0))
    assert client.get((links + mailed)[0]).status_code == 200
