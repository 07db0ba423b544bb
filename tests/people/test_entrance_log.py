"""The audit log tells who came in, who tried, and when a password or a second factor was changed."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    SECRET_SESSION_KEY,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from dmarcsite.models import User
from dmarcsite.people.first_administrator import make_organisation
from reports.models import AuditEntry, Membership, Organisation
from reports.vocabulary import Role

PASSWORD = "correct-horse-9-battery"
OTHER = "another-horse-7-battery"
pytestmark = pytest.mark.django_db


@pytest.fixture
def organisation() -> Organisation:
    return make_organisation(name="Example", slug="example")


@pytest.fixture
def dan(organisation: Organisation) -> User:
    user = User.objects.create_user("dan@example.com", PASSWORD, name="Dan")
    Membership.objects.create(user=user, organisation=organisation, role=Role.VIEWER)
    return user


def log_in(client: Client, *, email: str = "dan@example.com", password: str = PASSWORD) -> int:
    return client.post("/accounts/login/", {"login": email, "password": password}).status_code


def noted() -> list[tuple[Any, ...]]:
    columns = ("action", "actor_name", "object_label", "organisation_name", "remote_address")
    return list(AuditEntry.objects.order_by("pk").values_list(*columns))


def test_a_failed_log_in_is_noted_without_an_actor(dan: User, client: Client) -> None:
    assert log_in(client, password="wrong") == 200
    assert noted() == [("people.login.failed", "", "dan@example.com", "Example", "127.0.0.1")]


def test_what_strangers_make_up_is_not_noted(dan: User, client: Client) -> None:
    assert log_in(client, email="nobody@example.com") == 200
    assert noted() == []


def test_the_rate_limit_of_an_account_bounds_its_entries(dan: User) -> None:
    for number in range(9):
        log_in(Client(REMOTE_ADDR=f"192.0.2.{number}"), password="wrong")
    assert len(noted()) == 5


def test_a_log_in_is_noted_in_each_organisation_of_the_person(dan: User, client: Client) -> None:
    second = make_organisation(name="Second", slug="second")
    Membership.objects.create(user=dan, organisation=second, role=Role.VIEWER)
    assert log_in(client) == 302
    assert noted() == [
        ("people.login.succeeded", "Dan", "dan@example.com", name, "127.0.0.1") for name in ("Example", "Second")
    ]


def test_a_changed_password_is_noted(dan: User, client: Client) -> None:
    log_in(client)
    passwords = {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER}
    assert client.post("/accounts/password/change/", passwords).status_code == 302
    assert noted()[1:] == [("people.password.changed", "Dan", "dan@example.com", "Example", "127.0.0.1")]


def test_second_factors_are_noted_when_they_come_and_go(
    dan: User, client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    log_in(client)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.get("/accounts/2fa/totp/activate/")
    secret = client.session[SECRET_SESSION_KEY]
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post("/accounts/2fa/totp/activate/", {"code": code}).status_code == 302
    assert Authenticator.objects.filter(user=dan, type=Authenticator.Type.TOTP).exists()
    assert client.post("/accounts/2fa/totp/deactivate/").status_code == 302
    assert [entry[0] for entry in noted()[1:]] == ["people.second_factor.added", "people.second_factor.removed"]
