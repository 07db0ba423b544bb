"""A person's e-mail address is who they are: roles are given to it, so nobody takes another one by themselves."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client, override_settings

from dmarcsite.models import User
from dmarcsite.people.first_administrator import make_organisation
from reports.models import Membership
from reports.vocabulary import Role

PASSWORD = "correct-horse-9-battery"
pytestmark = pytest.mark.django_db


def logged_in(client: Client, role: Role) -> User:
    user = User.objects.create_user("dan@example.com", PASSWORD)
    Membership.objects.create(user=user, organisation=make_organisation(name="Example", slug="example"), role=role)
    client.force_login(user)
    return user


def test_nobody_takes_an_address_to_which_a_role_may_be_given(client: Client) -> None:
    user = logged_in(client, Role.VIEWER)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    for act in ("action_add", "action_primary"):
        assert client.post("/accounts/email/", {act: "", "email": "chief@example.com"}).status_code == 404
    user.refresh_from_db()
    assert user.email == "dan@example.com"
    assert not EmailAddress.objects.filter(email="chief@example.com").exists()


@override_settings(IS_HTTPS=True)
def test_recovery_codes_alone_are_no_second_factor(client: Client) -> None:
    user = logged_in(client, Role.ADMINISTRATOR)
    Authenticator.objects.create(user=user, type=Authenticator.Type.RECOVERY_CODES, data={"seed": "x"})
    response = client.get("/people/")
    assert (response.status_code, response.headers["Location"]) == (302, "/accounts/2fa/")
