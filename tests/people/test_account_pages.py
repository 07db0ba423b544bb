"""allauth's pages wear our frame: the product's name in the title, labels that can be translated."""

from __future__ import annotations

import pytest
from django.test import Client

from dmarcsite.models import User
from dmarcsite.people.security_key import AddSecurityKeyForm, EditSecurityKeyForm
from tests.exceptions.pages import tree

pytestmark = pytest.mark.django_db


def title(client: Client, path: str) -> str:
    return " ".join(tree(client.get(path)).xpath("//title")[0].text_content().split())


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/accounts/login/", "Log in · Sekimori"),
        ("/accounts/password/change/", "Change Password · Sekimori"),
        ("/accounts/2fa/", "Two-Factor Authentication · Sekimori"),
    ],
)
def test_the_title_names_the_product_once(client: Client, path: str, expected: str) -> None:
    if path != "/accounts/login/":
        client.force_login(User.objects.create_user("ann@example.com", "correct-horse-9-battery"))
    assert title(client, path) == expected


def test_the_page_for_a_security_key_uses_our_form(client: Client) -> None:
    client.force_login(User.objects.create_user("ann@example.com", "correct-horse-9-battery"))
    client.post("/accounts/reauthenticate/", {"password": "correct-horse-9-battery"})
    form = client.get("/accounts/2fa/webauthn/add/").context["form"]
    assert isinstance(form, AddSecurityKeyForm)
    assert (form.fields["name"].label, form.fields["name"].required) == ("Name", False)


def test_the_name_of_a_key_is_a_message_of_ours() -> None:
    fields = (AddSecurityKeyForm.base_fields["name"], EditSecurityKeyForm.base_fields["name"])
    assert [type(field.label).__name__ for field in fields] == ["__proxy__", "__proxy__"]
